// npm run bench: gas and speed, ours beside the peers that install from npm.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { format } from "prettier";
import { type Area, createBench, type Row } from "./bench/harness.ts";
import { build } from "./build.ts";
import { ProgressLine, table, thousands } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";

const areas = readdirSync(join(ROOT, "scripts", "bench"))
  .filter((file) => file.endsWith(".ts") && file !== "harness.ts")
  .map((file) => file.slice(0, -3))
  .sort();

const USAGE = `Usage: npm run bench -- [--only AREA]... [--json FILE] [--readme]

Deploys the production build to an in-process chain, runs each named operation and prints its cost beside its budget.
Areas: ${areas.join(", ")}. The exit code is 1 when a figure is over its budget.
--json also writes the figures to a file; --readme renews the table in README.md from the areas measured.

Example: npm run bench -- --only foundation --json bench.json`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      json: { type: "string" },
      readme: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = values.only ?? areas;
  for (const name of chosen)
    if (!areas.includes(name)) throw new UsageError(`unknown area ${name}; there are ${areas.join(", ")}`);
  await build("production");

  const rows: Row[] = [];
  const budgets: Record<string, number> = {};
  const floors: Record<string, number> = {};
  const line = new ProgressLine();
  for (const name of chosen) {
    const { area } = (await import(`./bench/${name}.ts`)) as { area: Area };
    Object.assign(budgets, area.budgets);
    Object.assign(floors, area.floors);
    const bench = await createBench((row) => {
      rows.push(row);
      line.update(`${row.id}${row.peer ? ` (${row.peer})` : ""}`);
    });
    await area.run(bench);
    line.done(`${name} measured`);
  }

  const over = rows.filter(
    (row) => row.peer === undefined && row.value > (budgets[row.id] ?? Number.POSITIVE_INFINITY),
  );
  const slow = rows.filter((row) => row.peer === undefined && row.value < (floors[row.id] ?? 0));
  const missing = Object.keys({ ...budgets, ...floors }).filter(
    (id) => !rows.some((row) => row.id === id && row.peer === undefined),
  );
  console.log(
    table(
      ["operation", "figure", "unit", "budget", "whose"],
      rows.map((row) => {
        const budget = row.peer === undefined ? budgets[row.id] : undefined;
        const floor = row.peer === undefined ? floors[row.id] : undefined;
        const figure = thousands(row.value);
        const bounded = budget !== undefined || floor !== undefined;
        const kept = row.value <= (budget ?? Number.POSITIVE_INFINITY) && row.value >= (floor ?? 0);
        return [
          named(row, rows),
          bounded ? (kept ? pc.green(figure) : pc.red(figure)) : figure,
          row.unit,
          budget === undefined ? (floor === undefined ? "" : `≥ ${thousands(floor)}`) : `≤ ${thousands(budget)}`,
          row.peer === undefined ? pc.bold("Publica") : pc.dim(row.peer),
        ];
      }),
      [1, 3],
    ),
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (values.readme) {
    await renewReadme(rows, budgets);
  }
  for (const row of over) console.log(pc.red(`${row.id}: ${thousands(row.value)} ${row.unit} is over its budget`));
  for (const row of slow) console.log(pc.red(`${row.id}: ${thousands(row.value)} ${row.unit} is below its floor`));
  for (const id of missing) console.log(pc.red(`${id}: has a bound but was not measured`));
  return over.length + slow.length + missing.length === 0 ? 0 : 1;
}

/** The row's id, with the number of items where one id was measured at several. */
function named({ id, n, peer }: Row, rows: readonly Row[]): string {
  const alike = rows.filter((other) => other.id === id && other.peer === peer);
  return alike.length > 1 && n !== undefined ? `${id}, n = ${n}` : id;
}

/** Puts the figures that have a budget, and their peers, between the markers of README.md. */
async function renewReadme(rows: readonly Row[], budgets: Readonly<Record<string, number>>): Promise<void> {
  const lines = ["| operation | Publica | budget | others, same run |", "| --- | ---: | ---: | --- |"];
  for (const row of rows) {
    const budget = budgets[row.id];
    if (row.peer !== undefined || budget === undefined) continue;
    const peers = rows.filter((other) => other.id === row.id && other.peer !== undefined);
    const others = peers.map((peer) => `${peer.peer} ${thousands(peer.value)}`).join(", ");
    lines.push(
      `| ${named(row, rows).replace(row.id, `\`${row.id}\``)} | ${thousands(row.value)} ${row.unit} | ${thousands(budget)} | ${others} |`,
    );
  }
  const path = join(ROOT, "README.md");
  const [start, end] = ["<!-- bench:start -->", "<!-- bench:end -->"];
  const readme = readFileSync(path, "utf8");
  const [before, rest] = readme.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md has no ${start} … ${end}`);
  const text = `${before}${start}\n\n${lines.join("\n")}\n\n${end}${after}`;
  writeFileSync(path, await format(text, { parser: "markdown", printWidth: 120 }));
}

await command(USAGE, main);
