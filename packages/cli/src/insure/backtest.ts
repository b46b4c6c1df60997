import { type DailyValue, parseDailySeries } from "@publica/sdk";
import {
  blockBootstrap,
  burnAnalysis,
  detrend,
  FULL_BPS,
  type IndexKind,
  type IndexTerms,
  indexKinds,
  type LossFigures,
  lossFigures,
  pricePolicy,
} from "@publica/sdk/insurance";
import pc from "picocolors";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { decimal, heading, indent, pairs, sparkline, table } from "../lib/text.ts";

/** Kinds that count days: their index and bounds are days, not the column's unit. */
const COUNTING: readonly IndexKind[] = ["daysAbove", "daysBelow", "runAbove", "runBelow"];

/** Kinds a column of daily values can be tested with; a magnitude also needs a place. */
export const BACKTEST_KINDS = indexKinds.filter((kind) => kind !== "magnitude");

export interface BacktestOptions {
  readonly csv: string;
  readonly column: string;
  readonly dateColumn: string;
  readonly unit: string;
  readonly decimals: number;
  /** First and last day of the season, `MM-DD`; the last may lie in the following year. */
  readonly from: string;
  readonly to: string;
  readonly kind: IndexKind;
  /** In the column's unit, or days for the kinds that count them. */
  readonly threshold: string | undefined;
  readonly attachment: string;
  readonly exit: string;
  /** Sum insured in whole coins. */
  readonly sum: number;
  /** Move past seasons to the level their trend has reached. */
  readonly trend: boolean;
  /** Simulated seasons, and the number that fixes them. */
  readonly draws: number;
  readonly seed: number;
  /** On the expected loss, in percent. */
  readonly loading: number;
  /** A year, in percent, on the capital that could be lost beyond the expected loss. */
  readonly capitalCost: number;
}

/** Hundredths of a coin: what premiums are rounded up to. */
const CENT = 2;
const CONFIDENCE = 0.99;

export interface SeasonOutcome {
  /** Year in which the season began. */
  readonly year: number;
  readonly days: number;
  readonly index: bigint;
  readonly payoutBps: number;
}

/** What a cover would have paid in each season of the file, computed as the contract computes it. */
export function backtest(options: BacktestOptions): Report {
  const values = parseDailySeries(options.csv, {
    dateColumn: options.dateColumn,
    valueColumn: options.column,
    unit: options.unit,
    decimals: options.decimals,
    plausible: [-1e9, 1e9],
  });
  const counts = COUNTING.includes(options.kind);
  const places = counts ? 0 : options.decimals;
  const terms: IndexTerms = {
    kind: options.kind,
    threshold: scaled("--threshold", options.threshold ?? "0", options.decimals),
    attachment: scaled("--attachment", options.attachment, places),
    exit: scaled("--exit", options.exit, places),
  };
  const seasons = seasonsOf(values, options.from, options.to);
  if (seasons.length === 0) {
    throw new CliError(
      `the file has no whole season from ${options.from} to ${options.to}; it runs from ${values[0]?.date} to ${values.at(-1)?.date}`,
      "Choose --from and --to within the file, or give a longer file.",
    );
  }
  const measured = seasons.map(({ year, season }) => ({
    label: String(year),
    values: season.map(({ value }) => BigInt(value)),
  }));
  const least = values.every(({ value }) => value >= 0) ? 0n : undefined;
  const priced = options.trend ? detrend(measured, least) : measured;
  const outcomes = burnAnalysis(terms, priced).map(({ label, index, payoutBps }, i): SeasonOutcome => {
    return { year: Number(label), days: seasons[i]?.season.length ?? 0, index, payoutBps: Number(payoutBps) };
  });
  const burn = lossFigures(
    outcomes.map(({ payoutBps }) => payoutBps),
    CONFIDENCE,
  );
  const { draws, seed } = options;
  const simulated = blockBootstrap({ terms, seasons: priced, draws, seed, confidence: CONFIDENCE });
  const premium = pricePolicy(BigInt(options.sum) * 10n ** BigInt(CENT), costlier(burn, simulated), {
    risk: options.loading / 100,
    costOfCapital: options.capitalCost / 100,
    termYears: Math.max(...outcomes.map(({ days }) => days)) / 365,
    fixedCost: 0n,
  });

  const paid = outcomes.filter(({ payoutBps }) => payoutBps > 0).length;
  const unit = counts ? "days" : options.unit;
  const coins = (bps: number): string => Math.round((bps * options.sum) / Number(FULL_BPS)).toLocaleString("en-US");
  const percent = (bps: number): string => `${(bps / 100).toFixed(2)} %`;
  const cents = (amount: bigint): string => decimal(amount, CENT);
  const figures = ({ expected, deviation, valueAtRisk, tailValueAtRisk }: LossFigures): string[] =>
    [expected, deviation, valueAtRisk, tailValueAtRisk].map((bps) => `${coins(bps)} (${percent(bps)})`);

  const data = {
    terms: { ...terms, unit, decimals: places },
    from: options.from,
    to: options.to,
    sum: options.sum,
    trend: options.trend,
    seasons: outcomes,
    paidSeasons: paid,
    burn,
    simulated: { ...simulated, seed },
    premium: { ...premium, decimals: CENT },
  };
  const text = [
    pairs([
      ["cover", `${options.kind} of ${options.column}, ${options.from} to ${options.to}`],
      ["pays", `from ${options.attachment} to ${options.exit} ${unit}`],
      ["file", `${values.length} days, ${values[0]?.date} to ${values.at(-1)?.date}`],
      ["trend", options.trend ? "past seasons are moved to the level their trend has reached" : undefined],
    ]),
    heading("Seasons"),
    indent(`index   ${sparkline(outcomes.map(({ index }) => Number(index)))}`),
    indent(`payout  ${sparkline(outcomes.map(({ payoutBps }) => payoutBps))}`),
    indent(
      table(
        ["season", "days", `index (${unit})`, "share", "payout"],
        outcomes.map(({ year, days, index, payoutBps }) => [
          String(year),
          String(days),
          decimal(index, places),
          payoutBps === 0 ? pc.dim("0 %") : percent(payoutBps),
          coins(payoutBps),
        ]),
        [0, 1, 2, 3, 4],
      ),
    ),
    heading(
      `Of a sum insured of ${options.sum.toLocaleString("en-US")}, paid in ${paid} of ${outcomes.length} seasons`,
    ),
    indent(
      table(
        ["loss", "expected", "deviation", "99 % of seasons below", "mean of the worst 1 %"],
        [
          ["seasons of the file", ...figures(burn)],
          [`${draws.toLocaleString("en-US")} simulated (seed ${seed})`, ...figures(simulated)],
        ],
        [1, 2, 3, 4],
      ),
    ),
    heading("Premium, from the costlier of the two"),
    indent(
      pairs([
        ["expected loss", cents(premium.expectedLoss)],
        ["loading", `${cents(premium.riskLoading)} (${options.loading} % of it)`],
        ["capital", `${cents(premium.capitalCost)} (${options.capitalCost} % a year)`],
        ["premium", `${cents(premium.premium)} (${percent(premium.rateBps)} of the sum insured)`],
      ]),
    ),
    ...(outcomes.length < 20
      ? [pc.yellow(`\nSeasons in the file: ${outcomes.length}. So few say little about rare events: load accordingly.`)]
      : []),
  ];
  return { data, text: text.join("\n") };
}

/** Of each figure the greater one: neither a short file nor its reshuffling makes cover cheap. */
function costlier(a: LossFigures, b: LossFigures): LossFigures {
  return {
    n: b.n,
    expected: Math.max(a.expected, b.expected),
    deviation: Math.max(a.deviation, b.deviation),
    valueAtRisk: Math.max(a.valueAtRisk, b.valueAtRisk),
    tailValueAtRisk: Math.max(a.tailValueAtRisk, b.tailValueAtRisk),
  };
}

/** A number as people write it in whole units of `10^-decimals`; refused when it has more decimal places. */
function scaled(option: string, text: string, decimals: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const [, sign = "", whole = "", fraction = ""] = match ?? [];
  if (match === null || fraction.length > decimals) {
    throw new CliError(
      `${option} ${text} is not a number with at most ${decimals} decimal places`,
      decimals === 0 ? "It counts days." : "Give more --decimals when the file has them.",
    );
  }
  return BigInt(`${sign}${whole}${fraction.padEnd(decimals, "0")}`);
}

/** The whole seasons in the file, each by the year it began in. */
function seasonsOf(
  values: readonly DailyValue[],
  from: string,
  to: string,
): { readonly year: number; readonly season: readonly DailyValue[] }[] {
  const byDate = new Map(values.map(({ date }, index) => [date, index]));
  const first = Number(values[0]?.date.slice(0, 4));
  const last = Number(values.at(-1)?.date.slice(0, 4));
  const found = [];
  for (let year = first; year <= last; year++) {
    const start = byDate.get(`${year}-${from}`);
    const end = byDate.get(`${from <= to ? year : year + 1}-${to}`);
    if (start !== undefined && end !== undefined) found.push({ year, season: values.slice(start, end + 1) });
  }
  return found;
}
