// npm run assure: the whole ladder, one rung after the other, one table at the end.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { checkDeclarations } from "./assure/declarations.ts";
import { checkPackage } from "./assure/package.ts";
import { checkContractRecords, checkGas } from "./assure/records.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT, runNode } from "./lib/run.ts";
import { foundry } from "./lib/tools.ts";
import { command, UsageError } from "./lib/usage.ts";
import { freshness, REQUIRED, survey } from "./mutate/verdicts.ts";

interface Outcome {
  readonly figures: string;
  readonly problems: readonly string[];
}

interface Rung {
  readonly what: string;
  run(context: Context): Promise<Outcome>;
}

interface Context {
  /** A folder for results, removed at the end. */
  readonly folder: string;
  /** Write the records anew instead of comparing. */
  readonly update: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is being removed
const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "").trim();

/** What the rungs print while they run, and which of them held in which state of the checkout. */
const LOGS = join(ROOT, ".tools", "assure");
const HELD = join(LOGS, "held.json");

interface Held {
  readonly state: string;
  readonly rungs: Record<string, { readonly figures: string; readonly seconds: number }>;
}

/** A digest of all that is committed and all that is not. */
function stateOfCheckout(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 });
  const untracked = git("ls-files", "--others", "--exclude-standard").split("\n").filter(Boolean);
  const hash = createHash("sha256").update(git("rev-parse", "HEAD")).update(git("diff", "HEAD"));
  for (const file of untracked) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

/** Runs one of the repository's scripts; on failure its last lines are the problem. */
async function script(
  name: string,
  args: readonly string[] = [],
  figures?: (output: string) => string,
): Promise<Outcome> {
  const { code, output } = await runNode(join(ROOT, "scripts", `${name}.ts`), args, {
    echo: false,
    log: join(LOGS, `${name}.log`),
    env: { NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  const text = plain(output);
  const last = text.split("\n").at(-1) ?? "";
  return { figures: figures?.(text) ?? last, problems: code === 0 ? [] : text.split("\n").slice(-25) };
}

async function readJson<T>(path: string): Promise<T | undefined> {
  return JSON.parse(await readFile(path, "utf8").catch(() => "null")) as T | undefined;
}

const RUNGS: Record<string, Rung> = {
  build: { what: "production build, ABIs and bindings", run: () => script("build") },
  lint: {
    what: "format, Solidity and TypeScript rules, strict types",
    run: () => script("lint", [], () => "prettier, biome, solhint, tsc"),
  },
  docs: { what: "docs/errors.md is fresh, every error explained", run: () => script("docs", ["--check"]) },
  abi: { what: "every error provoked, every event asserted, names unique", run: () => checkDeclarations() },
  records: {
    what: "ABIs, storage layouts and sizes as recorded",
    async run({ update }) {
      const { figures, problems } = await checkContractRecords(update);
      // How much the record of mutations still says is shown here; whether it is enough, rung mutation decides.
      return { figures: `${figures}; ${freshness(survey())}`, problems };
    },
  },
  package: { what: "knip, publint, are-the-types-wrong, bundle sizes", run: () => checkPackage() },
  gas: {
    what: "gas within budgets and exactly as recorded",
    async run({ folder, update }) {
      const path = join(folder, "bench.json");
      const outcome = await script("bench", ["--json", path]);
      const rows = (await readJson<Parameters<typeof checkGas>[0]>(path)) ?? [];
      const { figures, problems } = await checkGas(rows, update);
      return { figures, problems: [...outcome.problems, ...problems] };
    },
  },
  tests: {
    what: "behaviour, 1,000 fuzz runs, invariants, packages, end to end",
    run: () => script("test", ["--fuzz", "ci"]),
  },
  forge: {
    what: "the Solidity tests under a second runner",
    async run() {
      const { spawnSync } = await import("node:child_process");
      const { status, stdout, stderr } = spawnSync(await foundry("forge"), ["test"], { cwd: ROOT, encoding: "utf8" });
      const text = plain(`${stdout}${stderr}`);
      const summary = text.split("\n").findLast((line) => line.startsWith("Ran ")) ?? "";
      const figures = summary.replace(/^.*: (\d+ tests passed).*$/, "$1");
      return { figures, problems: status === 0 ? [] : text.split("\n").slice(-25) };
    },
  },
  coverage: {
    what: "lines 100 %, branches ≥ 95 %",
    run: () => script("coverage", [], (text) => text.split("\n").findLast((line) => line.startsWith("lines ")) ?? ""),
  },
  prove: { what: "state machines and threshold rules proved", run: () => script("prove") },
  mutation: {
    what: `mutation score ≥ ${REQUIRED} % a contract`,
    async run({ folder, update }) {
      const path = join(folder, "mutation.json");
      const outcome = await script("mutate", ["--stale", "--json", path, ...(update ? ["--update"] : [])]);
      const { figures = [] } = (await readJson<MutationResult>(path)) ?? {};
      const sum = (key: "mutants" | "killed" | "explained"): number =>
        figures.reduce((total, figure) => total + figure[key], 0);
      const now = figures.filter((figure) => figure.now).length;
      return {
        figures: `${figures.length - now} files fresh, ${now} stale and judged; ${sum("killed")} of ${sum("mutants")} killed, ${sum("explained")} explained`,
        problems: outcome.problems,
      };
    },
  },
};

/** What `npm run mutate -- --json` writes. */
interface MutationResult {
  readonly figures: readonly {
    readonly mutants: number;
    readonly killed: number;
    readonly explained: number;
    /** Judged in this very run, not on record. */
    readonly now: boolean;
  }[];
}

const USAGE = `Usage: npm run assure -- [--only RUNG]... [--skip RUNG]... [--resume] [--json FILE] [--update]

Climbs the ladder and ends with one table; the exit code is 0 only when every rung holds. Rungs:
${Object.entries(RUNGS)
  .map(([name, { what }]) => `  ${name.padEnd(10)} ${what}`)
  .join("\n")}
Each rung writes what it does to .tools/assure/RUNG.log while it runs. --resume leaves out the rungs that held before in
this very state of the checkout, so that an interrupted run goes on where it was.
--update writes the records of test/assurance (rungs records, gas and mutation) anew; look at the difference before you commit it.

Example: npm run assure -- --only abi --only records`;

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      skip: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      resume: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  for (const name of [...(values.only ?? []), ...values.skip])
    if (RUNGS[name] === undefined)
      throw new UsageError(`unknown rung ${name}; there are ${Object.keys(RUNGS).join(", ")}`);
  const chosen = Object.entries(RUNGS).filter(
    ([name]) => (values.only?.includes(name) ?? true) && !values.skip.includes(name),
  );

  const folder = await mkdtemp(join(tmpdir(), "publica-assure-"));
  await mkdir(LOGS, { recursive: true });
  const state = stateOfCheckout();
  const before = await readJson<Held>(HELD);
  const held: Held = values.resume && before?.state === state ? before : { state, rungs: {} };
  const line = new ProgressLine();
  const results: { rung: string; figures: string; seconds: number; holds: boolean; problems: readonly string[] }[] = [];
  try {
    for (const [name, rung] of chosen) {
      const earlier = held.rungs[name];
      if (earlier !== undefined) {
        results.push({ rung: name, ...earlier, holds: true, problems: [] });
        line.done(`${name}: ${earlier.figures} (held before)`);
        continue;
      }
      line.update(`${name}: ${rung.what}`);
      const started = Date.now();
      const { figures, problems } = await rung
        .run({ folder, update: values.update })
        .catch((error: unknown): Outcome => ({ figures: "", problems: [String(error)] }));
      const holds = problems.length === 0;
      const seconds = Math.round((Date.now() - started) / 1000);
      results.push({ rung: name, figures, seconds, holds, problems });
      if (holds) {
        held.rungs[name] = { figures, seconds };
        await writeFile(HELD, JSON.stringify(held, null, 2));
      }
      if (holds) line.done(`${name}: ${figures}`);
      else {
        line.fail(`${name} is broken`);
        for (const problem of problems) console.log(`  ${problem}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const rows = results.map(({ rung, figures, seconds, holds }) => [
    rung,
    RUNGS[rung]?.what ?? "",
    figures.length > 90 ? `${figures.slice(0, 89)}…` : figures,
    `${seconds} s`,
    holds ? pc.green("holds") : pc.red("broken"),
  ]);
  console.log(table(["rung", "what", "figures", "time", "verdict"], rows, [3]));
  const broken = results.filter(({ holds }) => !holds).length;
  console.log(broken === 0 ? `all ${results.length} rungs hold` : `${broken} of ${results.length} rungs are broken`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
  return broken === 0 ? 0 : 1;
});
