// The workers of `npm run mutate`, and the choice of the tests that are most likely to kill a mutant soonest.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { RECORD } from "./switch.ts";
import type { Order, Outcome, Report, Unit } from "./worker.ts";

export interface Tests {
  readonly solidity: readonly string[];
  readonly mocha: readonly string[];
}

/** Beyond this a mutant runs in circles, which the tests would notice. */
const limitOf = (ms: number): number => 10 * ms + 20_000;

/** One worker process; a run that takes too long or takes the process with it counts as a failure. */
class Worker {
  readonly #folder: string;
  readonly #tests: Tests;
  #child: ChildProcess | undefined;
  #settle: ((report: Report | Error) => void) | undefined;
  #log = "";

  constructor(folder: string, tests: Tests) {
    this.#folder = folder;
    this.#tests = tests;
  }

  /** Starts the process when there is none; its units. */
  async start(): Promise<readonly Unit[]> {
    this.#log = "";
    const child = fork(join(this.#folder, "scripts", "mutate", "worker.ts"), {
      cwd: this.#folder,
      // What Hardhat itself runs TypeScript tests with.
      execArgv: ["--disable-warning=ExperimentalWarning", "--import", "tsx"],
      env: { ...process.env, NO_COLOR: "1", PUBLICA_TESTS: JSON.stringify(this.#tests) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-8_000);
      });
    child.on("message", (report) => this.#settle?.(report as Report));
    child.on("exit", (code) => {
      // The end of one that was stopped says nothing about its successor.
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#settle?.(new Error(`the worker ended with code ${code}\n${this.#log}`));
    });
    const report = await this.#next();
    if (report instanceof Error) throw report;
    return "units" in report ? report.units : [];
  }

  #next(): Promise<Report | Error> {
    return new Promise((resolve) => {
      this.#settle = (report) => {
        this.#settle = undefined;
        resolve(report);
      };
    });
  }

  async run(order: Order, ms: number): Promise<Outcome> {
    if (this.#child === undefined) await this.start();
    const child = this.#child as ChildProcess;
    let expired = false;
    const limit = limitOf(ms);
    const timer = setTimeout(() => {
      expired = true;
      child.kill("SIGKILL");
    }, limit);
    const answer = this.#next();
    child.send(order);
    const report = await answer;
    clearTimeout(timer);
    if (!(report instanceof Error) && "outcome" in report) return report.outcome;
    const failure = expired ? "took too long" : String(report);
    return { failure, ms: limit, reached: [], setup: [] };
  }

  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}

interface Known extends Unit {
  readonly index: number;
  readonly ms: number;
  readonly reached: ReadonlySet<number>;
  readonly setup: ReadonlySet<number>;
  runs: number;
  kills: number;
}

export interface Verdict {
  readonly alive: boolean;
  /** How many tests pass the place. */
  readonly tests: number;
}

/** Workers that have loaded the tests and know what each of them passes. */
export class Crew {
  readonly #workers: Worker[];
  readonly #known: Known[] = [];
  /** Tests that fail without any mutant, and why. */
  readonly leftOut: { readonly unit: Unit; readonly failure: string }[] = [];

  constructor(folder: string, tests: Tests, size: number) {
    this.#workers = Array.from({ length: size }, () => new Worker(folder, tests));
  }

  /** Hands `items` to the workers as they become free. */
  async #each<T>(items: Iterable<T>, work: (worker: Worker, item: T) => Promise<void>): Promise<void> {
    const queue = items[Symbol.iterator]();
    await Promise.all(
      this.#workers.map(async (worker) => {
        for (let next = queue.next(); !next.done; next = queue.next()) await work(worker, next.value);
      }),
    );
  }

  /** Runs every test alone, without a mutant: what it passes, how long it takes, whether it holds at all. */
  async record(progress: (done: number, all: number) => void): Promise<void> {
    const [units = []] = await Promise.all(this.#workers.map((worker) => worker.start()));
    let done = 0;
    await this.#each(units.entries(), async (worker, [index, unit]) => {
      const { failure, ms, reached, setup } = await worker.run({ unit: index, mutant: RECORD, fresh: true }, 60_000);
      progress(++done, units.length);
      if (failure !== undefined) this.leftOut.push({ unit, failure });
      else
        this.#known.push({
          ...unit,
          index,
          ms,
          reached: new Set(reached),
          setup: new Set(setup),
          runs: 0,
          kills: 0,
        });
    });
  }

  get size(): number {
    return this.#known.length;
  }

  /** Tests that pass the switch of `mutant`, the promising and quick ones first. */
  #candidates(mutant: number, files: ReadonlySet<string>): Known[] {
    const worth = ({ kills, runs, ms }: Known): number => (kills + 1) / (runs + 2) / (ms + 5);
    return this.#known
      .filter((unit) => unit.reached.has(mutant) && files.has(unit.file))
      .sort((a, b) => worth(b) - worth(a));
  }

  async judge<T extends { readonly id: number; readonly tests: ReadonlySet<string> }>(
    mutants: Iterable<T>,
    found: (mutant: T, verdict: Verdict) => void,
  ): Promise<void> {
    await this.#each(mutants, async (worker, mutant) => {
      const { id, tests } = mutant;
      const candidates = this.#candidates(id, tests);
      for (const unit of candidates) {
        const order = { unit: unit.index, mutant: id, fresh: unit.setup.has(id) };
        unit.runs += 1;
        if ((await worker.run(order, unit.ms)).failure === undefined) continue;
        // It counts only when the test holds again without the mutant; if not, an earlier run left something behind.
        if ((await worker.run({ ...order, mutant: 0 }, unit.ms)).failure !== undefined) {
          worker.stop();
          if ((await worker.run(order, unit.ms)).failure === undefined) continue;
        }
        unit.kills += 1;
        found(mutant, { alive: false, tests: candidates.length });
        return;
      }
      found(mutant, { alive: true, tests: candidates.length });
    });
  }

  stop(): void {
    for (const worker of this.#workers) worker.stop();
  }
}
