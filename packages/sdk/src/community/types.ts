import { type Address, encodeAbiParameters, type Hex, keccak256, numberToHex } from "viem";

/** What opened an order; the order is the contract's. */
export const faultKinds = ["limits", "silence", "reported"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Where an order stands; `open` lives inside the opening transaction only. */
export const orderStates = [
  "none",
  "open",
  "assigned",
  "accepted",
  "onSite",
  "working",
  "onHold",
  "verifying",
  "restored",
  "disputed",
  "closed",
  "selfCleared",
] as const;
export type OrderState = (typeof orderStates)[number];

/** How a device is doing, by its own readings. */
export const deviceStatuses = ["none", "normal", "outside", "faulty", "offline", "retired"] as const;
export type DeviceStatus = (typeof deviceStatuses)[number];

/** What residents say about a device. */
export const residentSubjects = ["fault", "fixed"] as const;
export type ResidentSubject = (typeof residentSubjects)[number];

/** How a repair ended. */
export const repairOutcomes = ["repaired", "selfCleared", "refuted"] as const;
export type RepairOutcome = (typeof repairOutcomes)[number];

/** The number the contracts use for a fault kind. */
export function faultKindIndex(kind: FaultKind): number {
  return faultKinds.indexOf(kind);
}

/** Identifier of an order in events: device 32 | kind 8 | number 16. */
export function orderId(device: number, kind: FaultKind, number: number): bigint {
  return (BigInt(device) << 24n) | (BigInt(faultKindIndex(kind)) << 16n) | BigInt(number);
}

/** The inverse of {@link orderId}. */
export function parseOrderId(id: bigint): { device: number; kind: FaultKind; number: number } {
  const kind = faultKinds[Number((id >> 16n) & 0xffn)];
  if (kind === undefined) throw new RangeError(`${id} is not an order`);
  return { device: Number(id >> 24n), kind, number: Number(id & 0xffffn) };
}

/** Under which identifier the forum knows the dispute about an order of a WorkOrders contract. */
export function disputeIdOf(orders: Address, order: bigint): Hex {
  const reference = numberToHex(order, { size: 32 });
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [orders, reference]));
}
