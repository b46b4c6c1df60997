import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const require = createRequire(import.meta.url);

export interface RunResult {
  readonly code: number;
  readonly output: string;
}

export interface RunOptions {
  /** Environment on top of the current one. */
  readonly env?: Record<string, string>;
  /** Also show the output while it comes; default true. A stream gets it all in place of the terminal. */
  readonly echo?: boolean | NodeJS.WritableStream;
  /** A file that gets the output while it comes. */
  readonly log?: string;
}

/** The file an npm package's command starts, so that it runs under this very Node without a shell in between. */
export function binary(packageName: string, command: string): string {
  const manifestPath = join(ROOT, "node_modules", packageName, "package.json");
  const manifest = require(manifestPath) as { bin: string | Record<string, string> };
  const relative = typeof manifest.bin === "string" ? manifest.bin : manifest.bin[command];
  if (relative === undefined) throw new Error(`${packageName} has no command ${command}`);
  return join(dirname(manifestPath), relative);
}

/** Runs a Node script, shows and collects what it prints. */
export function runNode(script: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const log = options.log === undefined ? undefined : createWriteStream(options.log);
    const { echo = true } = options;
    const pass = (from: Readable, to: NodeJS.WriteStream): void => {
      from.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        log?.write(chunk);
        if (echo !== false) (echo === true ? to : echo).write(chunk);
      });
    };
    pass(child.stdout, process.stdout);
    pass(child.stderr, process.stderr);
    child.on("error", reject);
    child.on("close", (code) => {
      log?.end();
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Runs Hardhat's command line. */
export function hardhat(args: readonly string[], options?: RunOptions): Promise<RunResult> {
  return runNode(binary("hardhat", "hardhat"), args, options);
}
