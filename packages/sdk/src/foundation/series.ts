import { PublicaError } from "./errors.ts";

/** One calendar day's value in whole units. */
export interface DailyValue {
  /** ISO date, `2014-06-01`. */
  readonly date: string;
  /** Whole units as declared by {@link DailySeriesFormat.decimals}: 10.9 mm with one decimal is 109. */
  readonly value: number;
}

/** How a CSV's column is to be read. */
export interface DailySeriesFormat {
  readonly dateColumn: string;
  readonly valueColumn: string;
  /** Name of the unit in the file, for messages: `mm`. */
  readonly unit: string;
  /** Digits after the point that count; a value with more is refused, because rounding would move money. */
  readonly decimals: number;
  /** Least and greatest plausible value in the file's unit; outside means that the unit is wrong. */
  readonly plausible: readonly [low: number, high: number];
}

/** A CSV that cannot be used, with the line (1 is the header) and what to do. */
export class SeriesError extends PublicaError {
  override readonly name = "SeriesError";
  /** Line of the file, counted from 1. */
  readonly line: number;
  constructor(line: number, message: string, remedy: string) {
    super("SdkSeriesInvalid", `line ${line}: ${message}`, remedy, [line]);
    this.line = line;
  }
}

const DAY_MS = 86_400_000;

/**
 * Reads one value a day from CSV text. The days must follow each other without a gap or a repetition, and every value
 * must be a plain number within the plausible range.
 * @throws {SeriesError} naming the first line that breaks a rule.
 */
export function parseDailySeries(csv: string, format: DailySeriesFormat): DailyValue[] {
  const lines = csv.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = splitCsvLine(lines[0] ?? "");
  const dateIndex = columnOf(header, format.dateColumn);
  const valueIndex = columnOf(header, format.valueColumn);
  const [low, high] = format.plausible;
  const scale = 10 ** format.decimals;
  const number = new RegExp(`^-?\\d+(\\.\\d{1,${Math.max(format.decimals, 1)}}0*)?$`);

  const values: DailyValue[] = [];
  let previous: number | undefined;
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (index === 0 || (text.trim() === "" && index === lines.length - 1)) continue;
    const cells = splitCsvLine(text);
    if (cells.length !== header.length) {
      throw new SeriesError(
        line,
        `has ${cells.length} cells, the header has ${header.length}`,
        "Repair or remove the line.",
      );
    }
    const date = (cells[dateIndex] ?? "").trim();
    const time = isoTime(date);
    if (time === undefined) throw new SeriesError(line, `"${date}" is not a date`, "Write dates as YYYY-MM-DD.");
    if (previous !== undefined && time === previous) {
      throw new SeriesError(line, `the date ${date} is there twice`, "Keep one reading a day.");
    }
    if (previous !== undefined && time < previous) {
      throw new SeriesError(line, `the date ${date} comes after a later one`, "Sort the file by date.");
    }
    if (previous !== undefined && time !== previous + DAY_MS) {
      const missing = new Date(previous + DAY_MS).toISOString().slice(0, 10);
      throw new SeriesError(
        line,
        `the day ${missing} is missing`,
        "Fill the gap from the station's records; a guess would move money.",
      );
    }
    const raw = (cells[valueIndex] ?? "").trim();
    if (!number.test(raw)) {
      throw new SeriesError(
        line,
        `"${raw}" is not a number of ${format.unit} with at most ${format.decimals} decimals`,
        `Give ${format.valueColumn} as a plain number in ${format.unit}.`,
      );
    }
    const value = Number(raw);
    if (value < low || value > high) {
      throw new SeriesError(
        line,
        `${raw} is outside ${low} … ${high} ${format.unit}, so the unit must be another`,
        `Convert the column ${format.valueColumn} to ${format.unit}.`,
      );
    }
    values.push({ date, value: Math.round(value * scale) });
    previous = time;
  }
  if (values.length === 0)
    throw new SeriesError(1, "there is no reading below the header", "Give a file with one line a day.");
  return values;
}

function columnOf(header: readonly string[], name: string): number {
  const index = header.findIndex((cell) => cell.trim() === name);
  if (index < 0) {
    throw new SeriesError(
      1,
      `there is no column "${name}" (there are ${header.join(", ")})`,
      "Name one of the file's columns.",
    );
  }
  return index;
}

/** Milliseconds of a real calendar date, or undefined: 2014-02-30 is not one. */
function isoTime(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const time = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date ? undefined : time;
}

/** Cells of one CSV line, RFC 4180 quotes included (a quoted line break is not supported and shows as a short line). */
function splitCsvLine(line: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (quoted) {
      if (char === '"' && line.charAt(i + 1) === '"') {
        cell += '"';
        i++;
      } else if (char === '"') quoted = false;
      else cell += char;
    } else if (char === '"') quoted = true;
    else if (char === ",") {
      cells.push(cell);
      cell = "";
    } else cell += char;
  }
  cells.push(cell);
  return cells;
}
