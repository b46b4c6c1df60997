// Random books for the differential tests: seeded, so that a failure can be repeated.
import { concat, encodePacked, type Hex, keccak256, numberToHex } from "viem";
import {
  type Book,
  type BookOrder,
  bookOf,
  type Clearing,
  fillsOf,
  type Link,
  OUTCOMES,
  UNLIMITED_WH,
} from "../../packages/sdk/src/energy/index.ts";

/** A small generator (mulberry32): the same seed, the same books. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export const hub: Link = { parent: 0, feeTicks: 0, exportCapWh: 0n, importCapWh: 0n };
export const unlimited = (parent: number, feeTicks: number): Link => ({
  parent,
  feeTicks,
  exportCapWh: UNLIMITED_WH,
  importCapWh: UNLIMITED_WH,
});

/** A random tree of one to five zones: free, with fees, with tight capacities, one-way. */
export function randomLinks(random: (below: number) => number): Link[] {
  const links = [hub];
  const count = 1 + random(5);
  for (let z = 1; z < count; z++) {
    const cap = () => [0n, BigInt(random(12)), BigInt(random(60)), UNLIMITED_WH][random(4)] as bigint;
    links.push({ parent: random(z), feeTicks: random(3) * random(4), exportCapWh: cap(), importCapWh: cap() });
  }
  return links;
}

/** Few distinct prices make ties and zero-surplus trades; some books lack a side, some quantities are zero or huge. */
export function randomOrders(random: (below: number) => number, zones: number): BookOrder[] {
  const spread = [2, 8, 40, 4_000][random(4)] as number;
  const centre = [0, -200, 5_000][random(3)] as number;
  const largest = [3, 50, 2 ** 31 - 1][random(3)] as number;
  const oneSided = random(12);
  return Array.from({ length: random(14) }, () => ({
    zone: random(zones),
    side: oneSided === 0 ? "bid" : oneSided === 1 ? "offer" : random(2) === 0 ? "bid" : "offer",
    tick: centre + random(2 * spread + 1) - spread,
    energyWh: random(10) === 0 ? 0 : 1 + random(largest),
  }));
}

export function encodeStep({ side, tick, energyWh }: BookOrder): Hex {
  const high = (side === "offer" ? 0x8000 : 0) | (tick + 16_384);
  return concat([numberToHex(high, { size: 2 }), numberToHex(energyWh, { size: 4 })]);
}

/** The harness's form of a book: orders ‖ prices ‖ zone and step of each order. */
export function encodeBook(orders: readonly BookOrder[], prices: readonly number[]): Hex {
  return concat([
    numberToHex(orders.length, { size: 2 }),
    ...prices.map((price) => numberToHex(price, { size: 4, signed: true })),
    ...orders.map((order) => concat([numberToHex(order.zone ?? 0, { size: 1 }), encodeStep(order)])),
  ]);
}

/** What the harness returns for a book, computed by the SDK. */
export function encodeResult(book: Book, clearing: Clearing): Hex {
  const fills = [...fillsOf(book, clearing)].map((fill) => numberToHex(fill, { size: 4, signed: true }));
  const zones = clearing.zones.flatMap(({ outcome, flowWh, low, high }) => [
    encodePacked(["uint8", "int64"], [OUTCOMES.indexOf(outcome), BigInt(flowWh)]),
    ...(outcome === "NoTrade" ? [] : [encodePacked(["int32", "int32"], [low, high])]),
  ]);
  return concat([...fills, ...zones]);
}

export const chained = (hash: Hex, result: Hex): Hex => keccak256(concat([hash, result]));

export { bookOf };
