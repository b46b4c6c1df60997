// npm run prove: the compiler's model checker proves the rules of the state machines, for any order of any calls.
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import pc from "picocolors";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { type Node, parse, range } from "./lib/solidity.ts";
import { command, UsageError } from "./lib/usage.ts";
import type { ProveJob, ProveResult } from "./lib/prover.ts";

/** The solver has no clock of its own inside WebAssembly. Each contract here is decided in a small part of this. */
const LIMIT_MS = 600_000;
const HARNESSES = "test/smt";
const SUFFIX = ".smt.sol";

const USAGE = `Usage: npm run prove -- [NAME]... [--jobs N] [--json FILE]

Proves every assertion of the harnesses in test/smt/*.smt.sol with the compiler's own SMTChecker (constrained Horn
clauses, Z3; both inside npm's solc). A contract whose name ends in Refuted states something false on purpose: the
checker must find its counterexample, which shows that the proofs beside it mean something. NAME is a harness or one of
its contracts, which brings its refuted twin along. --jobs says how many solvers work at once (default: one a core).

Example: npm run prove -- Median
         npm run prove -- WillWindow`;

interface Verdict extends ProveResult {
  readonly job: ProveJob;
  readonly seconds: number;
  readonly holds: boolean;
}

const isFalseOnPurpose = ({ contract }: ProveJob): boolean => contract.endsWith("Refuted");
const wordOf = ({ job, holds }: Verdict): string =>
  (holds ? "" : "not ") + (isFalseOnPurpose(job) ? (holds ? "refuted, as it must be" : "refuted") : "proved");

interface ContractNode extends Node {
  readonly name: string;
  readonly abstract?: boolean;
  readonly contractKind?: string;
  readonly baseContracts: readonly { readonly baseName: { readonly name: string } }[];
}

/** Each contract with what it inherits and nothing else: the solver reads all that the file says, once for each. */
async function jobsIn(path: string): Promise<ProveJob[]> {
  const text = await readFile(join(ROOT, path), "utf8");
  const nodes = parse(text).nodes as unknown as readonly ContractNode[];
  const contracts = nodes.filter(({ nodeType }) => nodeType === "ContractDefinition");
  const lineage = (name: string): string[] => {
    const bases = contracts.find((node) => node.name === name)?.baseContracts ?? [];
    return [name, ...bases.flatMap(({ baseName }) => lineage(baseName.name))];
  };
  const sourceOf = (name: string): string => {
    const kept = lineage(name);
    const source = Buffer.from(text);
    // Blanks, so that the messages still name the right places.
    for (const node of contracts) {
      const [start, end] = range(node);
      if (!kept.includes(node.name))
        source.set(
          source.subarray(start, end).map((byte) => (byte === 10 ? 10 : 32)),
          start,
        );
    }
    return source.toString();
  };
  return contracts
    .filter((node) => !node.abstract && node.contractKind === "contract")
    .map(({ name }) => ({ path, contract: name, source: sourceOf(name) }));
}

/** One contract in a thread of its own. */
function check(job: ProveJob): Promise<ProveResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./lib/prover.ts", import.meta.url), { workerData: job });
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      void worker.terminate();
      settle();
    };
    const silence = { proved: 0, refuted: [], unproved: [] };
    const timer = setTimeout(() => {
      const messages = [`${job.contract}: no answer in ${LIMIT_MS / 1_000} s`];
      end(() => resolve({ ...silence, messages }));
    }, LIMIT_MS);
    worker.once("message", (result: ProveResult) => end(() => resolve(result)));
    worker.once("error", (error) => end(() => reject(error)));
  });
}

async function judge(job: ProveJob): Promise<Verdict> {
  const started = Date.now();
  const result = await check(job);
  const sound = result.refuted.length === 0 && result.unproved.length === 0 && result.proved > 0;
  const holds = isFalseOnPurpose(job) ? result.refuted.length > 0 : sound;
  return { ...result, job, seconds: (Date.now() - started) / 1_000, holds };
}

/** All of them, `jobs` at a time, in the order given. */
async function judgeAll(all: readonly ProveJob[], jobs: number): Promise<Verdict[]> {
  const line = new ProgressLine();
  const running = new Set<string>();
  const verdicts: Verdict[] = [];
  const queue = all.entries();
  const work = async (): Promise<void> => {
    for (const [index, job] of queue) {
      running.add(job.contract);
      line.update(`proving ${[...running].join(", ")}`);
      const verdict = await judge(job);
      running.delete(job.contract);
      verdicts[index] = verdict;
      const text = `${job.contract}: ${wordOf(verdict)}`;
      if (verdict.holds) line.done(text);
      else line.fail(text);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return verdicts;
}

await command(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: "string", default: String(availableParallelism()) },
      json: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError(`--jobs ${values.jobs} is no number of solvers`);

  const files = readdirSync(join(ROOT, HARNESSES))
    .filter((file) => file.endsWith(SUFFIX))
    .sort();
  const all = (await Promise.all(files.map((file) => jobsIn(`${HARNESSES}/${file}`)))).flat();
  const isNamed = (name: string, { path, contract }: ProveJob): boolean =>
    basename(path, SUFFIX) === name || contract === name || contract === `${name}Refuted`;
  for (const name of positionals)
    if (!all.some((job) => isNamed(name, job)))
      throw new UsageError(`there is no harness or contract ${name}; there are ${files.join(", ")}`);
  const chosen = all.filter((job) => positionals.length === 0 || positionals.some((name) => isNamed(name, job)));

  const started = Date.now();
  const verdicts = await judgeAll(chosen, jobs);
  const rows = verdicts.map((verdict) => [
    basename(verdict.job.path, SUFFIX),
    verdict.job.contract,
    isFalseOnPurpose(verdict.job) ? "" : String(verdict.proved),
    `${verdict.seconds.toFixed(1)} s`,
    verdict.holds ? pc.green(wordOf(verdict)) : pc.red(wordOf(verdict)),
  ]);
  const open = verdicts.filter(({ holds }) => !holds);
  for (const { messages, refuted, unproved } of open)
    for (const text of [...messages, ...refuted, ...unproved]) console.log(text);
  console.log(table(["harness", "contract", "proved", "time", "verdict"], rows, [2, 3]));
  const proved = verdicts.reduce((sum, verdict) => sum + (isFalseOnPurpose(verdict.job) ? 0 : verdict.proved), 0);
  const seconds = ((Date.now() - started) / 1_000).toFixed(0);
  console.log(`${proved} properties proved in ${seconds} s, ${open.length === 0 ? "none open" : "some open"}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(verdicts, null, 2)}\n`);
  return open.length === 0 ? 0 : 1;
});
