import { type Hex, numberToHex } from "viem";
import { ration } from "./clearing.ts";
import { energyError } from "./errors.ts";
import { encodeMeterValues } from "./meters.ts";
import { byAccount, DAY_SLOTS, join } from "./orders.ts";
import type { Settlement } from "./settlement.ts";

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

/** The reference of the metered settlement: bit for bit what the contract pays. */
export function settleDeviations(
  settlement: Settlement,
  participants: readonly Participant[],
  tariff: Tariff,
): Balancing {
  const { firstSlot, count, clearings } = settlement;
  const sorted = [...participants].sort(byAccount);
  const positions = new Map<number, number[]>();
  const add = (account: number, t: number, fill: number): void => {
    const mine = positions.get(account) ?? new Array<number>(count).fill(0);
    mine[t] = (mine[t] ?? 0) + fill;
    positions.set(account, mine);
  };
  for (const { account, fillsWh } of settlement.positions)
    for (const [t, fill] of fillsWh.entries()) add(account, t, fill);
  for (const { order, fillWh } of settlement.postedFills) add(order.account, order.slot - firstSlot, fillWh);
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
    metered: join(
      sorted.map(({ account, valuesWh }) => join([numberToHex(account, { size: 4 }), encodeMeterValues(valuesWh)])),
    ),
  };
}
