// npm run mutate -- Contract: breaks the contract in every small way the mutator knows and sees whether a test turns red.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { contractFiles, createScratch, testFiles } from "./lib/scratch.ts";
import { command, UsageError } from "./lib/usage.ts";
import { Crew } from "./mutate/crew.ts";
import { type ContractFile, dependents, embed, prune, readContracts, type Target } from "./mutate/embed.ts";
import { type Mutant, mutate } from "./mutate/mutations.ts";

const REQUIRED = 90;

const USAGE = `Usage: npm run mutate -- [CONTRACT]... [--all] [--since REVISION] [--list] [--jobs N] [--json FILE]

Mutates the contracts (flipped comparisons and operators, dropped checks, statements and events, shifted constants),
compiles all mutants at once and runs, for each, the tests that pass its place until one fails. ${REQUIRED} % must be
killed; a survivor that is no gap in the tests is explained in test/assurance/survivors.json. --since mutates only the
lines changed since REVISION, in the contracts named or, without a name, in all that changed; --all every contract.
--list only shows the mutants. --jobs says how many processes work (default: one a core).

Example: npm run mutate -- SensorFeeds
         npm run mutate -- --since main`;

const SURVIVORS = join("test", "assurance", "survivors.json");

/** A mutant no test can kill or that is not worth one. `code` is the original text of the place. */
interface Explained {
  readonly file: string;
  readonly code: string;
  readonly mutation: string;
  readonly reason: string;
}

/** Lines of `file` that differ from `revision`. */
function changedLines(file: string, revision: string): Set<number> {
  const lines = new Set<number>();
  const diff = execFileSync("git", ["diff", "--unified=0", revision, "--", file], { cwd: ROOT, encoding: "utf8" });
  for (const [, start, count] of diff.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm))
    for (let line = Number(start); line < Number(start) + Number(count ?? 1); line++) lines.add(line);
  return lines;
}

/** Tests that concern `file`: named after it or after a contract that uses it; in another folder when they mention it. */
async function testsOf(
  file: string,
  files: ReadonlyMap<string, ContractFile>,
): Promise<{ solidity: string[]; mocha: string[] }> {
  const names = new Set([...dependents(file, files)].map((path) => basename(path, ".sol")));
  const own = basename(file, ".sol");
  const pick = async (suffix: ".t.sol" | ".ts"): Promise<string[]> => {
    const chosen: [priority: number, path: string][] = [];
    for (const path of testFiles(suffix)) {
      const stem = basename(path, suffix).split(".")[0] ?? "";
      const text = await readFile(join(ROOT, path), "utf8");
      if (stem === own) chosen.push([0, path]);
      else if (new RegExp(`\\b${own}\\b`).test(text)) chosen.push([1, path]);
      else if ([...names].some((name) => name === stem || new RegExp(`\\b${name}\\b`).test(text)))
        chosen.push([2, path]);
    }
    return chosen.sort(([a], [b]) => a - b).map(([, path]) => path);
  };
  return { solidity: await pick(".t.sol"), mocha: await pick(".ts") };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      since: { type: "string" },
      all: { type: "boolean" },
      list: { type: "boolean" },
      json: { type: "string" },
      jobs: { type: "string", default: String(availableParallelism()) },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length === 0 && values.since === undefined && !values.all) throw new UsageError("which contract?");
  const all = contractFiles().filter((file) => !/[\\/]interfaces[\\/]/.test(file));
  const chosen = all.filter(
    (file) =>
      (positionals.length === 0 || positionals.includes(basename(file, ".sol"))) &&
      (values.since === undefined || changedLines(file, values.since).size > 0),
  );
  for (const name of positionals)
    if (!all.some((file) => basename(file, ".sol") === name)) throw new UsageError(`there is no contract ${name}`);
  if (chosen.length === 0) {
    console.log("no contract changed: nothing to mutate");
    return 0;
  }

  const explained = existsSync(join(ROOT, SURVIVORS))
    ? (JSON.parse(await readFile(join(ROOT, SURVIVORS), "utf8")) as Explained[])
    : [];
  const isExplained = ({ file, code, mutation }: Mutant): boolean =>
    explained.some((entry) => entry.file === file && entry.code === code && entry.mutation === mutation);

  // Numbers are spread over all files, so that all of them are compiled and tested at once.
  const targets: Target[] = [];
  for (const [index, file] of chosen.entries()) {
    const content = await readFile(join(ROOT, file), "utf8");
    const only = values.since === undefined ? undefined : changedLines(file, values.since);
    targets.push({ file, content, first: 1 + index * 10_000, wanted: ({ line: at }) => only?.has(at) ?? true });
  }
  if (values.list) {
    for (const { file, content, first, wanted } of targets)
      for (const { line: at, mutation, code } of mutate(file, content, wanted, first).mutants)
        console.log(`${file}:${at}  ${mutation}  ${code}`);
    return 0;
  }

  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  // The tests read the SDK's generated ABIs.
  process.env.PUBLICA_BUILD = "fast";
  await build("default");
  delete process.env.PUBLICA_BUILD;
  const line = new ProgressLine();
  const scratch = await createScratch("mutate", SCRATCH_CONFIG);
  const files = await readContracts();
  const { mutants, refused } = await embed(scratch, targets, files, (text) => line.update(text));
  const concerned = new Map<string, Set<string>>();
  const tests = { solidity: new Set<string>(), mocha: new Set<string>() };
  for (const { file } of targets) {
    const own = await testsOf(file, files);
    if (own.solidity.length + own.mocha.length === 0) throw new Error(`${file} has no test`);
    concerned.set(file, new Set([...own.solidity, ...own.mocha]));
    for (const path of own.solidity) tests.solidity.add(path);
    for (const path of own.mocha) tests.mocha.add(path);
  }
  line.update("compiling the mutants with their tests");
  const solidity = [...tests.solidity].sort();
  const mocha = [...tests.mocha].sort();
  await prune(scratch, { solidity, mocha }, files);
  const compiled = await scratch.hardhat(["build"]);
  if (compiled.code !== 0) {
    line.fail("the mutated contracts do not compile with their tests");
    process.stderr.write(compiled.output);
    return 1;
  }
  line.done(`${[...mutants.values()].flat().length} mutants compiled (${seconds()})`);

  const rows: string[][] = [];
  const survivors: (Mutant & { readonly tests: number })[] = [];
  const figures: { file: string; mutants: number; killed: number; explained: number; score: number }[] = [];
  const crew = new Crew(scratch.folder, { solidity, mocha }, Number(values.jobs));
  try {
    await crew.record((done, count) => line.update(`which tests pass which mutants: ${done} of ${count}`));
    line.done(`${crew.size} tests run without a mutant (${seconds()})`);
    for (const { unit, failure } of crew.leftOut)
      console.log(`${pc.yellow("left out")} ${unit.file}: ${unit.title}: ${failure.split("\n")[0]}`);
    if (crew.leftOut.length > crew.size / 10) throw new Error("the tests do not hold without any mutant");

    const judged = new Map<number, boolean>();
    const passing = new Map<number, number>();
    const queue = targets.flatMap(({ file }) =>
      (mutants.get(file) ?? []).map((mutant) => ({ ...mutant, tests: concerned.get(file) ?? new Set<string>() })),
    );
    const left = new Map(targets.map(({ file }) => [file, mutants.get(file)?.length ?? 0]));
    await crew.judge(queue, (id, verdict) => {
      judged.set(id, verdict.alive);
      passing.set(id, verdict.tests);
      const mutant = queue.find((queued) => queued.id === id) as Mutant;
      const { file } = mutant;
      if (verdict.alive && !isExplained(mutant))
        line.done(
          `${pc.yellow("alive")} ${file}:${mutant.line}  ${mutant.mutation}  ${pc.dim(mutant.code)}  (${verdict.tests} tests pass it)`,
        );
      left.set(file, (left.get(file) ?? 0) - 1);
      if (left.get(file) === 0) {
        const own = mutants.get(file) ?? [];
        const dead = own.filter((mutant) => judged.get(mutant.id) === false).length;
        line.done(`${file}: ${dead} of ${own.length} mutants killed (${seconds()})`);
      }
      const living = [...judged.values()].filter(Boolean).length;
      line.update(`${judged.size} of ${queue.length} mutants, ${living} alive`);
    });

    for (const { file } of targets) {
      const own = mutants.get(file) ?? [];
      const alive = own.filter(({ id }) => judged.get(id));
      const excused = alive.filter(isExplained);
      for (const mutant of alive)
        if (!isExplained(mutant)) survivors.push({ ...mutant, tests: passing.get(mutant.id) ?? 0 });
      const killed = own.length - alive.length;
      const counted = own.length - excused.length;
      const score = counted === 0 ? 100 : (100 * killed) / counted;
      figures.push({ file, mutants: own.length, killed, explained: excused.length, score });
      rows.push([
        relative("contracts", file),
        String(own.length),
        String(killed),
        String(excused.length),
        String(alive.length - excused.length),
        String(refused.get(file) ?? 0),
        score >= REQUIRED ? pc.green(`${score.toFixed(1)} %`) : pc.red(`${score.toFixed(1)} %`),
      ]);
    }
  } finally {
    crew.stop();
  }
  for (const { file, line: number, code, mutation, tests: passed } of survivors)
    console.log(`${pc.yellow("alive")} ${file}:${number}  ${mutation}  ${pc.dim(code)}  (${passed} tests pass it)`);
  console.log(
    table(["contract", "mutants", "killed", "explained", "alive", "stillborn", "score"], rows, [1, 2, 3, 4, 5, 6]),
  );
  if (survivors.length > 0) console.log(`Kill the survivors with a test, or explain them in ${SURVIVORS}.`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ figures, survivors }, null, 2)}\n`);
  return figures.every(({ score }) => score >= REQUIRED) ? 0 : 1;
}

const SCRATCH_CONFIG = `for (const network of Object.values(config.networks) as any[])
  if (network.type === "edr-simulated") Object.assign(network, { allowUnlimitedContractSize: true, transactionGasCap: false, blockGasLimit: 1_000_000_000 });
config.test.solidity = { ...config.test.solidity, profiles: { default: { ...config.test.solidity.profiles.default, fuzz: { runs: 64, seed: "0x5075" }, invariant: { runs: 16, depth: 30, failOnRevert: true, shrinkRunLimit: 0 } } } };`;

await command(USAGE, main);
