// npm run prove: the compiler's model checker proves the rules of the state machines, for any order of any calls.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import pc from "picocolors";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { parse } from "./lib/solidity.ts";
import { command, UsageError } from "./lib/usage.ts";
import type { ProveJob, ProveResult } from "./lib/prover.ts";

/** The solver has no clock of its own inside WebAssembly. */
const LIMIT_MS = 600_000;
const HARNESSES = join("test", "smt");

const USAGE = `Usage: npm run prove -- [NAME]... [--json FILE]

Proves every assertion of the harnesses in test/smt/*.smt.sol with the compiler's own SMTChecker (constrained Horn
clauses, Z3; both inside npm's solc). A contract whose name ends in Refuted states something false on purpose: the
checker must find its counterexample, which shows that the proofs beside it mean something.

Example: npm run prove -- Median`;

function check(job: ProveJob): Promise<ProveResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./lib/prover.ts", import.meta.url), { workerData: job });
    const timer = setTimeout(() => {
      void worker.terminate();
      resolve({
        proved: 0,
        refuted: [],
        unproved: [],
        messages: [`${job.contract}: no answer in ${LIMIT_MS / 1_000} s`],
      });
    }, LIMIT_MS);
    worker.once("message", (result: ProveResult) => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(result);
    });
    worker.once("error", reject);
  });
}

await command(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const files = readdirSync(join(ROOT, HARNESSES))
    .filter((file) => file.endsWith(".smt.sol"))
    .sort();
  const chosen = files.filter((file) => positionals.length === 0 || positionals.includes(file.replace(".smt.sol", "")));
  if (chosen.length === 0)
    throw new UsageError(`there is no harness ${positionals.join(", ")}; there are ${files.join(", ")}`);

  const line = new ProgressLine();
  const rows: string[][] = [];
  const trouble: string[] = [];
  let proved = 0;
  for (const file of chosen) {
    const path = `${HARNESSES.replaceAll("\\", "/")}/${file}`;
    const tree = parse(await readFile(join(ROOT, path), "utf8"));
    const contracts = (tree.nodes as { nodeType: string; name: string; abstract?: boolean; contractKind?: string }[])
      .filter(
        ({ nodeType, abstract, contractKind }) =>
          nodeType === "ContractDefinition" && !abstract && contractKind === "contract",
      )
      .map(({ name }) => name);
    for (const contract of contracts) {
      line.update(`${contract}: proving`);
      const started = Date.now();
      const result = await check({ path, contract });
      const falseOnPurpose = contract.endsWith("Refuted");
      const holds = falseOnPurpose
        ? result.refuted.length > 0
        : result.refuted.length === 0 && result.unproved.length === 0 && result.proved > 0;
      if (!falseOnPurpose) proved += result.proved;
      if (!holds) trouble.push(...result.messages, ...result.refuted, ...result.unproved);
      const verdict = falseOnPurpose
        ? holds
          ? "refuted, as it must be"
          : "not refuted"
        : holds
          ? "proved"
          : "not proved";
      rows.push([
        file,
        contract,
        String(result.proved),
        `${((Date.now() - started) / 1000).toFixed(1)} s`,
        holds ? pc.green(verdict) : pc.red(verdict),
      ]);
      line.done(`${contract}: ${verdict}`);
    }
  }
  for (const text of trouble) console.log(text);
  console.log(table(["harness", "contract", "proved", "time", "verdict"], rows, [2, 3]));
  console.log(`${proved} properties proved, ${trouble.length === 0 ? "none open" : "some open"}`);
  return trouble.length === 0 ? 0 : 1;
});
