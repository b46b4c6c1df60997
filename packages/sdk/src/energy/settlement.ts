import { type AccessList, type Address, encodeAbiParameters, type Hex, keccak256, numberToHex } from "viem";
import {
  type Book,
  type Clearing,
  clearBook,
  fillsOf,
  type Link,
  SINGLE_ZONE,
  TICK_MIN,
  verifyBook,
  type ZoneResult,
} from "./clearing.ts";
import { energyError } from "./errors.ts";
import {
  byAccount,
  encodePosted,
  encodeRecord,
  join,
  type PostedOrder,
  type SignedCurve,
  worstCaseMicro,
} from "./orders.ts";

/** What a settlement needs to know of the chain. */
export interface SettlementInput {
  readonly firstSlot: number;
  /** Slots of the book. */
  readonly count: number;
  readonly links?: readonly Link[];
  /** The exchange's `PRICE_SHARE`. */
  readonly share?: number;
  /** In any order: accounts decide. */
  readonly curves: readonly SignedCurve[];
  /** In the order of posting. */
  readonly posted?: readonly PostedOrder[];
  /** The zone of each account; 0 when not given. */
  readonly zoneOf?: (account: number) => number;
  /** What each account has for this book's posted orders, in µ; everything is covered when not given. */
  readonly coverOf?: (account: number) => bigint;
  /** Instead of `coverOf`: which of the posted orders, slots ascending, are known to have counted as absent. */
  readonly absentPosts?: ReadonlySet<number>;
}

/** The position somebody ends with, slot by slot: sold positive, bought negative. */
export interface Position {
  readonly account: number;
  readonly fillsWh: Int32Array;
  readonly moneyMicro: bigint;
}

export interface Settlement {
  readonly firstSlot: number;
  readonly count: number;
  /** Arguments of `settle`. */
  readonly prices: Hex;
  readonly orders: Hex;
  readonly posted: Hex;
  readonly clearings: readonly Clearing[];
  /** One a record, ascending accounts. */
  readonly positions: readonly Position[];
  /** One a posted order that is covered. */
  readonly postedFills: readonly {
    readonly order: PostedOrder;
    readonly fillWh: number;
    readonly moneyMicro: bigint;
  }[];
  /** Grid fees and congestion rent. */
  readonly networkMicro: bigint;
  /** What the exchange stores for the balancing. */
  readonly commitment: Hex;
  readonly publishedPrices: Hex;
  readonly postedPositions: Hex;
  readonly recordPositions: Hex;
}

const NO_PRICE = -(2 ** 31);

/** One slot's orders as the contract counts them: posted first, in the order of posting, then records by account. */
export function slotBook(
  slot: number,
  curves: readonly SignedCurve[],
  posted: readonly PostedOrder[],
  zoneOf: (account: number) => number,
): Book {
  const mine = posted.filter((order) => order.slot === slot);
  const number = mine.length + curves.length;
  const book: Book = {
    zone: new Uint8Array(number),
    isOffer: new Uint8Array(number),
    tick: new Int16Array(number),
    energyWh: new Uint32Array(number),
  };
  for (const [i, order] of mine.entries()) put(book, i, zoneOf(order.account), order);
  for (const [i, curve] of curves.entries()) {
    const step = curve.steps[slot - curve.firstSlot];
    if (step !== undefined && !curve.absent) put(book, mine.length + i, zoneOf(curve.account), step);
  }
  return book;
}

function put(book: Book, i: number, zone: number, step: { side: string; tick: number; energyWh: number }): void {
  book.zone[i] = zone;
  book.isOffer[i] = step.side === "offer" ? 1 : 0;
  book.tick[i] = step.energyWh === 0 ? TICK_MIN : step.tick;
  book.energyWh[i] = step.energyWh;
}

/** Clears every slot and builds the transaction; the same orders in any sequence give the same bytes. */
export function buildSettlement(input: SettlementInput): Settlement {
  return assemble(input, (book, links, share) => clearBook(book, links, share));
}

/** The outcome of a settlement with the prices somebody claims; throws what the contract would revert with. */
export function replaySettlement(input: SettlementInput, prices: readonly (readonly number[])[]): Settlement {
  return assemble(input, (book, links, share, t) =>
    verifyBook(book, prices[t] ?? [], links, share, (zone) => zone * input.count + t),
  );
}

function assemble(
  input: SettlementInput,
  clear: (book: Book, links: readonly Link[], share: number, t: number) => Clearing,
): Settlement {
  const { firstSlot, count, links = SINGLE_ZONE, share = 5_000, zoneOf = () => 0 } = input;
  const curves = [...input.curves].sort(byAccount);
  for (const [i, curve] of curves.entries())
    if (i > 0 && curve.account === curves[i - 1]?.account) throw energyError("EnergyIdOrder", i);
  // Slots ascend; within a slot the sequence of posting is what was hashed.
  const given = [...(input.posted ?? [])].sort((a, b) => a.slot - b.slot);
  const known = given.filter((_order, index) => !input.absentPosts?.has(index));
  const posted = coveredPosts(known, links.length, zoneOf, input.coverOf);

  const clearings: Clearing[] = [];
  const positions = curves.map(({ account }) => ({ account, fillsWh: new Int32Array(count), moneyMicro: 0n }));
  const postedFills: { order: PostedOrder; fillWh: number; moneyMicro: bigint }[] = [];
  let networkMicro = 0n;
  for (let t = 0; t < count; t++) {
    const slot = firstSlot + t;
    const book = slotBook(slot, curves, posted, zoneOf);
    const clearing = clear(book, links, share, t);
    const fills = fillsOf(book, clearing);
    const mine = posted.filter((order) => order.slot === slot);
    for (let i = 0; i < fills.length; i++) {
      const fillWh = fills[i] as number;
      const { tick } = clearing.zones[book.zone[i] as number] as ZoneResult;
      const moneyMicro = BigInt(fillWh) * BigInt(tick);
      networkMicro -= moneyMicro;
      const order = mine[i];
      if (order !== undefined) {
        postedFills.push({ order, fillWh, moneyMicro });
        continue;
      }
      const position = positions[i - mine.length] as (typeof positions)[number];
      position.fillsWh[t] = fillWh;
      position.moneyMicro += moneyMicro;
    }
    clearings.push(clearing);
  }
  const cells = links.flatMap((_, z) => clearings.map(({ zones }) => zones[z] as ZoneResult));
  const publishedPrices = join(
    cells.map(({ tick, outcome }) => numberToHex(outcome === "NoTrade" ? NO_PRICE : tick, { size: 4, signed: true })),
  );
  const postedPositions = join(
    postedFills.map(({ order, fillWh }) =>
      join([
        numberToHex(order.slot - firstSlot, { size: 1 }),
        numberToHex(order.account, { size: 4 }),
        numberToHex(fillWh, { size: 4, signed: true }),
      ]),
    ),
  );
  const recordPositions = encodePositions(positions);
  return {
    firstSlot,
    count,
    prices: join(cells.map(({ tick }) => numberToHex(tick, { size: 4, signed: true }))),
    orders: join(curves.map(encodeRecord)),
    posted: encodePosted(given, firstSlot),
    clearings,
    positions,
    postedFills,
    networkMicro,
    publishedPrices,
    postedPositions,
    recordPositions,
    commitment: commitmentOf(count, publishedPrices, postedPositions, recordPositions),
  };
}

/**
 * The words of the ledger a settlement reads, to be named in its transaction: each account then costs 100 gas less. The word
 * of account n is the ledger's storage word n.
 */
export function settlementAccessList(ledger: Address, { positions, postedFills }: Settlement): AccessList {
  const accounts = new Set([...positions, ...postedFills.map(({ order }) => order)].map(({ account }) => account));
  const storageKeys = [...accounts].sort((a, b) => a - b).map((account) => numberToHex(account, { size: 32 }));
  return [{ address: ledger, storageKeys }];
}

/**
 * The posted orders that count: an order whose account is in no zone, or whose worst case is not covered, is absent. Cover is
 * given out from the last order to the first.
 */
export function coveredPosts(
  posted: readonly PostedOrder[],
  zones: number,
  zoneOf: (account: number) => number,
  coverOf?: (account: number) => bigint,
): PostedOrder[] {
  const left = new Map<number, bigint>();
  const covered = posted.toReversed().filter((order) => {
    const { account } = order;
    if (zoneOf(account) >= zones) return false;
    const worst = worstCaseMicro(order);
    if (worst === 0n || coverOf === undefined) return true;
    const cover = left.get(account) ?? coverOf(account);
    if (worst > cover) return false;
    left.set(account, cover - worst);
    return true;
  });
  return covered.reverse();
}

/** account 4 bytes ‖ one int32 a slot, for each record. */
export function encodePositions(positions: readonly Position[]): Hex {
  return join(
    positions.map(({ account, fillsWh }) =>
      join([
        numberToHex(account, { size: 4 }),
        ...[...fillsWh].map((fill) => numberToHex(fill, { size: 4, signed: true })),
      ]),
    ),
  );
}

/** The exchange's commitment to a book's prices and positions; the lowest byte is the status's place. */
export function commitmentOf(count: number, prices: Hex, posted: Hex, positions: Hex): Hex {
  const hash = keccak256(
    encodeAbiParameters(
      [{ type: "uint256" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
      [BigInt(count), keccak256(prices), chainOf(posted, 9), chainOf(positions, 4 + 4 * count)],
    ),
  );
  return `${hash.slice(0, -2)}00` as Hex;
}

/** Entry after entry hashed onto the chain, so that the result does not depend on how many come at once. */
export function chainOf(entries: Hex, bytes: number, from: Hex = `0x${"00".repeat(32)}`): Hex {
  let chain = from;
  for (let begin = 2; begin < entries.length; begin += 2 * bytes)
    chain = keccak256(`${chain}${entries.slice(begin, begin + 2 * bytes)}`);
  return chain;
}
