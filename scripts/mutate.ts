// npm run mutate -- Contract: breaks the contract in every small way the mutator knows and sees whether a test turns red.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { createScratch, testFiles } from "./lib/scratch.ts";
import { command, UsageError } from "./lib/usage.ts";
import { Crew } from "./mutate/crew.ts";
import { type ContractFile, dependents, embed, prune, readContracts } from "./mutate/embed.ts";
import type { Mutant } from "./mutate/mutations.ts";
import {
  amend,
  figuresOf,
  freshness,
  isExplained,
  isStale,
  mutableFiles,
  readExplained,
  readVerdicts,
  REQUIRED,
  type Surveyed,
  survey,
  SURVIVORS,
  unexplained,
  type Verdict,
  VERDICTS,
  writeVerdicts,
} from "./mutate/verdicts.ts";

const USAGE = `Usage: npm run mutate -- [CONTRACT]... [--all | --stale | --alive | --since REVISION] [--update] [--minutes N]
                         [--list] [--jobs N] [--json FILE]

Mutates the contracts (flipped comparisons and operators, dropped checks, statements and events, shifted constants),
compiles all mutants at once and runs, for each, the tests that pass its place until one fails. ${REQUIRED} % must be
killed; a survivor that is no gap in the tests is explained in ${SURVIVORS}.

Which mutants: those of the contracts named; --all of every contract. --since only those in lines changed since REVISION.
--stale only those of files that changed since their verdict in ${VERDICTS}, or have none.
--alive only those that lived when they were judged and that nobody has explained: for new tests of old contracts.
The last three take the contracts named or, without a name, every contract.
--update keeps the verdicts in that file, each as soon as its contract is done; the figures of all are counted anew.
--minutes stops after N minutes. The exit code is 0 only when every contract asked for has a verdict that is good enough.
--list only shows the mutants. --jobs says how many processes work (default: one a core).

Example: npm run mutate -- SensorFeeds
         npm run mutate -- --since main
         npm run mutate -- --stale --update --minutes 60`;

/** What is to be judged of one file. */
interface Task extends Surveyed {
  /** Number of the file's first mutant: numbers are spread over all files, which are compiled and tested at once. */
  readonly first: number;
  /** The mutants to judge, by their number in the file. */
  readonly wanted: ReadonlySet<number>;
}

/** Lines of `file` that differ from `revision`. */
function changedLines(file: string, revision: string): Set<number> {
  const lines = new Set<number>();
  const diff = execFileSync("git", ["diff", "--unified=0", revision, "--", file], { cwd: ROOT, encoding: "utf8" });
  for (const [, start, count] of diff.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm))
    for (let line = Number(start); line < Number(start) + Number(count ?? 1); line++) lines.add(line);
  return lines;
}

/** The text of a test with that of the helpers it imports; the packages are no helpers. */
async function textWithHelpers(path: string, seen = new Set<string>()): Promise<string> {
  if (seen.has(path) || path.startsWith("packages") || path.startsWith("contracts") || !existsSync(join(ROOT, path)))
    return "";
  seen.add(path);
  const texts = [await readFile(join(ROOT, path), "utf8")];
  for (const [, imported = ""] of (texts[0] ?? "").matchAll(/(?:from|import) "(\.[^"]+)"/g))
    texts.push(await textWithHelpers(join(dirname(path), imported), seen));
  return texts.join("\n");
}

/**
 * Tests that concern `file`: named after it or after a contract that uses it, or mentioning one of these; of Solidity tests
 * their helpers' words count as well, and of the others where no test mentions the file.
 */
async function testsOf(
  file: string,
  files: ReadonlyMap<string, ContractFile>,
): Promise<{ solidity: string[]; mocha: string[] }> {
  const names = new Set([...dependents(file, files)].map((path) => basename(path, ".sol")));
  const own = basename(file, ".sol");
  const pick = async (
    suffix: ".t.sol" | ".ts",
    textOf: (path: string) => Promise<string>,
  ): Promise<[priority: number, path: string][]> => {
    const chosen: [priority: number, path: string][] = [];
    for (const path of testFiles(suffix)) {
      const stem = basename(path, suffix).split(".")[0] ?? "";
      const text = await textOf(path);
      if (stem === own) chosen.push([0, path]);
      else if (new RegExp(`\\b${own}\\b`).test(text)) chosen.push([1, path]);
      else if ([...names].some((name) => name === stem || new RegExp(`\\b${name}\\b`).test(text)))
        chosen.push([2, path]);
    }
    return chosen;
  };
  const sorted = (chosen: [priority: number, path: string][]): string[] =>
    chosen.sort(([a], [b]) => a - b).map(([, path]) => path);
  // A Solidity test meets what its fixture sets up; most TypeScript tests name what they deploy.
  const solidity = sorted(await pick(".t.sol", textWithHelpers));
  for (const textOf of [(path: string) => readFile(join(ROOT, path), "utf8"), textWithHelpers]) {
    const mocha = sorted(await pick(".ts", textOf));
    if (solidity.length + mocha.length > 0) return { solidity, mocha };
  }
  throw new Error(`${file} has no test`);
}

/** The options that say which mutants are meant. */
interface Choice {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly stale: boolean;
  readonly alive: boolean;
  readonly since: string | undefined;
}

/** The files asked for, and what is to be judged of them. */
function choose({ names, all, stale, alive, since }: Choice): { chosen: Surveyed[]; tasks: Task[] } {
  if ([all, stale, alive, since !== undefined].filter(Boolean).length > 1)
    throw new UsageError("--all, --stale, --alive and --since exclude each other");
  if (names.length === 0 && !all && !stale && !alive && since === undefined) throw new UsageError("which contract?");
  const files = mutableFiles();
  for (const name of names)
    if (!files.some((file) => basename(file, ".sol") === name)) throw new UsageError(`there is no contract ${name}`);
  const chosen = survey(files.filter((file) => names.length === 0 || names.includes(basename(file, ".sol"))));
  const explained = readExplained();
  const mutantsToJudge = (surveyed: Surveyed): readonly Pick<Mutant, "id">[] => {
    const { file, mutants, verdict } = surveyed;
    if (stale) return isStale(surveyed) ? mutants : [];
    if (alive) return verdict === undefined ? [] : unexplained(file, verdict, explained);
    if (since === undefined) return mutants;
    const lines = changedLines(file, since);
    return mutants.filter(({ line }) => lines.has(line));
  };
  const tasks = chosen.map((surveyed, index) => ({
    ...surveyed,
    first: 1 + index * 10_000,
    wanted: new Set(mutantsToJudge(surveyed).map(({ id }) => id)),
  }));
  return { chosen, tasks: tasks.filter(({ wanted }) => wanted.size > 0) };
}

/** Judges the mutants of `tasks`; `found` hears of each file that is done: which compile, which of them live. */
async function judge(
  tasks: readonly Task[],
  jobs: number,
  deadline: number,
  found: (task: Task, judged: ReadonlySet<number>, alive: ReadonlySet<number>) => void,
): Promise<void> {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  // The tests read the SDK's generated ABIs.
  process.env.PUBLICA_BUILD = "fast";
  await build("default");
  delete process.env.PUBLICA_BUILD;
  const line = new ProgressLine();
  const scratch = await createScratch("mutate", SCRATCH_CONFIG);
  const files = await readContracts();
  const targets = tasks.map(({ file, content, first, wanted }) => ({
    file,
    content,
    first,
    wanted: ({ id }: Mutant) => wanted.has(id - first + 1),
  }));
  const tests = { solidity: new Set<string>(), mocha: new Set<string>() };
  const concerned = new Map<Task, ReadonlySet<string>>();
  for (const task of tasks) {
    const own = await testsOf(task.file, files);
    for (const path of own.solidity) tests.solidity.add(path);
    for (const path of own.mocha) tests.mocha.add(path);
    concerned.set(task, new Set([...own.solidity, ...own.mocha]));
  }
  const mutants = await embed(scratch, targets, files, (text) => line.update(text));
  const queue: (Mutant & { readonly task: Task; readonly tests: ReadonlySet<string> })[] = [];
  const left = new Map<Task, number>();
  for (const task of tasks) {
    const compiled = mutants.get(task.file) ?? [];
    left.set(task, compiled.length);
    for (const mutant of compiled) queue.push({ ...mutant, task, tests: concerned.get(task) ?? new Set() });
  }
  line.update("compiling the mutants with their tests");
  const solidity = [...tests.solidity].sort();
  const mocha = [...tests.mocha].sort();
  await prune(scratch, { solidity, mocha }, files);
  const compiled = await scratch.hardhat(["build"]);
  if (compiled.code !== 0)
    throw new Error(`the mutated contracts do not compile with their tests:\n${compiled.output}`);
  line.done(`${queue.length} mutants compiled (${seconds()})`);

  const crew = new Crew(scratch.folder, { solidity, mocha }, jobs);
  try {
    await crew.record((done, count) => line.update(`which tests pass which mutants: ${done} of ${count}`));
    line.done(`${crew.size} tests run without a mutant (${seconds()})`);
    for (const { unit, failure } of crew.leftOut)
      console.log(`${pc.yellow("left out")} ${unit.file}: ${unit.title}: ${failure.split("\n")[0]}`);
    if (crew.leftOut.length > crew.size / 10) throw new Error("the tests do not hold without any mutant");

    const explained = readExplained();
    const alive = new Map(tasks.map((task) => [task, new Set<number>()]));
    const finish = (task: Task): void => {
      const living = alive.get(task) ?? new Set();
      const judged = new Set(mutants.get(task.file)?.map(({ id }) => id - task.first + 1));
      line.done(`${task.file}: ${judged.size - living.size} of ${judged.size} mutants killed (${seconds()})`);
      found(task, judged, living);
    };
    for (const [task, count] of left) if (count === 0) finish(task);
    let [done, living] = [0, 0];
    function* timely(): Generator<(typeof queue)[number]> {
      for (const mutant of queue) {
        if (Date.now() > deadline) return;
        yield mutant;
      }
    }
    await crew.judge(timely(), (mutant, verdict) => {
      const { task, id, file, line: at, mutation, code } = mutant;
      if (verdict.alive) {
        living += 1;
        alive.get(task)?.add(id - task.first + 1);
        if (!isExplained(file, mutant, explained))
          line.done(
            `${pc.yellow("alive")} ${file}:${at}  ${mutation}  ${pc.dim(code)}  (${verdict.tests} tests pass it)`,
          );
      }
      const rest = (left.get(task) ?? 0) - 1;
      left.set(task, rest);
      if (rest === 0) finish(task);
      line.update(`${++done} of ${queue.length} mutants, ${living} alive`);
    });
  } finally {
    crew.stop();
  }
}

/** The verdict on all that was asked for of a file. */
function verdictOf({ hash, mutants, wanted }: Task, judged: ReadonlySet<number>, alive: ReadonlySet<number>): Verdict {
  return {
    hash,
    mutants: judged.size,
    stillborn: wanted.size - judged.size,
    alive: mutants.filter(({ id }) => alive.has(id)).map(({ id, mutation, code }) => ({ id, mutation, code })),
  };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      since: { type: "string" },
      all: { type: "boolean", default: false },
      stale: { type: "boolean", default: false },
      alive: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      minutes: { type: "string", default: "Infinity" },
      list: { type: "boolean", default: false },
      json: { type: "string" },
      jobs: { type: "string", default: String(availableParallelism()) },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [minutes, jobs] = [Number(values.minutes), Number(values.jobs)];
  if (!(minutes > 0)) throw new UsageError("--minutes takes a number above zero");
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError("--jobs takes a whole number above zero");
  if (values.update && values.since !== undefined)
    throw new UsageError("--since judges parts of files, of which no verdict is kept: leave out --update");
  const deadline = Date.now() + minutes * 60_000;
  const { chosen, tasks } = choose({ ...values, names: positionals, since: values.since });
  if (values.list) {
    const lines = tasks.flatMap(({ file, mutants, wanted }) =>
      mutants
        .filter(({ id }) => wanted.has(id))
        .map(({ line: at, mutation, code }) => `${file}:${at}  ${mutation}  ${code}\n`),
    );
    // The end of the process does not wait for a pipe that is full.
    await new Promise<void>((resolve) => process.stdout.write(lines.join(""), () => resolve()));
    return 0;
  }

  // What the report speaks of: verdicts on record where only a part is judged anew, and those of this run.
  const verdicts = new Map<string, Verdict>();
  if (values.stale || values.alive)
    for (const { file, verdict } of chosen) if (verdict !== undefined) verdicts.set(file, verdict);
  const now = new Set<string>();
  const keep = (changed: ReadonlyMap<string, Verdict>): void => {
    if (values.update) writeVerdicts(new Map([...readVerdicts(), ...changed]));
  };
  keep(new Map());
  if (tasks.length === 0) console.log("nothing to judge");
  else
    await judge(tasks, jobs, deadline, (task, judged, alive) => {
      const { file, verdict: before } = task;
      const verdict =
        values.alive && before !== undefined ? amend(before, judged, alive) : verdictOf(task, judged, alive);
      verdicts.set(file, verdict);
      now.add(file);
      keep(new Map([[file, verdict]]));
    });

  const explained = readExplained();
  const asked = values.since === undefined ? chosen.filter(({ mutants }) => mutants.length > 0) : tasks;
  const rows: string[][] = [];
  const figures: object[] = [];
  const survivors: Mutant[] = [];
  const missing: string[] = [];
  let good = true;
  for (const { file, mutants } of asked) {
    const verdict = verdicts.get(file);
    if (verdict === undefined) {
      missing.push(file);
      continue;
    }
    const { killed, explained: excused, score } = figuresOf(file, verdict, explained);
    const open = new Set(unexplained(file, verdict, explained).map(({ id }) => id));
    survivors.push(...mutants.filter(({ id }) => open.has(id)));
    good &&= score >= REQUIRED;
    figures.push({ file, mutants: verdict.mutants, killed, explained: excused, score, now: now.has(file) });
    rows.push([
      relative("contracts", file),
      String(verdict.mutants),
      String(killed),
      String(excused),
      String(open.size),
      String(verdict.stillborn),
      score >= REQUIRED ? pc.green(`${score.toFixed(1)} %`) : pc.red(`${score.toFixed(1)} %`),
      now.has(file) ? "now" : "on record",
    ]);
  }
  for (const { file, line: at, code, mutation } of survivors)
    console.log(`${pc.yellow("alive")} ${file}:${at}  ${mutation}  ${pc.dim(code)}`);
  console.log(
    table(
      ["contract", "mutants", "killed", "explained", "alive", "stillborn", "score", "judged"],
      rows,
      [1, 2, 3, 4, 5, 6],
    ),
  );
  if (survivors.length > 0) console.log(`Kill the survivors with a test, or explain them in ${SURVIVORS}.`);
  if (missing.length > 0) console.log(`${pc.yellow("no verdict")} ${missing.join(", ")}`);
  if (values.update) console.log(freshness(survey()));
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ figures, survivors, missing }, null, 2)}\n`);
  return good && missing.length === 0 ? 0 : 1;
}

const SCRATCH_CONFIG = `for (const network of Object.values(config.networks) as any[])
  if (network.type === "edr-simulated") Object.assign(network, { allowUnlimitedContractSize: true, transactionGasCap: false, blockGasLimit: 1_000_000_000 });
config.test.solidity = { ...config.test.solidity, profiles: { default: { ...config.test.solidity.profiles.default, fuzz: { runs: 64, seed: "0x5075" }, invariant: { runs: 16, depth: 30, failOnRevert: true, shrinkRunLimit: 0 } } } };`;

await command(USAGE, main);
