import { type Hex, numberToHex } from "viem";
import { ration } from "./clearing.ts";
import { energyError, invalidInput } from "./errors.ts";
import { encodeMeterValues } from "./meters.ts";
import { byAccount, DAY_SLOTS, join } from "./orders.ts";
import { deviationPartHash } from "./summedParts.ts";
import { chainOf, encodePositions, type Settlement } from "./settlement.ts";

export interface Tariff {
  readonly longTick: number;
  readonly shortTick: number;
  readonly deadBandWh: number;
  readonly penaltyTicks: number;
}

/** Somebody with a position or a meter. */
export interface Participant {
  readonly account: number;
  readonly zone: number;
  readonly metered: boolean;
  /** The meter's day; zeros for an account without meter. */
  readonly valuesWh: readonly number[];
  readonly balanceMicro?: bigint;
}

export interface DeviationResult {
  readonly account: number;
  /** What the deviations are worth, before the penalty and before any shortfall. */
  readonly moneyMicro: bigint;
  readonly penaltyMicro: bigint;
  /** What the account could not pay. */
  readonly shortfallMicro: bigint;
}

export interface Balancing {
  readonly accounts: readonly DeviationResult[];
  readonly balancePartyMicro: bigint;
  readonly penaltyMicro: bigint;
  /** Argument of `settle` on the balancing contract. */
  readonly metered: Hex;
}

const NO_PRICE = -(2 ** 31);

/** What every account with a position contracted, slot by slot: sold positive, bought negative. */
export function contractedWh({ firstSlot, count, positions, postedFills }: Settlement): Map<number, number[]> {
  const contracted = new Map<number, number[]>();
  const add = (account: number, t: number, fill: number): void => {
    const mine = contracted.get(account) ?? new Array<number>(count).fill(0);
    mine[t] = (mine[t] ?? 0) + fill;
    contracted.set(account, mine);
  };
  for (const { account, fillsWh } of positions) for (const [t, fill] of fillsWh.entries()) add(account, t, fill);
  for (const { order, fillWh } of postedFills) add(order.account, order.slot - firstSlot, fillWh);
  return contracted;
}

/**
 * The day of a meter that posted nothing until the contract's `METER_DELAY` after it: nothing delivered, and what was
 * bought taken.
 */
export function silentDay(settlement: Settlement, account: number): number[] {
  const valuesWh = new Array<number>(DAY_SLOTS).fill(0);
  for (const [t, fill] of (contractedWh(settlement).get(account) ?? []).entries())
    valuesWh[(settlement.firstSlot % DAY_SLOTS) + t] = Math.min(fill, 0);
  return valuesWh;
}

/** The reference of the metered settlement: bit for bit what the contract pays. */
export function settleDeviations(
  settlement: Settlement,
  participants: readonly Participant[],
  tariff: Tariff,
): Balancing {
  const { firstSlot, count, clearings } = settlement;
  const sorted = [...participants].sort(byAccount);
  const positions = contractedWh(settlement);
  for (const account of positions.keys())
    if (!sorted.some((participant) => participant.account === account))
      throw energyError("EnergyMeterMismatch", account);

  const money = new Map(sorted.map(({ account }) => [account, { moneyMicro: 0n, outside: 0 }]));
  for (let t = 0; t < count; t++) {
    const zones = clearings[t]?.zones ?? [];
    for (const [z, zone] of zones.entries()) {
      const price = zone.outcome === "NoTrade" ? NO_PRICE : zone.tick;
      const long = price !== NO_PRICE && price < tariff.longTick ? price : tariff.longTick;
      const short = price !== NO_PRICE && price > tariff.shortTick ? price : tariff.shortTick;
      const here = sorted
        .filter((participant) => participant.metered && participant.zone === z)
        .map(({ account, valuesWh }) => ({
          account,
          deviation: (valuesWh[(firstSlot % DAY_SLOTS) + t] ?? 0) - (positions.get(account)?.[t] ?? 0),
        }));
      const sum = (sign: 1 | -1) => here.reduce((total, { deviation }) => total + Math.max(sign * deviation, 0), 0);
      const totals = [sum(1), sum(-1)] as const;
      const netted = price === NO_PRICE ? 0 : Math.min(...totals);
      const run: [number, number] = [0, 0];
      for (const { account, deviation } of here) {
        if (deviation === 0) continue;
        const side = deviation > 0 ? 0 : 1;
        const energy = Math.abs(deviation);
        const local = netted === 0 ? 0 : ration(run[side], energy, netted, totals[side]);
        run[side] += energy;
        const rest = side === 0 ? long : short;
        const worth = (netted === 0 ? 0n : BigInt(local) * BigInt(price)) + BigInt(energy - local) * BigInt(rest);
        const mine = money.get(account);
        if (mine === undefined) continue;
        mine.moneyMicro += side === 0 ? worth : -worth;
        mine.outside += Math.max(energy - tariff.deadBandWh, 0);
      }
    }
  }
  let penaltyMicro = 0n;
  let balancePartyMicro = 0n;
  const accounts = sorted.map(({ account, balanceMicro }): DeviationResult => {
    const { moneyMicro, outside } = money.get(account) ?? { moneyMicro: 0n, outside: 0 };
    const penalty = BigInt(outside) * BigInt(tariff.penaltyTicks);
    const due = moneyMicro - penalty;
    const shortfallMicro = balanceMicro !== undefined && -due > balanceMicro ? -due - balanceMicro : 0n;
    penaltyMicro += penalty;
    balancePartyMicro -= due + shortfallMicro;
    return { account, moneyMicro, penaltyMicro: penalty, shortfallMicro };
  });
  return {
    accounts,
    penaltyMicro,
    balancePartyMicro: balancePartyMicro - penaltyMicro,
    metered: encodeMetered(sorted),
  };
}

function encodeMetered(participants: readonly Participant[]): Hex {
  return join(
    participants.map(({ account, valuesWh }) => join([numberToHex(account, { size: 4 }), encodeMeterValues(valuesWh)])),
  );
}

/** What the balancing contract asks for: a book, or a part of it. */
export interface DeviationBook {
  readonly firstSlot: number;
  readonly count: bigint;
  readonly tariff: bigint;
  readonly prices: Hex;
  readonly posted: Hex;
  readonly positions: Hex;
  readonly metered: Hex;
}

/** The argument of `settle` on the balancing contract; `tariff` is the number of the tariff in force. */
export function deviationBook(
  settlement: Settlement,
  participants: readonly Participant[],
  tariff: bigint,
): DeviationBook {
  return {
    firstSlot: settlement.firstSlot,
    count: BigInt(settlement.count),
    tariff,
    prices: settlement.publishedPrices,
    posted: settlement.postedPositions,
    positions: settlement.recordPositions,
    metered: encodeMetered([...participants].sort(byAccount)),
  };
}

/** The arguments of `settleLate`: metered accounts without a position that were not among those settled. */
export function lateBook(
  settlement: Settlement,
  participants: readonly Participant[],
  tariff: bigint,
): readonly [DeviationBook, Hex, Hex] {
  const { postedPositions, recordPositions, count } = settlement;
  const book = { ...deviationBook(settlement, participants, tariff), posted: "0x", positions: "0x" } as const;
  return [book, chainOf(postedPositions, 9), chainOf(recordPositions, 4 + 4 * count)];
}

/** How far the parts of a book are summed. */
export interface DeviationProgress {
  readonly positions: Hex;
  readonly lastAccount: number;
  readonly matched: bigint;
  readonly sums: Hex;
  readonly parts: readonly Hex[];
}

export interface DeviationParts {
  /** The arguments of `sum`, one call a part, in this order. */
  readonly sum: readonly (readonly [DeviationBook, DeviationProgress, boolean])[];
  /** The arguments of `payPart`, in any order. */
  readonly pay: readonly (readonly [DeviationBook, Hex, readonly Hex[], bigint, Hex])[];
}

/** Metered accounts in one transaction: within the 128 KiB most nodes take, at less than half the gas a transaction may use. */
export const DEVIATIONS_A_PART = 150;

const NOTHING: DeviationProgress = {
  positions: `0x${"00".repeat(32)}`,
  lastAccount: 0,
  matched: 0n,
  sums: "0x",
  parts: [],
};

/** Cuts a book whose deviations do not fit into one transaction; what everybody gets is what `settle` would give. */
export function deviationParts(
  settlement: Settlement,
  participants: readonly Participant[],
  tariff: bigint,
  accountsAPart = DEVIATIONS_A_PART,
): DeviationParts {
  const { firstSlot, count, positions, postedFills } = settlement;
  if (accountsAPart < 1) throw invalidInput(`${accountsAPart} accounts a part`, "Use at least one.", accountsAPart);
  const sorted = [...participants].sort(byAccount);
  const contracted = contractedWh(settlement);
  const zones = (settlement.publishedPrices.length - 2) / 8 / count;
  const sums = Array.from({ length: zones * count }, () => [0n, 0n] as [bigint, bigint]);
  const sum: [DeviationBook, DeviationProgress, boolean][] = [];
  let before = NOTHING;
  for (let first = 0; first < Math.max(sorted.length, 1); first += accountsAPart) {
    const people = sorted.slice(first, first + accountsAPart);
    const members = new Set(people.map(({ account }) => account));
    const mine = positions.filter(({ account }) => members.has(account));
    for (const { account, zone, metered, valuesWh } of people)
      for (let t = 0; metered && t < count; t++) {
        const deviation = (valuesWh[(firstSlot % DAY_SLOTS) + t] ?? 0) - (contracted.get(account)?.[t] ?? 0);
        const cell = sums[zone * count + t];
        if (cell !== undefined) cell[deviation > 0 ? 0 : 1] += BigInt(Math.abs(deviation));
      }
    const book = { ...deviationBook(settlement, people, tariff), positions: encodePositions(mine) };
    sum.push([book, before, first + accountsAPart >= sorted.length]);
    before = {
      positions: chainOf(book.positions, 4 + 4 * count, before.positions),
      lastAccount: people.at(-1)?.account ?? before.lastAccount,
      matched: before.matched + BigInt(postedFills.filter(({ order }) => members.has(order.account)).length),
      sums: join(sums.map(([long, short]) => numberToHex((long << 128n) | short, { size: 32 }))),
      parts: [...before.parts, deviationPartHash(book, before.sums)],
    };
  }
  const whole = before;
  return {
    sum,
    pay: sum.map(([book, earlier], index) => [book, whole.sums, whole.parts, BigInt(index), earlier.sums] as const),
  };
}
