// npm run mutate -- Contract: breaks the contract in every small way the mutator knows and sees whether a test turns red.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { type Mutant, mutate } from "./lib/mutations.ts";
import { ROOT } from "./lib/run.ts";
import { contractFiles, createScratch, type Scratch, testFiles } from "./lib/scratch.ts";
import { type Node, parse, walk } from "./lib/solidity.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run mutate -- [CONTRACT]... [--since REVISION] [--list] [--json FILE]

Mutates the contracts (flipped comparisons and operators, dropped checks, statements and events, shifted constants),
compiles all mutants of a file at once and runs the file's tests once for each. ${90} % must be killed; a survivor that
is no gap in the tests is explained in test/assurance/survivors.json. --since mutates only the lines changed since
REVISION, in the contracts named or, without a name, in all that changed. --list only shows the mutants.

Example: npm run mutate -- SensorFeeds
         npm run mutate -- --since main`;

const REQUIRED = 90;
const SURVIVORS = join("test", "assurance", "survivors.json");

/** A mutant no test can kill or that is not worth one. `code` is the original text of the place. */
interface Explained {
  readonly file: string;
  readonly code: string;
  readonly mutation: string;
  readonly reason: string;
}

interface Verdict {
  readonly mutant: Mutant;
  readonly alive: boolean;
}

/** Lines of `file` that differ from `revision`. */
function changedLines(file: string, revision: string): Set<number> {
  const lines = new Set<number>();
  const diff = execFileSync("git", ["diff", "--unified=0", revision, "--", file], { cwd: ROOT, encoding: "utf8" });
  for (const [, start, count] of diff.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm))
    for (let line = Number(start); line < Number(start) + Number(count ?? 1); line++) lines.add(line);
  return lines;
}

/** Files that a Solidity file imports by relative path, as paths from the top folder. */
function importsOf(file: string, tree: Node): string[] {
  return [...walk(tree)]
    .filter((node) => node.nodeType === "ImportDirective" && String(node.file).startsWith("."))
    .map((node) => join(dirname(file), String(node.file)));
}

/** Every contract file that `file` is part of: itself and what imports it, directly or not, interfaces aside. */
async function dependents(file: string): Promise<Set<string>> {
  const imports = new Map<string, string[]>();
  for (const other of contractFiles())
    imports.set(other, importsOf(other, parse(await readFile(join(ROOT, other), "utf8"))));
  const found = new Set([file]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [other, imported] of imports) if (imported.some((path) => found.has(path))) found.add(other);
  }
  return found;
}

/** Tests that concern `file`: named after it or after a contract that uses it; in another folder when they mention it. */
async function testsOf(file: string): Promise<{ solidity: string[]; mocha: string[] }> {
  const names = new Set([...(await dependents(file))].map((path) => basename(path, ".sol")));
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

/** Compiles with all mutants inside, dropping those the compiler refuses; returns the mutants that remain. */
async function embed(
  scratch: Scratch,
  file: string,
  content: string,
  only: Set<number> | undefined,
): Promise<Mutant[]> {
  const refused = new Set<number>();
  for (let attempt = 0; attempt < 12; attempt++) {
    const { text, mutants } = mutate(
      file,
      content,
      (mutant) => !refused.has(mutant.id) && (only?.has(mutant.line) ?? true),
    );
    await scratch.write(file, text);
    const { code, output } = await scratch.hardhat(["build", "--no-tests"]);
    if (code === 0) return mutants;
    // The compiler names the place; the mutants nearest before it on that line are the culprits.
    const before = refused.size;
    const lines = text.split("\n");
    for (const [, where, line, column] of output.matchAll(/-->\s+(\S+?\.sol):(\d+):(\d+)/g)) {
      if (!(where ?? "").endsWith(basename(file))) continue;
      const upTo = (lines[Number(line) - 1] ?? "").slice(0, Number(column) + 40);
      const marks = [...upTo.matchAll(/Mutants\.on\((\d+)\)/g)].map(([, id]) => Number(id));
      for (const id of marks.slice(-2)) refused.add(id);
    }
    if (refused.size === before) throw new Error(`the mutated ${file} does not compile:\n${output}`);
  }
  throw new Error(`the mutated ${file} does not compile after many attempts`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      since: { type: "string" },
      list: { type: "boolean" },
      json: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length === 0 && values.since === undefined) throw new UsageError("which contract?");
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

  // The tests read the SDK's generated ABIs.
  if (!values.list) await build("production");
  const line = new ProgressLine();
  const rows: string[][] = [];
  const survivors: Mutant[] = [];
  const figures: { file: string; mutants: number; killed: number; explained: number; score: number }[] = [];
  for (const file of chosen) {
    const content = await readFile(join(ROOT, file), "utf8");
    const only = values.since === undefined ? undefined : changedLines(file, values.since);
    if (values.list) {
      for (const { line: number, mutation, code } of mutate(file, content, (m) => only?.has(m.line) ?? true).mutants)
        console.log(`${file}:${number}  ${mutation}  ${code}`);
      continue;
    }
    const started = Date.now();
    line.update(`${file}: compiling its mutants`);
    const scratch = await createScratch(`mutate-${basename(file, ".sol")}`, SCRATCH_CONFIG);
    await mkdir(join(scratch.folder, "contracts"), { recursive: true });
    await scratch.write(join("contracts", "Mutants.sol"), MUTANTS_LIBRARY);
    const mutants = await embed(scratch, file, content, only);
    const tests = await testsOf(file);
    const commands: string[][] = [];
    if (tests.mocha.length > 0) commands.push(["test", "mocha", "--no-compile", "--bail", ...tests.mocha]);
    if (tests.solidity.length > 0) commands.push(["test", "solidity", ...tests.solidity]);
    if (commands.length === 0) throw new Error(`${file} has no test`);

    // Without a mutation everything must be green, and that run says how long is too long.
    const limits: number[] = [];
    for (const args of commands) {
      const began = Date.now();
      const { code, output } = await scratch.hardhat(args, { env: mutantEnv(0) });
      if (code !== 0) {
        line.fail(`${file}: its tests fail without any mutation`);
        process.stderr.write(output);
        return 1;
      }
      limits.push((Date.now() - began) * 4 + 10_000);
    }
    const verdicts: Verdict[] = [];
    for (const mutant of mutants) {
      let alive = true;
      for (const [index, args] of commands.entries()) {
        const timeoutMs = limits[index] as number;
        const { code } = await scratch.hardhat(args, { env: mutantEnv(mutant.id), timeoutMs });
        if (code !== 0) {
          alive = false;
          break;
        }
      }
      verdicts.push({ mutant, alive });
      const living = verdicts.filter((verdict) => verdict.alive).length;
      line.update(`${file}: ${verdicts.length} of ${mutants.length} mutants, ${living} alive`);
    }
    const alive = verdicts.filter((verdict) => verdict.alive).map(({ mutant }) => mutant);
    const excused = alive.filter(isExplained);
    survivors.push(...alive.filter((mutant) => !isExplained(mutant)));
    const killed = mutants.length - alive.length;
    const counted = mutants.length - excused.length;
    const score = counted === 0 ? 100 : (100 * killed) / counted;
    figures.push({ file, mutants: mutants.length, killed, explained: excused.length, score });
    rows.push([
      relative("contracts", file),
      String(mutants.length),
      String(killed),
      String(excused.length),
      String(alive.length - excused.length),
      score >= REQUIRED ? pc.green(`${score.toFixed(1)} %`) : pc.red(`${score.toFixed(1)} %`),
      `${((Date.now() - started) / 1000).toFixed(0)} s`,
    ]);
    line.done(`${file}: ${killed} of ${mutants.length} mutants killed`);
  }
  if (values.list) return 0;
  for (const { file, line: number, code, mutation } of survivors)
    console.log(`${pc.yellow("alive")} ${file}:${number}  ${mutation}  ${pc.dim(code)}`);
  console.log(
    table(["contract", "mutants", "killed", "explained", "alive", "score", "time"], rows, [1, 2, 3, 4, 5, 6]),
  );
  if (survivors.length > 0) console.log(`Kill the survivors with a test, or explain them in ${SURVIVORS}.`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ figures, survivors }, null, 2)}\n`);
  return figures.every(({ score }) => score >= REQUIRED) ? 0 : 1;
}

// Which mutant is switched on is told to the contracts by the one thing none of them looks at: who mined the block.
const MUTANTS_LIBRARY = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

library Mutants {
    function _miner() private view returns (uint160) {
        return uint160(address(block.coinbase));
    }

    function _pure(function() internal view returns (uint160) f) private pure returns (function() pure returns (uint160) g) {
        assembly {
            g := f
        }
    }

    function on(uint160 id) internal pure returns (bool) {
        return _pure(_miner)() == 0x5075626c69630000 + id;
    }
}
`;

const SCRATCH_CONFIG = `const coinbase = process.env.PUBLICA_COINBASE;
for (const network of Object.values(config.networks) as any[])
  if (network.type === "edr-simulated") Object.assign(network, { coinbase, allowUnlimitedContractSize: true, transactionGasCap: false, blockGasLimit: 1_000_000_000 });
config.test.solidity = { ...config.test.solidity, profiles: { default: { ...config.test.solidity.profiles.default, coinbase, fuzz: { runs: 64, seed: "0x5075" }, invariant: { runs: 16, depth: 30, failOnRevert: true } } } };`;

function mutantEnv(id: number): Record<string, string> {
  return { PUBLICA_COINBASE: `0x${(0x5075626c69630000n + BigInt(id)).toString(16).padStart(40, "0")}` };
}

await command(USAGE, main);
