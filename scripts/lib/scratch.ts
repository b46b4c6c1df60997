// A throw-away copy of the project whose contracts can be rewritten, compiled and tested without touching the checkout.
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { spawn } from "node:child_process";
import { binary, ROOT, type RunResult } from "./run.ts";

const COPIED = ["contracts", "deploy", "scripts", "test", "hardhat.config.ts", "package.json", "tsconfig.json"];

export interface Scratch {
  readonly folder: string;
  write(path: string, text: string): Promise<void>;
  /** Runs Hardhat's command line in the copy; stopped with code 124 after `timeoutMs`. */
  hardhat(args: readonly string[], options?: { env?: Record<string, string>; timeoutMs?: number }): Promise<RunResult>;
}

/**
 * Copies the project to .tools/scratch/`name`; packages are still found in the checkout's node_modules above it.
 * `config` is the body of a function that changes Hardhat's configuration object `config`.
 */
export async function createScratch(name: string, config: string): Promise<Scratch> {
  const folder = join(ROOT, ".tools", "scratch", name);
  for (const entry of COPIED) await rm(join(folder, entry), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const entry of COPIED) {
    if (!existsSync(join(ROOT, entry))) continue;
    await cp(join(ROOT, entry), join(folder, entry), {
      recursive: true,
      filter: (path) => !/(^|[\\/])(node_modules|dist|deployments|tools)$/.test(relative(ROOT, path)),
    });
  }
  // The packages stay where they are, with the dependencies of their own.
  await rm(join(folder, "packages"), { recursive: true, force: true });
  await symlink(join(ROOT, "packages"), join(folder, "packages"), "junction");
  await cp(join(folder, "hardhat.config.ts"), join(folder, "hardhat.original.ts"));
  await writeFile(
    join(folder, "hardhat.config.ts"),
    `import original from "./hardhat.original.ts";\n\nconst config: any = { ...original };\n${config}\nexport default config;\n`,
  );
  return {
    folder,
    write: (path, text) => writeFile(join(folder, path), text),
    hardhat: (args, { env = {}, timeoutMs } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", binary("hardhat", "hardhat"), ...args],
          { cwd: folder, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "pipe"] },
        );
        let output = "";
        let expired = false;
        const timer =
          timeoutMs === undefined
            ? undefined
            : setTimeout(() => {
                expired = true;
                child.kill("SIGKILL");
              }, timeoutMs);
        const collect = (chunk: Buffer): void => {
          output += chunk.toString();
        };
        child.stdout.on("data", collect);
        child.stderr.on("data", collect);
        child.on("error", reject);
        child.on("close", (code) => {
          clearTimeout(timer);
          resolve({ code: expired ? 124 : (code ?? 1), output });
        });
      }),
  };
}

/** The suite's own Solidity files (mocks left out), as paths from the top folder. */
export function contractFiles(): string[] {
  return readdirSync(join(ROOT, "contracts"), { recursive: true })
    .map((entry) => join("contracts", String(entry)))
    .filter((path) => path.endsWith(".sol") && !path.startsWith(join("contracts", "mocks")))
    .sort();
}

/** Test files below test/: `suffix` ".t.sol" or ".ts"; end-to-end tests and helpers left out. */
export function testFiles(suffix: ".t.sol" | ".ts"): string[] {
  return readdirSync(join(ROOT, "test"), { recursive: true })
    .map((entry) => join("test", String(entry)))
    .filter((path) => path.endsWith(suffix) && !/^test[\\/](e2e|utils|smt|assurance)[\\/]/.test(path))
    .sort();
}
