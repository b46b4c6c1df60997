import Table from "cli-table3";
import pc from "picocolors";

/** A table for people; columns named in `right` are numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const result = new Table({
    head: head.map((cell) => pc.bold(cell)),
    colAligns: head.map((_, index) => (right.includes(index) ? "right" : "left")),
    style: { head: [], border: process.stdout.isTTY ? ["dim"] : [], compact: true },
  });
  for (const row of rows) result.push([...row]);
  return result.toString();
}

/** Two columns: what, and its value; pairs without a value are left out. */
export function pairs(entries: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${pc.dim(name.padEnd(width))}  ${value.replaceAll("\n", `\n${" ".repeat(width + 2)}`)}`)
    .join("\n");
}

export function heading(text: string): string {
  return `\n${pc.bold(text)}`;
}

export function indent(text: string, by = 2): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : " ".repeat(by) + line))
    .join("\n");
}

const BARS = "▁▂▃▄▅▆▇█";

/** Values as one line of bars, from the least to the greatest; undefined is a gap. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return values
    .map((value) => {
      if (value === undefined) return " ";
      return BARS.charAt(span === 0 ? 0 : Math.min(7, Math.floor(((value - low) / span) * 8)));
    })
    .join("");
}

/** Unix seconds as UTC, `2026-07-01 12:00:00Z`. */
export function utc(seconds: number | bigint): string {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString().replace("T", " ").replace(".000Z", "Z");
}

/** A length of time in its largest sensible unit: `3 days`, `1 hour`, `40 s`. */
export function duration(seconds: number): string {
  const s = Math.abs(Math.round(seconds));
  for (const [size, name] of [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ] as const) {
    if (s >= size) {
      const count = Math.floor(s / size);
      return `${count} ${name}${count === 1 ? "" : "s"}`;
    }
  }
  return `${s} s`;
}

/** `3 days ago` or `in 3 days`, seen from `now`. */
export function relative(seconds: number, now: number): string {
  return seconds <= now ? `${duration(now - seconds)} ago` : `in ${duration(seconds - now)}`;
}

/** An integer with `decimals` decimal places, thousands separated: 1234567 with 3 is `1,234.567`. */
export function decimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = decimals === 0 ? "" : digits.slice(-decimals).replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
