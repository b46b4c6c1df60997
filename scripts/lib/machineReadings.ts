import { SeriesError } from "../../packages/sdk/src/foundation/series.ts";

/** One machine reading of a CSV. */
export interface MachineReading {
  /** Unix seconds. */
  readonly timestamp: number;
  /** A whole number in the machine's own unit. */
  readonly value: number;
}

/**
 * Reads `timestamp,value` lines: unix seconds or ISO 8601, whole numbers of 32 bits, times that never run backwards.
 * @throws {SeriesError} naming the first line that breaks a rule.
 */
export function parseMachineReadings(csv: string): MachineReading[] {
  const lines = csv.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines[0]?.trim() !== "timestamp,value")
    throw new SeriesError(1, "the header is not timestamp,value", "Name the two columns exactly so.");
  const readings: MachineReading[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const [time = "", number = "", ...rest] = line.split(",").map((cell) => cell.trim());
    const timestamp = /^\d+$/.test(time) ? Number(time) : Math.floor(Date.parse(time) / 1_000);
    if (rest.length > 0 || !Number.isInteger(timestamp))
      throw new SeriesError(index + 1, `${line} has no time`, "Write unix seconds or ISO 8601, a comma, the value.");
    if (!/^-?\d+$/.test(number) || Math.abs(Number(number)) >= 2 ** 31)
      throw new SeriesError(
        index + 1,
        `${number} is not a whole number of 32 bits`,
        "Scale the unit, round, try again.",
      );
    const previous = readings.at(-1);
    if (previous !== undefined && timestamp < previous.timestamp)
      throw new SeriesError(index + 1, "time runs backwards", "Sort the lines by time.");
    readings.push({ timestamp, value: Number(number) });
  }
  if (readings.length === 0) throw new SeriesError(2, "there is no reading", "Give at least one line of values.");
  return readings;
}
