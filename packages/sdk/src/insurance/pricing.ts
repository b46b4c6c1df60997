import { z } from "zod";
import { PublicaError } from "../foundation/errors.ts";
import { createRandom } from "../foundation/random.ts";
import { computeIndex, computePayoutBps, FULL_BPS } from "./engine.ts";
import { parsed } from "./terms.ts";
import type { IndexTerms } from "./types.ts";

/** One past season and the values that would have been measured in it. */
export interface Season {
  /** What people call it: a year. */
  readonly label: string;
  readonly values: readonly bigint[];
}

/** What the terms would have paid in a past season. */
export interface BurnRow {
  readonly label: string;
  readonly index: bigint;
  /** Share of the sum insured, basis points. */
  readonly payoutBps: bigint;
}

/** Burn analysis: the terms applied to each past season, by the code that settles them. */
export function burnAnalysis(terms: IndexTerms, seasons: readonly Season[]): BurnRow[] {
  return seasons.map(({ label, values }) => {
    const index = computeIndex(terms, values);
    return { label, index, payoutBps: computePayoutBps(terms, index) };
  });
}

/** What a distribution of payouts looks like; all but `n` in basis points of the sum insured. */
export interface LossFigures {
  readonly n: number;
  readonly expected: number;
  readonly deviation: number;
  /** The payout exceeded in at most `1 − confidence` of the cases. */
  readonly valueAtRisk: number;
  /** The mean of the payouts from there up. */
  readonly tailValueAtRisk: number;
}

/** Mean, deviation, VaR and TVaR of payouts in basis points. */
export function lossFigures(payoutsBps: readonly number[], confidence = 0.99): LossFigures {
  if (payoutsBps.length === 0)
    throw new PublicaError("SdkInvalidInput", "there is no season to price from", "Give at least one past season.");
  const sorted = [...payoutsBps].sort((a, b) => a - b);
  const n = sorted.length;
  const expected = sorted.reduce((sum, payout) => sum + payout, 0) / n;
  const variance = sorted.reduce((sum, payout) => sum + (payout - expected) ** 2, 0) / Math.max(1, n - 1);
  const from = Math.min(n - 1, Math.ceil(n * confidence) - 1);
  const tail = sorted.slice(Math.max(0, from));
  return {
    n,
    expected,
    deviation: Math.sqrt(variance),
    valueAtRisk: sorted[Math.max(0, from)] ?? 0,
    tailValueAtRisk: tail.reduce((sum, payout) => sum + payout, 0) / tail.length,
  };
}

export interface BootstrapParameters {
  readonly terms: IndexTerms;
  readonly seasons: readonly Season[];
  /** Simulated seasons; default 2,000. */
  readonly draws?: number;
  /** Consecutive values kept together, so that spells stay spells; default 7. */
  readonly block?: number;
  /** Same seed, same figures. */
  readonly seed: number;
  readonly confidence?: number;
}

const bootstrapSchema = z.object({
  draws: z.number().int().min(1).max(1_000_000),
  block: z.number().int().min(1),
  seed: z.number().int(),
  confidence: z.number().gt(0).lt(1),
});

/**
 * Block bootstrap: each simulated season is put together from blocks of the past ones, taken from the same
 * place in the season, so that rain stays rain of its month.
 */
export function blockBootstrap(parameters: BootstrapParameters): LossFigures {
  const { terms, seasons } = parameters;
  const { draws, block, seed, confidence } = parsed(bootstrapSchema, "bootstrap", {
    draws: parameters.draws ?? 2_000,
    block: parameters.block ?? 7,
    seed: parameters.seed,
    confidence: parameters.confidence ?? 0.99,
  });
  const length = Math.min(...seasons.map(({ values }) => values.length));
  if (seasons.length === 0 || length === 0)
    throw new PublicaError("SdkInvalidInput", "there is no season to draw from", "Give at least one past season.");
  const random = createRandom(seed);
  const payouts = Array.from({ length: draws }, () => {
    const values: bigint[] = [];
    while (values.length < length) {
      const donor = seasons[Math.floor(random() * seasons.length)] as Season;
      values.push(...donor.values.slice(values.length, Math.min(values.length + block, length)));
    }
    return Number(computePayoutBps(terms, computeIndex(terms, values)));
  });
  return lossFigures(payouts, confidence);
}

/**
 * Shifts every season's values to the level the linear trend of their means has in the season to be insured, so that a
 * changing climate is priced where it is and not where it was. Values stay whole; `least` bounds them from below.
 */
export function detrend(seasons: readonly Season[], least?: bigint): Season[] {
  if (seasons.length < 3) return [...seasons];
  const means = seasons.map(({ values }) => Number(values.reduce((sum, value) => sum + value, 0n)) / values.length);
  const n = means.length;
  const centre = (n - 1) / 2;
  const mean = means.reduce((sum, value) => sum + value, 0) / n;
  const slope =
    means.reduce((sum, value, i) => sum + (i - centre) * (value - mean), 0) /
    means.reduce((sum, _, i) => sum + (i - centre) ** 2, 0);
  return seasons.map(({ label, values }, i) => {
    const shift = BigInt(Math.round(slope * (n - i)));
    return {
      label,
      values: values.map((value) => (least !== undefined && value + shift < least ? least : value + shift)),
    };
  });
}

/** What goes into a premium beside the expected loss. */
export interface Loadings {
  /** On the expected loss, for what is not known of it: 0.2 is a fifth. */
  readonly risk: number;
  /** What investors want a year on the capital that could be lost beyond the expected loss. */
  readonly costOfCapital: number;
  /** How long that capital is bound, in years. */
  readonly termYears: number;
  /** Per policy, base units of the asset. */
  readonly fixedCost: bigint;
}

const loadingsSchema = z.object({
  risk: z.number().min(0),
  costOfCapital: z.number().min(0),
  termYears: z.number().min(0),
  fixedCost: z.bigint().min(0n),
});

/** A premium and all it is made of, base units of the asset. */
export interface Premium {
  readonly expectedLoss: bigint;
  readonly riskLoading: bigint;
  readonly capitalCost: bigint;
  readonly fixedCost: bigint;
  readonly premium: bigint;
  /** The premium in basis points of the sum insured, rounded down: what a series' floor is compared with. */
  readonly rateBps: number;
}

/** `E · (1 + λ) + cost of capital · (TVaR − E) · term + fixed cost`, each part rounded up to `unit`, towards the pool. */
export function pricePolicy(sumInsured: bigint, figures: LossFigures, loadings: Loadings, unit = 1n): Premium {
  const { risk, costOfCapital, termYears, fixedCost } = parsed(loadingsSchema, "loadings", loadings);
  // Millionths of a basis point, so that money stays integer arithmetic from here on.
  const part = (bps: number): bigint => {
    const exact = sumInsured * BigInt(Math.ceil(bps * 1e6));
    return ceilDiv(exact, FULL_BPS * 1_000_000n * unit) * unit;
  };
  const expectedLoss = part(figures.expected);
  const riskLoading = part(figures.expected * risk);
  const capitalCost = part(Math.max(0, figures.tailValueAtRisk - figures.expected) * costOfCapital * termYears);
  const fixed = ceilDiv(fixedCost, unit) * unit;
  const premium = expectedLoss + riskLoading + capitalCost + fixed;
  return {
    expectedLoss,
    riskLoading,
    capitalCost,
    fixedCost: fixed,
    premium,
    rateBps: sumInsured === 0n ? 0 : Number((premium * FULL_BPS) / sumInsured),
  };
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
