import { p256 } from "@noble/curves/nist.js";
import {
  type Address,
  bytesToHex,
  type Hex,
  hashTypedData,
  hexToBytes,
  keccak256,
  type LocalAccount,
  pad,
  parseSignature,
  signatureToCompactSignature,
  size,
} from "viem";
import { energyError, invalidInput } from "./errors.ts";
import { DAY_SLOTS } from "./orders.ts";

/** Which registry on which chain. */
export interface MeterDomain {
  readonly chainId: number;
  readonly registry: Address;
}

/** What a meter measured in a UTC day: produced positive, consumed negative. */
export interface MeterDay {
  readonly account: number;
  /** Unix time / 86,400. */
  readonly day: number;
  readonly valuesWh: readonly number[];
}

export const meterDayTypes = {
  MeterDay: [
    { name: "account", type: "uint32" },
    { name: "day", type: "uint32" },
    { name: "values", type: "bytes" },
  ],
} as const;

/** The 96 values as big-endian int32. */
export function encodeMeterValues(valuesWh: readonly number[]): Hex {
  if (valuesWh.length !== DAY_SLOTS) throw energyError("MeterBadLength", valuesWh.length * 4);
  const bytes = new Uint8Array(DAY_SLOTS * 4);
  const view = new DataView(bytes.buffer);
  for (const [t, value] of valuesWh.entries()) {
    if (!Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1)
      throw invalidInput(`slot ${t}: ${value} Wh`, "Use whole Wh within 31 bits.", value);
    view.setInt32(t * 4, value);
  }
  return bytesToHex(bytes);
}

/** The values of {@link encodeMeterValues}. */
export function decodeMeterValues(bytes: Hex): number[] {
  if (size(bytes) !== DAY_SLOTS * 4) throw energyError("MeterBadLength", size(bytes));
  const view = new DataView(hexToBytes(bytes).buffer);
  return Array.from({ length: DAY_SLOTS }, (_, t) => view.getInt32(t * 4));
}

/** The message a meter signs. */
export function meterDayTypedData(domain: MeterDomain, { account, day, valuesWh }: MeterDay) {
  return {
    domain: {
      name: "Publica MeterRegistry",
      version: "1",
      chainId: domain.chainId,
      verifyingContract: domain.registry,
    },
    types: meterDayTypes,
    primaryType: "MeterDay",
    message: { account, day, values: encodeMeterValues(valuesWh) },
  } as const;
}

/** The 32 bytes a secure element signs. */
export const meterDayDigest = (domain: MeterDomain, day: MeterDay): Hex =>
  hashTypedData(meterDayTypedData(domain, day));

/** What the registry stores of a day. */
export const storedDigest = (valuesWh: readonly number[]): Hex =>
  `${keccak256(encodeMeterValues(valuesWh)).slice(0, -8)}00000000` as Hex;

/** Throws the registry's own error when a value is more than the connection carries. */
export function checkCap(valuesWh: readonly number[], capWh: number): void {
  for (const [index, value] of valuesWh.entries())
    if (Math.abs(value) > capWh) throw energyError("MeterOverCap", index, value, capWh);
}

/** The two halves of a meter's signature, as the registry takes them. */
export interface MeterSignature {
  readonly a: Hex;
  readonly b: Hex;
}

/** The public key of a P-256 meter, as the registry stores it. */
export function p256PublicKey(secret: Hex): { x: Hex; y: Hex } {
  const point = p256.getPublicKey(hexToBytes(secret), false);
  return { x: bytesToHex(point.slice(1, 33)), y: bytesToHex(point.slice(33, 65)) };
}

/** Signs a day as a secure element does: P-256, low s. */
export function signMeterDayP256(secret: Hex, domain: MeterDomain, day: MeterDay): MeterSignature {
  const digest = hexToBytes(meterDayDigest(domain, day));
  const signature = p256.sign(digest, hexToBytes(secret), { prehash: false, lowS: true });
  return { a: bytesToHex(signature.slice(0, 32)), b: bytesToHex(signature.slice(32, 64)) };
}

/** Signs a day with a secp256k1 key; registered as its address in `x`, see {@link secp256k1Key}. */
export async function signMeterDay(signer: LocalAccount, domain: MeterDomain, day: MeterDay): Promise<MeterSignature> {
  const signature = await signer.signTypedData(meterDayTypedData(domain, day));
  const { r, yParityAndS } = signatureToCompactSignature(parseSignature(signature));
  return { a: r, b: yParityAndS };
}

/** A secp256k1 meter key as the registry stores it. */
export const secp256k1Key = (address: Address): { x: Hex; y: Hex } => ({
  x: pad(address, { size: 32 }),
  y: pad("0x", { size: 32 }),
});
