import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DailyValue, parseDailySeries } from "@publica/sdk";
import { ROOT } from "./run.ts";

/** Daily precipitation of Seattle 2012–2015 (NOAA), as it comes with the npm package vega-datasets; tenths of a millimetre. */
export function readSeattleRain(
  path = join(ROOT, "node_modules", "vega-datasets", "data", "seattle-weather.csv"),
): DailyValue[] {
  return parseDailySeries(readFileSync(path, "utf8"), {
    dateColumn: "date",
    valueColumn: "precipitation",
    unit: "mm",
    decimals: 1,
    // The wettest day ever measured anywhere had 1,825 mm.
    plausible: [0, 1825],
  });
}

/** The years a series covers. */
export function yearsOf(series: readonly DailyValue[]): number[] {
  return [...new Set(series.map(({ date }) => Number(date.slice(0, 4))))];
}

/** The days from `from` to `to` inclusive, as `MM-DD` of one year. */
export function season(series: readonly DailyValue[], year: number, from: string, to: string): DailyValue[] {
  return series.filter(({ date }) => date >= `${year}-${from}` && date <= `${year}-${to}`);
}
