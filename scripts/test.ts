// npm test: every layer, one table at the end.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { table } from "./lib/console.ts";
import { binary, hardhat, ROOT, type RunResult, runNode } from "./lib/run.ts";
import { RETRIED } from "./lib/reporter.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm test -- [--layer NAME]... [--profile default|production] [--fuzz default|ci|deep] [--grep TEXT]

Layers, in order:
  contracts  behaviour of the contracts in TypeScript (test/**/*.ts but for e2e)
  packages   the TypeScript packages (packages/*/test)
  e2e        through a real JSON-RPC node (test/e2e)
  solidity   fuzz and invariant tests (test/**/*.t.sol), which Hardhat compiles with the default profile

The contracts under test are the production build unless --profile says otherwise; --fuzz deep runs the long campaigns.
Where CI is set, two of the first three layers run at a time.

Example: npm test -- --layer contracts --profile default --grep CredentialRegistry`;

interface Options {
  readonly fuzz: string;
  readonly grep: string | undefined;
  /** Where it prints as it runs. */
  readonly echo: PassThrough;
}

interface Outcome {
  readonly name: string;
  readonly result: RunResult;
  readonly seconds: number;
}

/** Files below `folder` that end in `suffix`, as paths from the top folder. */
function files(folder: string, suffix: string, skip: readonly string[] = []): string[] {
  const base = join(ROOT, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true })
    .map((entry) => join(folder, String(entry)))
    .filter((path) => path.endsWith(suffix) && !skip.some((prefix) => path.startsWith(join(folder, prefix))))
    .sort();
}

// These layers kill processes, race sockets and wait for other programs: on an unknown machine each of their tests may
// try twice, and the one that had to is named below the table.
const RETRIES = process.env.CI ? ["--retries", "1", "--reporter", join(ROOT, "scripts", "lib", "reporter.ts")] : [];

const grepArgs = (grep: string | undefined): string[] => (grep === undefined ? [] : ["--grep", grep]);

const LAYERS: Record<string, (options: Options) => Promise<RunResult>> = {
  contracts: async ({ grep, echo }) => {
    const behaviour = files("test", ".ts", ["e2e", "utils"]);
    return hardhat(["test", "mocha", "--no-compile", ...grepArgs(grep), ...behaviour], { echo });
  },
  packages: async ({ grep, echo }) => {
    const suites = readdirSync(join(ROOT, "packages")).flatMap((name) =>
      files(join("packages", name, "test"), ".test.ts"),
    );
    if (suites.length === 0) return { code: 0, output: "" };
    return runNode(binary("mocha", "mocha"), ["--timeout", "300000", ...RETRIES, ...grepArgs(grep), ...suites], {
      echo,
    });
  },
  e2e: async ({ grep, echo }) => {
    const suites = files("test/e2e", ".ts");
    if (suites.length === 0) return { code: 0, output: "" };
    return runNode(binary("mocha", "mocha"), ["--timeout", "300000", ...RETRIES, ...grepArgs(grep), ...suites], {
      echo,
    });
  },
  solidity: ({ fuzz, grep, echo }) =>
    hardhat(["test", "solidity", "--test-profile", fuzz, ...grepArgs(grep)], { echo }),
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is being removed
const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "");

function count(output: string, word: "passing" | "failing"): number {
  return [...plain(output).matchAll(new RegExp(`(\\d+) ${word}`, "g"))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

/** What a broken layer said of its failures (its last words if it never came to its summary). */
function failuresOf(output: string): string {
  const lines = plain(output).trimEnd().split("\n");
  const summary = lines.findIndex((line) => /^\s*\d+ failing/.test(line));
  return (summary < 0 ? lines.slice(-40) : lines.slice(summary, summary + 120)).join("\n");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      layer: { type: "string", multiple: true },
      profile: { type: "string", default: "production" },
      fuzz: { type: "string", default: process.env.CI ? "ci" : "default" },
      grep: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = values.layer ?? Object.keys(LAYERS);
  for (const name of chosen) if (LAYERS[name] === undefined) throw new UsageError(`unknown layer ${name}`);
  if (!["default", "production"].includes(values.profile)) throw new UsageError(`unknown profile ${values.profile}`);
  if (!["default", "ci", "deep"].includes(values.fuzz)) throw new UsageError(`unknown fuzz profile ${values.fuzz}`);

  // Hardhat's Solidity runner compiles for itself; every other layer runs on the chosen build.
  if (chosen.some((name) => name !== "solidity")) await build(values.profile);
  // In CI two layers run at a time, each on a core, and are printed in order: whose turn it is, as it runs.
  const waiting = chosen.map((name) => ({ name, echo: new PassThrough(), done: Promise.withResolvers<Outcome>() }));
  const solidity = waiting.filter(({ name }) => name === "solidity");
  const others = waiting.filter(({ name }) => name !== "solidity");
  const worker = async (queue: typeof waiting): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, echo, done } = next;
      const started = Date.now();
      const layer = LAYERS[name] as (options: Options) => Promise<RunResult>;
      const result = await layer({ fuzz: values.fuzz, grep: values.grep, echo });
      echo.end();
      done.resolve({ name, result, seconds: (Date.now() - started) / 1000 });
    }
  };
  // The Solidity runner writes the artifacts the others test, so it waits for them.
  const workers = Promise.all(Array.from({ length: process.env.CI ? 2 : 1 }, () => worker(others))).then(() =>
    worker(solidity),
  );
  const outcomes: Outcome[] = [];
  for (const { name, echo, done } of waiting) {
    console.log(`\n${pc.bold(pc.cyan(`── ${name} `.padEnd(60, "─")))}`);
    for await (const chunk of echo) process.stdout.write(chunk as Buffer);
    outcomes.push(await done.promise);
  }
  await workers;

  const rows: string[][] = [];
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  const retried: string[] = [];
  for (const { name, result, seconds } of outcomes) {
    const ok = count(result.output, "passing");
    const bad = Math.max(count(result.output, "failing"), result.code === 0 ? 0 : 1);
    passed += ok;
    failed += bad;
    retried.push(
      ...plain(result.output)
        .split("\n")
        .filter((text) => text.trim().startsWith(RETRIED)),
    );
    if (bad > 0) broken.push(`${pc.bold(name)}\n${failuresOf(result.output)}`);
    const verdict = bad === 0 ? pc.green("holds") : pc.red("broken");
    rows.push([name, String(ok), String(bad), `${seconds.toFixed(1)} s`, verdict]);
  }
  console.log(`\n${table(["layer", "passed", "failed", "time", "verdict"], rows, [1, 2, 3])}\n`);
  // Again, below the table: a log that was cut at its beginning still says what broke.
  for (const text of retried) console.log(text.trim());
  for (const failures of broken) console.log(`${failures}\n`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

await command(USAGE, main);
