import {
  type Address,
  type Hex,
  hashStruct,
  hexToBytes,
  keccak256,
  type LocalAccount,
  numberToHex,
  parseSignature,
  signatureToCompactSignature,
  size,
  slice,
} from "viem";
import { ENERGY_MAX_WH, TICK_MAX, TICK_MIN } from "./clearing.ts";
import { invalidInput } from "./errors.ts";

/** Slots last a quarter of an hour; a slot's number is unix time / 900. */
export const SLOT_SECONDS = 900;
export const DAY_SLOTS = 96;
/** Top bit of a record's account: part of the committed book, but counted as absent. */
export const ABSENT = 0x8000_0000;
const RECORD_HEAD_BYTES = 6;
const STEP_BYTES = 6;

/** Bytes one after the other; nothing at all is `0x`. */
export const join = (parts: readonly Hex[]): Hex => `0x${parts.map((part) => part.slice(2)).join("")}`;

/** What somebody wants in one slot; zero energy is no order. */
export interface Step {
  readonly side: "bid" | "offer";
  readonly tick: number;
  readonly energyWh: number;
}

export const NO_STEP: Step = { side: "bid", tick: TICK_MIN, energyWh: 0 };

/** Which exchange on which chain. */
export interface ExchangeDomain {
  readonly chainId: number;
  readonly exchange: Address;
}

/** One signature covers every slot of the book. */
export interface Curve {
  readonly account: number;
  readonly nonce: number;
  readonly firstSlot: number;
  readonly steps: readonly Step[];
}

export interface SignedCurve extends Curve {
  readonly r: Hex;
  readonly vs: Hex;
  /** Counted as absent: signature or nonce do not hold, or the account does not cover it. */
  readonly absent?: boolean;
}

/** EIP-712 types of what an account's owner or session key signs. */
export const curveTypes = {
  DayCurve: [
    { name: "account", type: "uint32" },
    { name: "firstSlot", type: "uint32" },
    { name: "nonce", type: "uint16" },
    { name: "steps", type: "bytes" },
  ],
} as const;

/** Six bytes: side 1 bit ‖ tick + 16,384 in 15 bits ‖ 0 ‖ energy 31 bits. */
export function encodeStep({ side, tick, energyWh }: Step): Hex {
  if (!Number.isInteger(tick) || tick < TICK_MIN || tick > TICK_MAX)
    throw invalidInput(`${tick} is no tick`, `Use whole ticks from ${TICK_MIN} to ${TICK_MAX}.`, tick);
  if (!Number.isInteger(energyWh) || energyWh < 0 || energyWh > ENERGY_MAX_WH)
    throw invalidInput(`${energyWh} Wh`, `Use whole Wh from 0 to ${ENERGY_MAX_WH}.`, energyWh);
  if (energyWh === 0) return "0x000000000000";
  const high = (side === "offer" ? 0x8000 : 0) | (tick - TICK_MIN);
  return numberToHex(BigInt(high) * 2n ** 32n + BigInt(energyWh), { size: STEP_BYTES });
}

export function decodeStep(step: Hex): Step {
  const value = BigInt(step);
  return {
    side: value >> 47n === 1n ? "offer" : "bid",
    tick: Number((value >> 32n) & 0x7fffn) + TICK_MIN,
    energyWh: Number(value & 0x7fffffffn),
  };
}

export function encodeSteps(steps: readonly Step[]): Hex {
  if (steps.length === 0 || steps.length > DAY_SLOTS)
    throw invalidInput(`${steps.length} steps`, `A curve covers 1 to ${DAY_SLOTS} slots.`, steps.length);
  return join(steps.map(encodeStep));
}

/** The message a wallet shows and signs. */
export function curveTypedData(domain: ExchangeDomain, curve: Curve) {
  return {
    domain: domainOf(domain),
    types: curveTypes,
    primaryType: "DayCurve",
    message: {
      account: curve.account,
      firstSlot: curve.firstSlot,
      nonce: curve.nonce,
      steps: encodeSteps(curve.steps),
    },
  } as const;
}

export function domainOf({ chainId, exchange }: ExchangeDomain) {
  return { name: "Publica EnergyExchange", version: "1", chainId, verifyingContract: exchange } as const;
}

/** Signs a curve with the account's owner or session key. */
export async function signCurve(signer: LocalAccount, domain: ExchangeDomain, curve: Curve): Promise<SignedCurve> {
  const signature = await signer.signTypedData(curveTypedData(domain, curve));
  const { r, yParityAndS } = signatureToCompactSignature(parseSignature(signature));
  return { ...curve, r, vs: yParityAndS };
}

/** The EIP-712 struct hash, as the contract computes it. */
export function curveHash(curve: Curve): Hex {
  return hashStruct({ types: curveTypes, primaryType: "DayCurve", data: curveTypedData(ANYWHERE, curve).message });
}

const ANYWHERE: ExchangeDomain = { chainId: 0, exchange: "0x0000000000000000000000000000000000000000" };

/** A leaf of the committed book: account 32 bits | struct hash without its lowest 32 bits. */
export function curveLeaf(curve: Curve): Hex {
  return join([numberToHex(curve.account, { size: 4 }), slice(curveHash(curve), 0, 28)]);
}

export const GROUP_LEAVES = 128;

/** The hashes of the groups of 128 leaves; their hash is the book's root. */
export function bookGroups(leaves: readonly Hex[]): Hex[] {
  const groups: Hex[] = [];
  for (let i = 0; i < leaves.length; i += GROUP_LEAVES) groups.push(keccak256(join(leaves.slice(i, i + GROUP_LEAVES))));
  return groups;
}

/** What the operator commits before the gate closes: the hash of the groups, its lowest byte the number of slots. */
export function bookRoot(curves: readonly Curve[]): Hex {
  const count = curves[0]?.steps.length ?? 0;
  return rootOf(bookGroups([...curves].sort(byAccount).map(curveLeaf)), count);
}

export const rootOf = (groups: readonly Hex[], count: number): Hex =>
  `${keccak256(join(groups)).slice(0, -2)}${count.toString(16).padStart(2, "0")}` as Hex;

export const byAccount = (a: { account: number }, b: { account: number }): number => a.account - b.account;

/** A record as the exchange reads it. */
export function encodeRecord(curve: SignedCurve): Hex {
  const account = curve.absent ? curve.account + ABSENT : curve.account;
  return join([
    numberToHex(account, { size: 4 }),
    numberToHex(curve.nonce, { size: 2 }),
    encodeSteps(curve.steps),
    curve.r,
    curve.vs,
  ]);
}

export const recordBytes = (count: number): number => RECORD_HEAD_BYTES + STEP_BYTES * count + 64;

/** The records of a settlement, as signed curves again. */
export function decodeRecords(orders: Hex, firstSlot: number, count: number): SignedCurve[] {
  const bytes = hexToBytes(orders);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stride = recordBytes(count);
  return Array.from({ length: Math.floor(size(orders) / stride) }, (_, index): SignedCurve => {
    const begin = index * stride;
    const head = view.getUint32(begin);
    const end = begin + RECORD_HEAD_BYTES + STEP_BYTES * count;
    return {
      account: head % ABSENT,
      absent: head >= ABSENT,
      nonce: view.getUint16(begin + 4),
      firstSlot,
      steps: Array.from({ length: count }, (_unused, t): Step => {
        const at = begin + RECORD_HEAD_BYTES + STEP_BYTES * t;
        const high = view.getUint16(at);
        return {
          side: high >= 0x8000 ? "offer" : "bid",
          tick: (high % 0x8000) + TICK_MIN,
          energyWh: view.getUint32(at + 2) % 0x8000_0000,
        };
      }),
      r: slice(orders, end, end + 32),
      vs: slice(orders, end + 32, end + 64),
    };
  });
}

/** The most a step can cost its owner, in µ. */
export function worstCaseMicro({ side, tick, energyWh }: Step): bigint {
  const limit = side === "bid" ? tick : -tick;
  return limit > 0 ? BigInt(limit) * BigInt(energyWh) : 0n;
}

/** An order posted on chain, in the order of `OrderPosted`. */
export interface PostedOrder extends Step {
  readonly slot: number;
  readonly account: number;
}

/** The posted orders of a book; within a slot the order of posting must be kept. */
export function encodePosted(posted: readonly PostedOrder[], firstSlot: number): Hex {
  return join(
    posted.map((order) =>
      join([
        numberToHex(order.slot - firstSlot, { size: 1 }),
        numberToHex(order.account, { size: 4 }),
        encodeStep(order),
      ]),
    ),
  );
}
