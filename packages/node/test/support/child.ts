import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = ["--disable-warning=ExperimentalWarning"];
/** Halves the time a start takes; filled by the first process that ends by itself. */
export const NODE_COMPILE_CACHE = join(tmpdir(), "publica-test-compile-cache");
/** Against hanging only. */
const LIMIT_MS = 300_000;

/** Starts a TypeScript file of this folder, or of `src` by its path from there. */
export function start(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [...FLAGS, join(import.meta.dirname, script), ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What ended it: a signal or an exit code. */
export function ended(child: ChildProcess): Promise<string | number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.signalCode ?? child.exitCode);
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
}

/** Resolves when the child writes a line that holds `text`; rejects when it ends before, or takes for ever. */
export function says(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => reject(new Error(`no "${text}" from the process:\n${output}`)), LIMIT_MS);
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      action();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-10_000);
        if (output.includes(text)) settle(resolve);
      });
    }
    child.once("exit", (code, signal) =>
      settle(() => reject(new Error(`ended with ${signal ?? code} before "${text}":\n${output}`))),
    );
  });
}

export async function kill(child: ChildProcess): Promise<string | number | null> {
  child.kill("SIGKILL");
  return ended(child);
}

/** Waits for a process that is to kill itself; kills one that does not. */
export async function dies(child: ChildProcess): Promise<string | number | null> {
  let output = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-10_000);
  });
  child.stdout?.resume();
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the process did not reach the place to die at:\n${output}`));
    }, LIMIT_MS);
    child.once("exit", () => clearTimeout(timer));
  });
  return Promise.race([ended(child), limit]);
}
