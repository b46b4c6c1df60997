// npm run coverage: which lines and branches of the contracts the tests run.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { ROOT } from "./lib/run.ts";
import { contractFiles, createScratch, testFiles } from "./lib/scratch.ts";
import { isCallOf, type Node, range, Source } from "./lib/solidity.ts";
import { command, UsageError } from "./lib/usage.ts";
import { prune, readContracts } from "./mutate/embed.ts";

const USAGE = `Usage: npm run coverage -- [--only FOLDER] [--json FILE]

Instruments the contracts, runs their tests (Solidity and TypeScript), writes coverage/lcov.info and prints a table.
Lines must reach 100 %, branches 95 % in each file; what is left out stands with its reason in test/assurance/coverage.json.
--only measures the contracts below contracts/FOLDER by the tests below test/FOLDER, which takes a fraction of the time; what
tests elsewhere reach does not count then.

Example: npm run coverage -- --only insurance`;

const LINES_REQUIRED = 100;
const BRANCHES_REQUIRED = 95;
const EXCLUSIONS = join("test", "assurance", "coverage.json");

/** One thing a test can reach: a line's statement or one side of a condition. */
interface Point {
  readonly file: string;
  readonly line: number;
  /** The text of the line, to find the exclusion by. */
  readonly text: string;
  readonly branch?: string;
}

/** A line or branch the gate leaves out. `code` is the trimmed text of the line, so that the entry moves with it. */
interface Exclusion {
  readonly file: string;
  readonly code: string;
  readonly branch?: string;
  readonly reason: string;
}

// Marks are sent to the address on which Hardhat's own coverage listens, as numbers no statement of its own can have.
const MARK = 0x5075626c696361n << 64n;
const LIBRARY = "CoverageMarks";
const LIBRARY_SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

library ${LIBRARY} {
    function _send(uint256 id) private view {
        assembly ("memory-safe") {
            let pointer := mload(0x40)
            mstore(pointer, id)
            pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, pointer, 32, 0, 0))
        }
    }

    function _pure(function(uint256) internal view f) private pure returns (function(uint256) pure g) {
        assembly {
            g := f
        }
    }

    function at(uint256 id) internal pure {
        _pure(_send)(id);
    }

    function yes(uint256 id) internal pure returns (bool) {
        at(id);
        return true;
    }

    function no(uint256 id) internal pure returns (bool) {
        at(id);
        return false;
    }
}
`;

/** Adds a mark before every statement and on both sides of every condition; line numbers stay. */
function instrument(file: string, content: string, points: Point[]): string {
  const source = new Source(content);
  const lines = content.split("\n");
  const add = (node: Node, branch?: string): number => {
    const line = source.line(range(node)[0]);
    const text = (lines[line - 1] ?? "").trim();
    return points.push({ file, line, text, ...(branch === undefined ? {} : { branch }) }) - 1;
  };
  const number = (index: number): string => `${MARK + BigInt(index)}`;
  let marked = false;
  const side = (node: Node, inner: string): string => {
    marked = true;
    const [whenTrue, whenFalse] = [add(node, "true"), add(node, "false")];
    // The condition comes first, with no more on the stack than it has by itself: some functions fill it to the brim.
    return `((${inner}) ? ${LIBRARY}.yes(${number(whenTrue)}) : ${LIBRARY}.no(${number(whenFalse)}))`;
  };
  const conditionOf = (parent: Node | undefined, node: Node): boolean =>
    parent !== undefined &&
    (((parent.nodeType === "IfStatement" || parent.nodeType === "Conditional") && parent.condition === node) ||
      (isCallOf(parent, "require") && (parent.arguments as Node[])[0] === node));
  const text = source.rewrite((node, inner, ancestors) => {
    const parent = ancestors.at(-1);
    // Constants and defaults of state variables are evaluated where no statement can stand.
    if (ancestors.some((ancestor) => ancestor.nodeType === "VariableDeclaration" && ancestor.stateVariable === true))
      return inner;
    if (conditionOf(parent, node)) return side(node, inner);
    if (!/Statement$|^(Return|Block|UncheckedBlock|InlineAssembly|Break|Continue)$/.test(node.nodeType)) return inner;
    const inBlock = parent !== undefined && /^(Unchecked)?Block$/.test(parent.nodeType);
    const isBody =
      parent !== undefined &&
      (parent.trueBody === node || parent.falseBody === node || parent.body === node) &&
      node.nodeType !== "Block";
    if (node.nodeType === "Block" || node.nodeType === "UncheckedBlock" || !(inBlock || isBody)) return inner;
    marked = true;
    const mark = `${LIBRARY}.at(${number(add(node))}); `;
    return isBody ? `{ ${mark}${inner} }` : `${mark}${inner}`;
  });
  if (!marked) return content;
  const path = relative(dirname(file), join("contracts", `${LIBRARY}.sol`)).replaceAll("\\", "/");
  const from = path.startsWith(".") ? path : `./${path}`;
  return text.replace(/pragma solidity [^;]+;/, (pragma) => `${pragma} import {${LIBRARY}} from "${from}";`);
}

async function hits(folder: string): Promise<Set<number>> {
  const found = new Set<number>();
  const data = join(folder, "coverage", "data");
  if (!existsSync(data)) return found;
  for (const file of await readdir(data, { recursive: true })) {
    if (!file.endsWith(".json")) continue;
    const entries = JSON.parse(await readFile(join(data, file), "utf8")) as Record<string, number>;
    for (const tag of Object.keys(entries)) {
      const value = BigInt(tag.startsWith("0x") ? tag : `0x${tag}`);
      if (value >> 64n === MARK >> 64n) found.add(Number(value & 0xffffffffffffffffn));
    }
  }
  return found;
}

interface Tally {
  lines: number;
  linesRun: number;
  branches: number;
  branchesRun: number;
  missed: Set<string>;
}

const emptyTally = (): Tally => ({ lines: 0, linesRun: 0, branches: 0, branchesRun: 0, missed: new Set() });

const percent = (run: number, all: number): number => (all === 0 ? 100 : (100 * run) / all);

function shown(run: number, all: number, required: number): string {
  if (all === 0) return "";
  const value = percent(run, all);
  const text = `${value.toFixed(1)} % of ${all}`;
  return value >= required ? pc.green(text) : pc.red(text);
}

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: { only: { type: "string" }, json: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const within = (base: string, file: string): boolean =>
    values.only === undefined || file.startsWith(join(base, values.only) + sep);
  const measured = contractFiles().filter((file) => within("contracts", file));
  const solidity = testFiles(".t.sol").filter((file) => within("test", file));
  const mocha = testFiles(".ts").filter((file) => within("test", file));
  if (measured.length === 0 || solidity.length + mocha.length === 0)
    throw new UsageError(`contracts/${values.only} and test/${values.only} hold nothing to measure`);
  // The tests read the SDK's generated ABIs.
  if (values.only !== undefined) process.env.PUBLICA_BUILD = "fast";
  await build(values.only === undefined ? "production" : "default");
  delete process.env.PUBLICA_BUILD;
  const line = new ProgressLine();
  line.update("instrumenting the contracts");
  const scratch = await createScratch(
    "coverage",
    `config.coverage = { skipFiles: ["contracts/**"] };
for (const network of Object.values(config.networks) as any[])
  if (network.type === "edr-simulated") Object.assign(network, { allowUnlimitedContractSize: true, transactionGasCap: false, blockGasLimit: 1_000_000_000 });`,
  );
  await rm(join(scratch.folder, "coverage"), { recursive: true, force: true });
  if (values.only !== undefined) await prune(scratch, { solidity, mocha }, await readContracts());
  const points: Point[] = [];
  for (const file of measured) {
    const content = await readFile(join(ROOT, file), "utf8");
    await scratch.write(file, instrument(file, content, points));
  }
  await scratch.write(join("contracts", `${LIBRARY}.sol`), LIBRARY_SOURCE);

  const steps: [string, string[]][] = [["compiling", ["build", "--no-tests"]]];
  if (solidity.length > 0) steps.push(["running the Solidity tests", ["--coverage", "test", "solidity", ...solidity]]);
  if (mocha.length > 0)
    steps.push(["running the TypeScript tests", ["--coverage", "test", "mocha", "--no-compile", ...mocha]]);
  for (const [what, args] of steps) {
    line.update(what);
    const { code, output } = await scratch.hardhat(args);
    if (code !== 0) {
      line.fail(`${what} the instrumented contracts failed`);
      process.stderr.write(output);
      return 1;
    }
  }
  line.done("tests run on the instrumented contracts");

  const run = await hits(scratch.folder);
  const exclusions = existsSync(join(ROOT, EXCLUSIONS))
    ? (JSON.parse(await readFile(join(ROOT, EXCLUSIONS), "utf8")) as Exclusion[])
    : [];
  const used = new Set<Exclusion>();
  const tallies = new Map<string, Tally>();
  const lcov = new Map<string, string[]>();
  const lineRun = new Map<string, boolean>();
  for (const [index, point] of points.entries()) {
    const reached = run.has(index);
    const exclusion = exclusions.find(
      ({ file, code, branch }) => file === point.file && code === point.text && branch === point.branch,
    );
    const records = lcov.get(point.file) ?? [];
    lcov.set(point.file, records);
    records.push(
      point.branch === undefined
        ? `DA:${point.line},${reached ? 1 : 0}`
        : `BRDA:${point.line},${index - (point.branch === "false" ? 1 : 0)},${point.branch === "true" ? 0 : 1},${reached ? 1 : "-"}`,
    );
    if (exclusion !== undefined && !reached) {
      used.add(exclusion);
      continue;
    }
    const tally = tallies.get(point.file) ?? emptyTally();
    tallies.set(point.file, tally);
    if (point.branch === undefined) {
      // A line is run when each statement that begins on it is.
      const before = lineRun.get(`${point.file}:${point.line}`);
      if (before === undefined) tally.lines += 1;
      if (before !== true && before !== undefined && reached) continue;
      if (before === undefined && reached) tally.linesRun += 1;
      if (before === true && !reached) tally.linesRun -= 1;
      lineRun.set(`${point.file}:${point.line}`, reached);
    } else {
      tally.branches += 1;
      if (reached) tally.branchesRun += 1;
    }
    if (!reached)
      tally.missed.add(point.branch === undefined ? `${point.line}` : `${point.line} never ${point.branch}`);
  }
  await mkdir(join(ROOT, "coverage"), { recursive: true });
  await writeFile(
    join(ROOT, "coverage", "lcov.info"),
    [...lcov].map(([file, records]) => `TN:\nSF:${file}\n${records.join("\n")}\nend_of_record\n`).join(""),
  );

  const total = emptyTally();
  const rows: string[][] = [];
  let below = 0;
  for (const [file, tally] of tallies) {
    for (const key of ["lines", "linesRun", "branches", "branchesRun"] as const) total[key] += tally[key];
    const holds =
      percent(tally.linesRun, tally.lines) >= LINES_REQUIRED &&
      percent(tally.branchesRun, tally.branches) >= BRANCHES_REQUIRED;
    if (!holds) below += 1;
    rows.push([
      file,
      shown(tally.linesRun, tally.lines, LINES_REQUIRED),
      shown(tally.branchesRun, tally.branches, BRANCHES_REQUIRED),
      [...tally.missed].slice(0, 6).join(", ") + (tally.missed.size > 6 ? ", …" : ""),
    ]);
  }
  rows.push([
    pc.bold("all"),
    shown(total.linesRun, total.lines, LINES_REQUIRED),
    shown(total.branchesRun, total.branches, BRANCHES_REQUIRED),
    "",
  ]);
  console.log(table(["file", "lines", "branches", "not run (line)"], rows, [1, 2]));
  const stale = values.only === undefined ? exclusions.filter((exclusion) => !used.has(exclusion)) : [];
  for (const { file, code } of stale) console.log(pc.red(`${EXCLUSIONS}: "${code}" of ${file} is run now; remove it`));
  if (used.size > 0) console.log(`${used.size} left out with a reason in ${EXCLUSIONS}`);
  console.log(
    `lines ${percent(total.linesRun, total.lines).toFixed(1)} % (≥ ${LINES_REQUIRED}), branches ${percent(total.branchesRun, total.branches).toFixed(1)} % (≥ ${BRANCHES_REQUIRED}); coverage/lcov.info`,
  );
  if (values.json !== undefined) {
    const { missed: _, ...figures } = total;
    await writeFile(values.json, `${JSON.stringify({ ...figures, below, stale: stale.length }, null, 2)}\n`);
  }
  return below + stale.length === 0 ? 0 : 1;
});
