// One worker of `npm run mutate`: loads Hardhat and the tests once, then runs single tests over and over, each time with
// another mutant switched on. Works in the scratch copy, speaks with its parent over Node's IPC.
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import hre from "hardhat";
import Mocha from "mocha";
import { RECORD, SWITCH, minerOf } from "./switch.ts";

/** How long the coverage of a Solidity test may let wait for itself; a test that passes no switch has none. */
const COVERAGE_MS = 5_000;
/** Once it comes, it comes without longer breaks. */
const BREAK_MS = 250;

/** A single test: the smallest thing that is run. Every worker counts them in the same order. */
export interface Unit {
  readonly file: string;
  readonly title: string;
}

export interface Order {
  readonly unit: number;
  /** Which mutant is on; zero is none, `RECORD` reports which switches the test passes. */
  readonly mutant: number;
  /** Whether cached fixtures must be built anew, because the mutant takes part in building them. */
  readonly fresh: boolean;
}

export interface Outcome {
  readonly failure: string | undefined;
  readonly ms: number;
  /** Switches passed, and of these the ones passed while fixtures were built. Empty unless recording. */
  readonly reached: readonly number[];
  readonly setup: readonly number[];
}

export type Report = { readonly units: readonly Unit[] } | { readonly outcome: Outcome };

interface Runnable extends Unit {
  run(mutant: number, fresh: boolean): Promise<string | undefined>;
}

/** What the running test has passed so far. */
let reached = new Set<number>();
let setup = new Set<number>();
let stray: string | undefined;
process.on("unhandledRejection", (reason) => {
  stray ??= String(reason);
});

const note = (tags: readonly string[]): void => {
  for (const tag of tags) reached.add(Number(BigInt(`0x${tag.replace(/^0x/, "")}`) & 0xffffffffn));
};

// ── TypeScript tests ───────────────────────────────────────────────────────

type Connection = Awaited<ReturnType<typeof hre.network.create>>;

/** Which mutant is on in every chain; a chain is told by the balance of one address, at once and without a block. */
let active = 0;
/** Chains opened so far, and the test file that is being loaded or run. */
const connections = new Map<Connection, string>();
let current = "";

const turnOn = (connection: Connection): Promise<unknown> =>
  connection.provider.request({ method: "hardhat_setBalance", params: [SWITCH, `0x${active.toString(16)}`] });

hre.hooks.registerHandlers("network", {
  async newConnection(context, next) {
    const connection = await next(context);
    if (connection.networkConfig.type === "edr-simulated") {
      connections.set(connection as unknown as Connection, current);
      if (active !== 0) await turnOn(connection as unknown as Connection);
    }
    return connection;
  },
  async onRequest(context, connection, request, next) {
    // All that happened before the last snapshot may be part of a cached fixture.
    if (request.method === "evm_snapshot") for (const id of reached) setup.add(id);
    const response = await next(context, connection, request);
    if (request.method === "evm_revert") await turnOn(connection as unknown as Connection);
    return response;
  },
  async onCoverageData(_context, tags) {
    note(tags);
  },
});

function silent(): void {}

async function mochaUnits(files: readonly string[]): Promise<Runnable[]> {
  const units: Runnable[] = [];
  for (const file of files) {
    current = file;
    // A Mocha for each file, so that titles need be unique only within it.
    const mocha = new Mocha({ timeout: 0, reporter: silent as unknown as string, bail: true });
    mocha.addFile(join(process.cwd(), file));
    await mocha.loadFilesAsync();
    mocha.cleanReferencesAfterRun(false);
    const titles = new Set<string>();
    mocha.suite.eachTest((test: Mocha.Test) => {
      if (!test.isPending()) titles.add(test.fullTitle());
    });
    const run = async (title: string, mutant: number, fresh: boolean): Promise<string | undefined> => {
      current = file;
      const own = [...connections].filter(([, of]) => of === file).map(([connection]) => connection);
      const forget = (): void => {
        if (fresh) for (const { networkHelpers } of own) networkHelpers.clearSnapshots();
      };
      forget();
      active = mutant;
      for (const connection of own) await turnOn(connection);
      const selection = /(?:)/;
      selection.test = (candidate) => candidate === title;
      mocha.grep(selection);
      let failure: string | undefined;
      stray = undefined;
      await new Promise<void>((resolve) => {
        const runner = mocha.run(() => resolve());
        runner.on("fail", (test, error: Error) => {
          failure ??= `${test.fullTitle()}: ${error.message}`;
        });
      });
      forget();
      return failure ?? stray;
    };
    for (const title of titles) units.push({ file, title, run: (mutant, fresh) => run(title, mutant, fresh) });
  }
  return units;
}

// ── Solidity tests ─────────────────────────────────────────────────────────

type Edr = typeof import("@nomicfoundation/edr");
type Results = readonly { readonly name: string; readonly status: string; readonly reason?: string | undefined }[];
type RunSolidityTests = InstanceType<Edr["EdrContext"]>["runSolidityTests"];

/**
 * What Hardhat's task hands to the simulator for all the test files: taken from one call of the task that is stopped
 * there. The task itself reads every artifact anew each time, which takes longer than the tests.
 */
async function prepared(files: readonly string[]): Promise<{ context: object; args: Parameters<RunSolidityTests> }> {
  const require = createRequire(createRequire(import.meta.url).resolve("hardhat"));
  const { EdrContext } = require("@nomicfoundation/edr") as Edr;
  const original = EdrContext.prototype.runSolidityTests;
  let taken: { context: object; args: Parameters<RunSolidityTests> } | undefined;
  EdrContext.prototype.runSolidityTests = async function (...args) {
    taken = { context: this, args };
    throw new Error("taken");
  };
  await hre.tasks.getTask(["test", "solidity"]).run({ testFiles: [...files], noCompile: true });
  EdrContext.prototype.runSolidityTests = original;
  if (taken === undefined) throw new Error("Hardhat's Solidity tests could not be prepared");
  return taken;
}

async function solidityUnits(files: readonly string[]): Promise<Runnable[]> {
  if (files.length === 0) return [];
  const { context, args } = await prepared(files);
  const [chainType, artifacts, suites, config] = args;
  const runTests = (context as { runSolidityTests: RunSolidityTests }).runSolidityTests;
  const units: Runnable[] = [];
  for (const suite of suites) {
    const file = files.find((path) => suite.source.endsWith(basename(path))) ?? suite.source;
    const artifact = artifacts.find(({ id }) => id.source === suite.source && id.name === suite.name);
    const abi = JSON.parse(artifact?.contract.abi ?? "[]") as { type: string; name?: string }[];
    for (const { name } of abi) {
      if (name === undefined || !/^(test|invariant)/.test(name)) continue;
      const run = async (mutant: number): Promise<string | undefined> => {
        let done: (results: Results) => void = silent;
        let noted: number | undefined;
        // The results come by a callback of their own, which may be later than the end of the run.
        const results = new Promise<Results>((resolve) => {
          done = resolve;
        });
        await runTests.call(
          context,
          chainType,
          artifacts,
          [suite],
          {
            ...config,
            testPattern: `^${name}\\(`,
            blockCoinbase: Buffer.from(minerOf(mutant).slice(2), "hex"),
            observability: {
              codeCoverage: {
                onCollectedCoverageCallback: async (tags) => {
                  note(tags.map((tag) => Buffer.from(tag).toString("hex")));
                  noted = performance.now();
                },
              },
            },
          },
          {},
          ({ testResults }) => done(testResults),
        );
        const failed = (await results).find(({ status }) => status === "Failure");
        // What was passed is reported by a callback of its own as well, which a busy machine calls after the results.
        const until = performance.now() + COVERAGE_MS;
        while (mutant === RECORD && performance.now() < (noted === undefined ? until : noted + BREAK_MS))
          await setTimeout(BREAK_MS / 5);
        return failed && `${suite.name}.${failed.name}: ${failed.reason ?? ""}`;
      };
      units.push({ file, title: `${suite.name}.${name}`, run });
    }
  }
  return units;
}

// ── Orders ─────────────────────────────────────────────────────────────────

const { mocha, solidity } = JSON.parse(process.env.PUBLICA_TESTS ?? "{}") as Record<"mocha" | "solidity", string[]>;
const units = [...(await solidityUnits(solidity)), ...(await mochaUnits(mocha))];
const send = (report: Report): void => void process.send?.(report);

process.on("message", async ({ unit, mutant, fresh }: Order) => {
  const before = new Set(connections.keys());
  reached = new Set();
  setup = new Set();
  const began = performance.now();
  const failure = await (units[unit] as Runnable)
    .run(mutant, fresh)
    .catch((error: unknown) => String(error instanceof Error ? error.message : error));
  const ms = performance.now() - began;
  for (const connection of connections.keys()) {
    if (before.has(connection)) continue;
    connections.delete(connection);
    await connection.close();
  }
  const all = mutant === RECORD ? { reached: [...reached], setup: [...setup] } : { reached: [], setup: [] };
  send({ outcome: { failure, ms, ...all } });
});
send({ units: units.map(({ file, title }) => ({ file, title })) });
