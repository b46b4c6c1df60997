import { energyError, invalidInput } from "./errors.ts";

/** Smallest and largest price a step can name, in ticks (µ-currency per Wh). */
export const TICK_MIN = -16_384;
export const TICK_MAX = 16_383;
/** Most energy one step can name: 31 bits. */
export const ENERGY_MAX_WH = 2 ** 31 - 1;
/** "No bound", as in the contract's `UniformPrice.FAR`. */
export const FAR = 2 ** 22;
/** The share 5,000 is k = ½: the midpoint of the competitive interval, floored. */
export const SHARE_ONE = 10_000;
/** A line's capacity that never binds. */
export const UNLIMITED_WH = 2n ** 64n - 1n;

/** The line from a zone to its parent; zone 0 is the hub, whose own entry is ignored. Parents come first. */
export interface Link {
  readonly parent: number;
  readonly feeTicks: number;
  readonly exportCapWh: bigint;
  readonly importCapWh: bigint;
}

/** The hub alone: one zone, no lines. */
export const SINGLE_ZONE: readonly Link[] = [{ parent: 0, feeTicks: 0, exportCapWh: 0n, importCapWh: 0n }];

/** All orders of one slot in the order of their ids, as columns. */
export interface Book {
  readonly zone: Uint8Array;
  /** 1 = offer, 0 = bid. */
  readonly isOffer: Uint8Array;
  readonly tick: Int16Array;
  readonly energyWh: Uint32Array;
}

export interface BookOrder {
  readonly zone?: number;
  readonly side: "bid" | "offer";
  readonly tick: number;
  readonly energyWh: number;
}

export type SlotOutcome = "NoTrade" | "Exact" | "MarginalBuyer" | "MarginalSeller" | "Interval";
/** In the order of the contract's enum. */
export const OUTCOMES: readonly SlotOutcome[] = ["NoTrade", "Exact", "MarginalBuyer", "MarginalSeller", "Interval"];

/** One zone of a cleared slot. */
export interface ZoneResult {
  /** The price to claim on chain. */
  readonly tick: number;
  readonly demandAboveWh: number;
  readonly demandAtWh: number;
  readonly supplyBelowWh: number;
  readonly supplyAtWh: number;
  /** Energy for the bids, and from the offers, exactly at the price. */
  readonly boughtAtWh: number;
  readonly soldAtWh: number;
  readonly boughtWh: number;
  readonly soldWh: number;
  /** Net flow to the parent; negative is import. */
  readonly flowWh: number;
  /** Competitive interval; meaningful when anything traded in the slot. */
  readonly low: number;
  readonly high: number;
  readonly outcome: SlotOutcome;
}

export interface Clearing {
  readonly zones: readonly ZoneResult[];
  readonly volumeWh: number;
}

/** Columns from a list; checks every value once. */
export function bookOf(orders: readonly BookOrder[]): Book {
  const book = {
    zone: new Uint8Array(orders.length),
    isOffer: new Uint8Array(orders.length),
    tick: new Int16Array(orders.length),
    energyWh: new Uint32Array(orders.length),
  };
  for (const [index, { zone = 0, side, tick, energyWh }] of orders.entries()) {
    if (!Number.isInteger(tick) || tick < TICK_MIN || tick > TICK_MAX)
      throw invalidInput(
        `order ${index}: ${tick} is no tick`,
        `Use whole ticks from ${TICK_MIN} to ${TICK_MAX}.`,
        tick,
      );
    if (!Number.isInteger(energyWh) || energyWh < 0 || energyWh > ENERGY_MAX_WH)
      throw invalidInput(`order ${index}: ${energyWh} Wh`, `Use whole Wh from 0 to ${ENERGY_MAX_WH}.`, energyWh);
    book.zone[index] = zone;
    book.isOffer[index] = side === "offer" ? 1 : 0;
    book.tick[index] = tick;
    book.energyWh[index] = energyWh;
  }
  return book;
}

/** Working state of one zone: the contract's `Cell` and `Zone` in one. */
interface Work {
  tick: number;
  demandAbove: number;
  demandAt: number;
  supplyBelow: number;
  supplyAt: number;
  minBidAbove: number;
  maxBidBelow: number;
  maxOfferBelow: number;
  minOfferAbove: number;
  boughtAt: number;
  soldAt: number;
  low: number;
  kink: number;
  high: number;
  sumLow: number;
  sumKink: number;
  sumHigh: number;
  linkLow: number;
  linkKink: number;
  linkHigh: number;
  flow: number;
  run: number;
  floor: number;
  ceiling: number;
  gapLow: number;
  gapHigh: number;
}

/**
 * Finds the prices the rule demands for a slot and everything that follows from them. Linear in the number of orders:
 * ticks are buckets, nothing is sorted.
 */
export function clearBook(book: Book, links: readonly Link[] = SINGLE_ZONE, share = 5_000): Clearing {
  const certificate = findPrices(book, links);
  const { work, volume } = balance(book, certificate, links);
  if (volume === 0) return results(work, 0);
  bounds(work, links);
  const ruled = work.map((zone) => zone.floor + Math.floor(((zone.ceiling - zone.floor) * share) / SHARE_ONE));
  return ruled.every((tick, z) => tick === certificate[z])
    ? results(work, volume)
    : verifyBook(book, ruled, links, share);
}

/** What the contract does with claimed prices; throws the error the contract would revert with. */
export function verifyBook(
  book: Book,
  ticks: readonly number[],
  links: readonly Link[] = SINGLE_ZONE,
  share = 5_000,
  cell: (zone: number) => number = (zone) => zone,
): Clearing {
  const { work, volume } = balance(book, ticks, links, cell);
  if (volume !== 0) {
    bounds(work, links);
    for (const [z, zone] of work.entries()) {
      const width = zone.ceiling - zone.floor;
      if (zone.tick !== zone.floor + Math.floor((width * share) / SHARE_ONE))
        throw energyError("EnergyPriceRule", cell(z), zone.floor, zone.ceiling, zone.tick);
    }
  }
  return results(work, volume);
}

/** Each order's position in Wh: sold positive, bought negative. Ties are shared by telescoping floors in id order. */
export function fillsOf(book: Book, clearing: Clearing): Int32Array {
  const fills = new Int32Array(book.tick.length);
  const bidRun = new Float64Array(clearing.zones.length);
  const offerRun = new Float64Array(clearing.zones.length);
  const { zone, isOffer, tick, energyWh } = book;
  for (let i = 0; i < fills.length; i++) {
    const z = zone[i] as number;
    const at = clearing.zones[z] as ZoneResult;
    const q = energyWh[i] as number;
    const p = tick[i] as number;
    if (q === 0) continue;
    if (isOffer[i] === 1) {
      if (p < at.tick) fills[i] = q;
      else if (p === at.tick) {
        const run = offerRun[z] as number;
        fills[i] = ration(run, q, at.soldAtWh, at.supplyAtWh);
        offerRun[z] = run + q;
      }
    } else if (p > at.tick) fills[i] = -q;
    else if (p === at.tick) {
      const run = bidRun[z] as number;
      fills[i] = -ration(run, q, at.boughtAtWh, at.demandAtWh);
      bidRun[z] = run + q;
    }
  }
  return fills;
}

/** The share of `given` out of `total` for the stretch [run, run + width), exactly as on chain. */
export function ration(run: number, width: number, given: number, total: number): number {
  return mulDiv(run + width, given, total) - mulDiv(run, given, total);
}

// Doubles hold the product exactly below 2^51, where the floor of the quotient is exact too.
function mulDiv(a: number, b: number, c: number): number {
  const product = a * b;
  return product < 2 ** 51 ? Math.floor(product / c) : Number((BigInt(a) * BigInt(b)) / BigInt(c));
}

function emptyWork(tick: number): Work {
  const zero = {
    ...{ demandAbove: 0, demandAt: 0, supplyBelow: 0, supplyAt: 0, boughtAt: 0, soldAt: 0 },
    ...{ low: 0, kink: 0, high: 0, sumLow: 0, sumKink: 0, sumHigh: 0, linkLow: 0, linkKink: 0, linkHigh: 0 },
    ...{ flow: 0, run: 0, floor: 0, ceiling: 0, gapLow: 0, gapHigh: 0 },
  };
  return { tick, ...zero, minBidAbove: FAR, maxBidBelow: -FAR, maxOfferBelow: -FAR, minOfferAbove: FAR };
}

function tally(book: Book, ticks: readonly number[]): Work[] {
  const work = ticks.map(emptyWork);
  const { zone, isOffer, tick, energyWh } = book;
  for (let i = 0; i < tick.length; i++) {
    const at = work[zone[i] as number] as Work;
    const q = energyWh[i] as number;
    const p = tick[i] as number;
    if (q === 0) continue;
    if (isOffer[i] === 1) {
      if (p < at.tick) {
        at.supplyBelow += q;
        if (p > at.maxOfferBelow) at.maxOfferBelow = p;
      } else if (p === at.tick) at.supplyAt += q;
      else if (p < at.minOfferAbove) at.minOfferAbove = p;
    } else if (p > at.tick) {
      at.demandAbove += q;
      if (p < at.minBidAbove) at.minBidAbove = p;
    } else if (p === at.tick) at.demandAt += q;
    else if (p > at.maxBidBelow) at.maxBidBelow = p;
  }
  return work;
}

/** A capacity as a number; what is above 2^52 Wh cannot bind. */
const wh = (cap: bigint): number => (cap > 2n ** 52n ? 2 ** 52 : Number(cap));

function lineRange(gap: number, link: Link): readonly [number, number] {
  const exportCap = wh(link.exportCapWh);
  const importCap = wh(link.importCapWh);
  if (gap > link.feeTicks) return [exportCap, exportCap];
  if (gap < -link.feeTicks) return [-importCap, -importCap];
  return [gap === -link.feeTicks ? -importCap : 0, gap === link.feeTicks ? exportCap : 0];
}

function balance(
  book: Book,
  ticks: readonly number[],
  links: readonly Link[],
  cell: (zone: number) => number = (zone) => zone,
): { work: Work[]; volume: number } {
  const work = tally(book, ticks);
  const fail = (z: number, { demandAbove, demandAt, supplyBelow, supplyAt }: Work): never => {
    throw energyError("EnergyNotClearing", cell(z), demandAbove + demandAt, supplyBelow + supplyAt);
  };
  for (const zone of work) {
    const demand = zone.demandAbove + zone.demandAt;
    zone.sumLow = zone.low = zone.supplyBelow - demand;
    zone.sumKink = zone.kink = zone.supplyBelow + zone.supplyAt - demand;
    zone.sumHigh = zone.high = zone.supplyBelow + zone.supplyAt - zone.demandAbove;
  }
  for (let z = work.length - 1; z > 0; z--) {
    const zone = work[z] as Work;
    const link = links[z] as Link;
    const parent = work[link.parent] as Work;
    const [least, most] = lineRange(parent.tick - zone.tick, link);
    if (zone.sumHigh < least || zone.sumLow > most) fail(z, zone);
    zone.linkLow = Math.max(zone.sumLow, least);
    zone.linkHigh = Math.min(zone.sumHigh, most);
    zone.linkKink = Math.min(Math.max(zone.sumKink, zone.linkLow), zone.linkHigh);
    parent.sumLow += zone.linkLow;
    parent.sumKink += zone.linkKink;
    parent.sumHigh += zone.linkHigh;
  }
  const hub = work[0] as Work;
  if (hub.sumLow > 0 || hub.sumHigh < 0) fail(0, hub);

  let volume = 0;
  for (const [z, zone] of work.entries()) {
    zone.flow = z === 0 ? 0 : part(work[(links[z] as Link).parent] as Work, zone.linkLow, zone.linkKink, zone.linkHigh);
    const net = part(zone, zone.low, zone.kink, zone.high);
    if (net < zone.kink) {
      zone.boughtAt = zone.demandAt;
      zone.soldAt = zone.demandAbove + zone.demandAt + net - zone.supplyBelow;
    } else {
      zone.soldAt = zone.supplyAt;
      zone.boughtAt = zone.supplyBelow + zone.supplyAt - net - zone.demandAbove;
    }
    volume += zone.supplyBelow + zone.soldAt;
  }
  return { work, volume };
}

function part(owner: Work, low: number, kink: number, high: number): number {
  const below = owner.flow <= owner.sumKink;
  const base = below ? low : kink;
  const width = below ? kink - low : high - kink;
  const total = below ? owner.sumKink - owner.sumLow : owner.sumHigh - owner.sumKink;
  const flow = owner.flow - (below ? owner.sumLow : owner.sumKink);
  if (total === 0) return base;
  const share = ration(owner.run, width, flow, total);
  owner.run += width;
  return base + share;
}

function bounds(work: readonly Work[], links: readonly Link[]): void {
  for (const [z, zone] of work.entries()) {
    zone.floor =
      zone.soldAt !== 0 || zone.boughtAt < zone.demandAt ? zone.tick : Math.max(zone.maxOfferBelow, zone.maxBidBelow);
    zone.ceiling =
      zone.boughtAt !== 0 || zone.soldAt < zone.supplyAt ? zone.tick : Math.min(zone.minBidAbove, zone.minOfferAbove);
    if (z === 0) continue;
    const link = links[z] as Link;
    zone.gapLow = zone.flow > 0 ? link.feeTicks : -link.feeTicks;
    zone.gapHigh = zone.flow < 0 ? -link.feeTicks : link.feeTicks;
    if (zone.flow >= 0 && zone.flow === wh(link.exportCapWh)) zone.gapHigh = FAR * 16;
    if (zone.flow <= 0 && -zone.flow === wh(link.importCapWh)) zone.gapLow = -FAR * 16;
  }
  for (let z = work.length - 1; z > 0; z--) {
    const zone = work[z] as Work;
    const parent = work[(links[z] as Link).parent] as Work;
    parent.floor = Math.max(parent.floor, zone.floor + zone.gapLow);
    parent.ceiling = Math.min(parent.ceiling, zone.ceiling + zone.gapHigh);
  }
  for (let z = 1; z < work.length; z++) {
    const zone = work[z] as Work;
    const parent = work[(links[z] as Link).parent] as Work;
    zone.floor = Math.max(zone.floor, parent.floor - zone.gapHigh);
    zone.ceiling = Math.min(zone.ceiling, parent.ceiling - zone.gapLow);
  }
}

function results(work: readonly Work[], volumeWh: number): Clearing {
  const zones = work.map((zone): ZoneResult => {
    const boughtWh = zone.demandAbove + zone.boughtAt;
    const soldWh = zone.supplyBelow + zone.soldAt;
    const outcome =
      boughtWh + soldWh === 0
        ? "NoTrade"
        : zone.boughtAt < zone.demandAt
          ? "MarginalBuyer"
          : zone.soldAt < zone.supplyAt
            ? "MarginalSeller"
            : zone.ceiling > zone.floor
              ? "Interval"
              : "Exact";
    return {
      tick: zone.tick,
      demandAboveWh: zone.demandAbove,
      demandAtWh: zone.demandAt,
      supplyBelowWh: zone.supplyBelow,
      supplyAtWh: zone.supplyAt,
      boughtAtWh: zone.boughtAt,
      soldAtWh: zone.soldAt,
      boughtWh,
      soldWh,
      flowWh: zone.flow,
      low: zone.floor,
      high: zone.ceiling,
      outcome,
    };
  });
  return { zones, volumeWh };
}

/** A zone's cumulative curves over its distinct prices. */
interface Curve {
  readonly ticks: Int32Array;
  /** bids[i], offers[i]: energy at prices up to and including ticks[i - 1]. */
  readonly bids: Float64Array;
  readonly offers: Float64Array;
}

const TICKS = TICK_MAX - TICK_MIN + 1;

function curvesOf(book: Book, zoneCount: number): Curve[] {
  const { zone, isOffer, tick, energyWh } = book;
  const buckets = Array.from({ length: zoneCount }, () => new Map<number, [number, number]>());
  // Few orders: a map. Many: one flat array a side, the ticks are the index.
  if (tick.length < 4_096) {
    for (let i = 0; i < tick.length; i++) {
      if (energyWh[i] === 0) continue;
      const map = buckets[zone[i] as number] as Map<number, [number, number]>;
      const entry = map.get(tick[i] as number) ?? [0, 0];
      entry[isOffer[i] as 0 | 1] += energyWh[i] as number;
      map.set(tick[i] as number, entry);
    }
    return buckets.map((map) => curve([...map].sort(([a], [b]) => a - b)));
  }
  const flat = new Float64Array(zoneCount * TICKS * 2);
  for (let i = 0; i < tick.length; i++) {
    const at = (((zone[i] as number) * TICKS + (tick[i] as number) - TICK_MIN) << 1) | (isOffer[i] as number);
    flat[at] = (flat[at] as number) + (energyWh[i] as number);
  }
  return Array.from({ length: zoneCount }, (_, z) => {
    const entries: [number, [number, number]][] = [];
    for (let t = 0; t < TICKS; t++) {
      const at = (z * TICKS + t) * 2;
      const bid = flat[at] as number;
      const offer = flat[at + 1] as number;
      if (bid + offer > 0) entries.push([t + TICK_MIN, [bid, offer]]);
    }
    return curve(entries);
  });
}

function curve(entries: readonly (readonly [number, readonly [number, number]])[]): Curve {
  const ticks = new Int32Array(entries.length);
  const bids = new Float64Array(entries.length + 1);
  const offers = new Float64Array(entries.length + 1);
  for (const [i, [tick, [bid, offer]]] of entries.entries()) {
    ticks[i] = tick;
    bids[i + 1] = (bids[i] as number) + bid;
    offers[i + 1] = (offers[i] as number) + offer;
  }
  return { ticks, bids, offers };
}

type Range = readonly [low: number, high: number];

/** Net supply the zone's own orders allow at `price`. */
function ownRange({ ticks, bids, offers }: Curve, price: number): Range {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ticks[middle] as number) < price) low = middle + 1;
    else high = middle;
  }
  const through = ticks[low] === price ? low + 1 : low;
  const total = bids[bids.length - 1] as number;
  return [
    (offers[low] as number) - (total - (bids[low] as number)),
    (offers[through] as number) - (total - (bids[through] as number)),
  ];
}

/** Any prices at which every zone balances; the rule then picks from the interval they prove. */
function findPrices(book: Book, links: readonly Link[]): number[] {
  const curves = curvesOf(book, links.length);
  const children = links.map((_, z) => links.flatMap((link, c) => (c > 0 && link.parent === z ? [c] : [])));

  // Net supply of a zone with the zones below it, when its own price is `price`.
  const subtree = (z: number, price: number): Range => {
    let [low, high] = ownRange(curves[z] as Curve, price);
    for (const c of children[z] as number[]) {
      const [least, most] = line(c, price);
      low += least;
      high += most;
    }
    return [low, high];
  };
  // What zone z can send up its line when the parent's price is `above`.
  const line = (z: number, above: number): Range => {
    const { feeTicks, exportCapWh, importCapWh } = links[z] as Link;
    const exporting = subtree(z, above - feeTicks);
    const importing = feeTicks === 0 ? exporting : subtree(z, above + feeTicks);
    const least = exporting[0] >= 0 ? exporting[0] : Math.min(importing[0], 0);
    const most = importing[1] <= 0 ? importing[1] : Math.max(exporting[1], 0);
    const clamp = (flow: number) => Math.max(Math.min(flow, wh(exportCapWh)), -wh(importCapWh));
    return [clamp(least), clamp(most)];
  };
  // The lowest price in [from, to] whose range reaches `flow`; ranges rise with the price and leave no gaps.
  const search = (z: number, flow: number, from: number, to: number): number => {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (subtree(z, middle)[1] >= flow) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const reaches = (z: number, price: number, flow: number): boolean => {
    const [low, high] = subtree(z, price);
    return low <= flow && flow <= high;
  };

  const prices = new Array<number>(links.length).fill(0);
  const descend = (z: number, flow: number): void => {
    const price = prices[z] as number;
    let left = flow;
    const own = ownRange(curves[z] as Curve, price);
    const ranges = (children[z] as number[]).map((c) => line(c, price));
    // Everybody gets the least it must take; what is left goes to whoever has room.
    left -= ranges.reduce((sum, [low]) => sum + low, own[0]);
    left -= Math.min(left, own[1] - own[0]);
    for (const [index, c] of (children[z] as number[]).entries()) {
      const [low, high] = ranges[index] as Range;
      const extra = Math.min(left, high - low);
      left -= extra;
      const childFlow = low + extra;
      const { feeTicks } = links[c] as Link;
      if (childFlow >= 0 && reaches(c, price - feeTicks, childFlow)) prices[c] = price - feeTicks;
      else if (childFlow <= 0 && reaches(c, price + feeTicks, childFlow)) prices[c] = price + feeTicks;
      else if (childFlow > 0) prices[c] = search(c, childFlow, -FAR, price - feeTicks);
      else if (childFlow < 0) prices[c] = search(c, childFlow, price + feeTicks, FAR);
      else prices[c] = search(c, 0, -FAR, FAR);
      descend(c, childFlow);
    }
  };
  prices[0] = search(0, 0, -FAR, FAR);
  descend(0, 0);
  return prices;
}
