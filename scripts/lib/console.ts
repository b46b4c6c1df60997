import Table from "cli-table3";
import pc from "picocolors";

/** A table for people: dim borders, right-aligned numbers where asked for. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const result = new Table({
    // Without any title there is no title row.
    head: head.some((cell) => cell !== "") ? head.map((cell) => pc.bold(cell)) : [],
    colAligns: head.map((_, index) => (right.includes(index) ? "right" : "left")),
    style: { head: [], border: process.stdout.isTTY ? ["dim"] : [], compact: true },
  });
  for (const row of rows) result.push([...row]);
  return result.toString();
}

/** `1234567` as `1,234,567`. */
export function thousands(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** One line that rewrites itself on a terminal and stays silent in a log, where only `done` prints. */
export class ProgressLine {
  readonly #stream = process.stderr;
  update(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[2K${pc.cyan("›")} ${text}`);
  }
  done(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[2K" : ""}${pc.green("✔")} ${text}\n`);
  }
  fail(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[2K" : ""}${pc.red("✖")} ${text}\n`);
  }
}

/** Ends a command with one clear sentence and, where there is one, what to do. */
export function fail(message: string, exitCode = 1): never {
  process.stderr.write(`${pc.red("error")} ${message}\n`);
  process.exit(exitCode);
}
