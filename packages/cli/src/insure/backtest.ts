import { type DailyValue, parseDailySeries } from "@publica/sdk";
import {
  computeIndex,
  computePayoutBps,
  FULL_BPS,
  type IndexKind,
  type IndexTerms,
  indexKinds,
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
}

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
  const outcomes = seasons.map(({ year, season }): SeasonOutcome => {
    const index = computeIndex(
      terms,
      season.map(({ value }) => BigInt(value)),
    );
    return { year, days: season.length, index, payoutBps: Number(computePayoutBps(terms, index)) };
  });

  const shares = outcomes.map(({ payoutBps }) => payoutBps / Number(FULL_BPS));
  const mean = shares.reduce((total, share) => total + share, 0) / shares.length;
  const variance = shares.reduce((total, share) => total + (share - mean) ** 2, 0) / Math.max(1, shares.length - 1);
  const unit = counts ? "days" : options.unit;
  const shownIndex = (index: bigint): string => decimal(index, places);
  const coins = (share: number): string => Math.round(share * options.sum).toLocaleString("en-US");
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

  const data = {
    terms: { ...terms, unit, decimals: places },
    from: options.from,
    to: options.to,
    sum: options.sum,
    seasons: outcomes,
    expectedLoss: mean,
    standardDeviation: Math.sqrt(variance),
    worst: Math.max(...shares),
    paidSeasons: shares.filter((share) => share > 0).length,
  };
  const text = [
    pairs([
      ["cover", `${options.kind} of ${options.column}, ${options.from} to ${options.to}`],
      ["pays", `from ${options.attachment} to ${options.exit} ${unit}`],
      ["file", `${values.length} days, ${values[0]?.date} to ${values.at(-1)?.date}`],
    ]),
    heading("Seasons"),
    indent(`index   ${sparkline(outcomes.map(({ index }) => Number(index)))}`),
    indent(`payout  ${sparkline(shares)}`),
    indent(
      table(
        ["season", "days", `index (${unit})`, "share", "payout"],
        outcomes.map(({ year, days, index, payoutBps }) => [
          String(year),
          String(days),
          shownIndex(index),
          payoutBps === 0 ? pc.dim("0 %") : percent(payoutBps / Number(FULL_BPS)),
          coins(payoutBps / Number(FULL_BPS)),
        ]),
        [0, 1, 2, 3, 4],
      ),
    ),
    heading(`Of a sum insured of ${options.sum.toLocaleString("en-US")}`),
    indent(
      pairs([
        ["paid", `in ${data.paidSeasons} of ${outcomes.length} seasons`],
        ["expected loss", `${coins(mean)} a season (${percent(mean)}): the premium without loading`],
        ["deviation", `${coins(data.standardDeviation)} (${percent(data.standardDeviation)})`],
        ["worst season", `${coins(data.worst)} (${percent(data.worst)})`],
      ]),
    ),
    ...(outcomes.length < 20
      ? [
          pc.yellow(
            `\nSeasons in the file: ${outcomes.length}. So few say little about rare events: load the premium accordingly.`,
          ),
        ]
      : []),
  ];
  return { data, text: text.join("\n") };
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
