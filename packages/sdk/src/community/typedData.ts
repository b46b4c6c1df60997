import type { Account, Address, Hex, TypedDataDomain } from "viem";
import { type DeviceCurve, deviceKey, encodeSignature, signDigest } from "./device.ts";
import { hashTypedData } from "viem";

/** Limits and routing of a device; `firmware` and `p256` are filled by the register. */
export interface DeviceProfile {
  readonly low: number;
  readonly high: number;
  readonly band: number;
  readonly holdOff: number;
  readonly runLength: number;
  readonly heartbeatGap: number;
  readonly crew: number;
  readonly partner: number;
  readonly firmware: Hex;
  readonly critical: boolean;
  readonly p256: boolean;
}

export interface DeviceKey {
  readonly curve: number;
  readonly x: Hex;
  readonly y: Hex;
}

export interface DeviceParties {
  readonly owner: Address;
  readonly installer: Address;
  readonly manufacturer: Address;
}

export interface Installation {
  readonly key: DeviceKey;
  readonly model: Hex;
  readonly firmware: Hex;
  readonly profile: DeviceProfile;
  readonly parties: DeviceParties;
  /** Unix seconds. */
  readonly deadline: number;
}

/** EIP-712 types of everything the three parties and the manufacturer sign. */
export const equipmentTypes = {
  DeviceKey: [
    { name: "curve", type: "uint8" },
    { name: "x", type: "bytes32" },
    { name: "y", type: "bytes32" },
  ],
  DeviceParties: [
    { name: "owner", type: "address" },
    { name: "installer", type: "address" },
    { name: "manufacturer", type: "address" },
  ],
  DeviceProfile: [
    { name: "low", type: "int32" },
    { name: "high", type: "int32" },
    { name: "band", type: "uint16" },
    { name: "holdOff", type: "uint16" },
    { name: "runLength", type: "uint8" },
    { name: "heartbeatGap", type: "uint24" },
    { name: "crew", type: "uint16" },
    { name: "partner", type: "uint32" },
    { name: "firmware", type: "bytes8" },
    { name: "critical", type: "bool" },
    { name: "p256", type: "bool" },
  ],
  Installation: [
    { name: "key", type: "DeviceKey" },
    { name: "model", type: "bytes32" },
    { name: "firmware", type: "bytes32" },
    { name: "profile", type: "DeviceProfile" },
    { name: "parties", type: "DeviceParties" },
    { name: "deadline", type: "uint40" },
  ],
  FactoryCertificate: [
    { name: "curve", type: "uint8" },
    { name: "x", type: "bytes32" },
    { name: "y", type: "bytes32" },
    { name: "model", type: "bytes32" },
    { name: "firmware", type: "bytes32" },
  ],
  Adjustment: [
    { name: "device", type: "uint32" },
    { name: "profile", type: "DeviceProfile" },
    { name: "sequence", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
  FirmwareUpdate: [
    { name: "device", type: "uint32" },
    { name: "firmware", type: "bytes32" },
    { name: "sequence", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
  KeyChange: [
    { name: "device", type: "uint32" },
    { name: "key", type: "DeviceKey" },
    { name: "sequence", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
  Retirement: [
    { name: "device", type: "uint32" },
    { name: "sequence", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
} as const;

export type EquipmentType = keyof typeof equipmentTypes;

/** The register's EIP-712 domain. */
export function equipmentDomain(chainId: number, register: Address): TypedDataDomain {
  return { name: "Publica EquipmentRegister", version: "1", chainId, verifyingContract: register };
}

/** Digest of one of {@link equipmentTypes}. */
export function equipmentDigest(
  domain: TypedDataDomain,
  primaryType: EquipmentType,
  message: Record<string, unknown>,
): Hex {
  return hashTypedData({ domain, types: equipmentTypes, primaryType, message } as Parameters<typeof hashTypedData>[0]);
}

/** A party's signature over one of {@link equipmentTypes}. */
export async function signEquipment(
  signer: Pick<Account, "signTypedData">,
  domain: TypedDataDomain,
  primaryType: EquipmentType,
  message: Record<string, unknown>,
): Promise<Hex> {
  if (signer.signTypedData === undefined) throw new TypeError("the account cannot sign typed data");
  return signer.signTypedData({ domain, types: equipmentTypes, primaryType, message } as Parameters<
    NonNullable<Account["signTypedData"]>
  >[0]);
}

/** The device's own proof that it holds its key: its signature over a digest of {@link equipmentDigest}. */
export function proveKey(
  key: { readonly curve: DeviceCurve; readonly privateKey: Hex },
  digest: Hex,
): { key: DeviceKey; a: Hex; b: Hex } {
  return {
    key: deviceKey(key.curve, key.privateKey),
    ...encodeSignature(key.curve, signDigest(key.curve, key.privateKey, digest)),
  };
}
