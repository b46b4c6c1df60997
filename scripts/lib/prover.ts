// One run of the compiler's model checker, in a thread of its own: the compiler starts anew and the clock can be watched.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { ROOT } from "./run.ts";
import { compile } from "./solidity.ts";

export interface ProveJob {
  /** Harness file from the top folder. */
  readonly path: string;
  readonly contract: string;
  /** The file without the other contracts. */
  readonly source: string;
}

export interface ProveResult {
  readonly proved: number;
  /** Counterexamples. */
  readonly refuted: readonly string[];
  /** Neither proved nor refuted. */
  readonly unproved: readonly string[];
  /** Anything else that went wrong. */
  readonly messages: readonly string[];
}

function readImport(path: string): { contents: string } | { error: string } {
  const file = [join(ROOT, path), join(ROOT, "node_modules", path)].find((candidate) => existsSync(candidate));
  return file === undefined ? { error: `${path} is not there` } : { contents: readFileSync(file, "utf8") };
}

function prove({ path, contract, source }: ProveJob): ProveResult {
  const output = compile<object>(
    {
      language: "Solidity",
      sources: { [path]: { content: source } },
      settings: {
        evmVersion: "cancun",
        outputSelection: {},
        // No `timeout`: the WebAssembly build has no threads to measure it with.
        modelChecker: {
          engine: "chc",
          solvers: ["z3"],
          contracts: { [path]: [contract] },
          targets: ["assert", "divByZero", "outOfBounds"],
          divModNoSlacks: true,
          showProvedSafe: true,
          showUnproved: true,
        },
      },
    },
    readImport,
  );
  const result = { proved: 0, refuted: [] as string[], unproved: [] as string[], messages: [] as string[] };
  for (const { message, severity, formattedMessage } of output.errors ?? []) {
    if (/^CHC: .*(check is safe|is safe)/i.test(message)) result.proved += 1;
    else if (/^CHC: .*(happens here|violation happens)/i.test(message)) result.refuted.push(formattedMessage);
    else if (/^CHC: .*might happen/i.test(message)) result.unproved.push(formattedMessage);
    else if (severity === "error" || /^CHC|solver|SMT/i.test(message)) result.messages.push(formattedMessage);
  }
  return result;
}

if (!isMainThread) parentPort?.postMessage(prove(workerData as ProveJob));
