import { problem } from "../runtime/problem.ts";

/** The cells of one CSV record (RFC 4180; a record is one line); undefined when a quote is left open. */
export function splitCsv(line: string): string[] | undefined {
  const cells: string[] = [];
  let rest = line.replace(/\r$/, "");
  for (;;) {
    const match = /^\s*"((?:[^"]|"")*)"\s*(?=,|$)|^([^",]*)(?=,|$)/.exec(rest);
    if (match === null) return undefined;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]?.trim() ?? "");
    if (match[0].length === rest.length) return cells;
    rest = rest.slice(match[0].length + 1);
  }
}

/** A number as people write it in files; undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? undefined : value;
}

const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d:?\d\d))?)?$/i;

/** Milliseconds of an ISO 8601 time (UTC when no zone is given), or of unix seconds or milliseconds. */
export function parseTime(text: string): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined) return number < 0 ? undefined : number < 1e11 ? number * 1_000 : number;
  if (!ISO.test(text)) return undefined;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10)) ? text : `${text}${text.length > 10 ? "Z" : ""}`;
  const time = Date.parse(zoned.replace(" ", "T").replace(/ (?=Z|[+-])/i, ""));
  return Number.isNaN(time) ? undefined : time;
}

/** Reads the named columns of a CSV with this header line; a line that has no such cells gives undefined. */
export function csvColumns(
  file: string,
  header: string,
  columns: readonly string[],
): (line: string) => string[] | undefined {
  const names = splitCsv(header) ?? [];
  const places = columns.map((column) => names.indexOf(column));
  const missing = columns.find((_, index) => places[index] === -1);
  if (missing !== undefined)
    throw problem("NodeCsvInvalid", `${file} has no column "${missing}"`, `Name one of ${names.join(", ")}.`);
  return (line) => {
    const cells = splitCsv(line);
    const chosen = places.flatMap((place) => cells?.[place] ?? []);
    return chosen.length === places.length ? chosen : undefined;
  };
}
