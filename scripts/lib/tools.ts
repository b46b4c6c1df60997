// Tools that only some commands need are not dependencies of the repository, so that a clone stays light. Each has a
// folder in scripts/tools with its own locked versions and is installed on demand into the git-ignored .tools.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ProgressLine } from "./console.ts";
import { ROOT } from "./run.ts";

/** A set of tools: the name of a folder below scripts/tools. */
export type ToolSet = "anvil" | "ensuro" | "forge" | "quality" | "safe";

/** Runs npm (the one beside this Node) in `folder`; rejects with what it printed. */
export function npm(args: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const windows = process.platform === "win32";
    const child = spawn(windows ? "npm.cmd" : "npm", args, { cwd: folder, shell: windows, stdio: "pipe" });
    let output = "";
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`npm ${args.join(" ")} failed in ${folder}:\n${output}`));
    });
  });
}

/** Installs a tool set where its lock says so, once, and returns the folder of its packages. */
export async function toolSet(name: ToolSet): Promise<string> {
  const source = join(ROOT, "scripts", "tools", name);
  const folder = join(ROOT, ".tools", name);
  const packages = join(folder, "node_modules");
  const lock = await readFile(join(source, "package-lock.json"));
  const digest = createHash("sha256").update(lock).update(process.platform).update(process.arch).digest("hex");
  const stamp = join("node_modules", ".publica-installed");
  const isInstalled = async (): Promise<boolean> =>
    existsSync(join(folder, stamp)) && (await readFile(join(folder, stamp), "utf8")) === digest;
  if (await isInstalled()) return packages;
  const line = new ProgressLine();
  line.update(`installing ${name} from npm`);
  // Beside its place, and moved there whole: two commands may need the same tools at once.
  const beside = `${folder}.${process.pid}`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  try {
    for (const file of ["package.json", "package-lock.json"]) await cp(join(source, file), join(beside, file));
    await npm(["ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"], beside);
    await writeFile(join(beside, stamp), digest);
    if (!(await isInstalled())) {
      await rm(folder, { recursive: true, force: true });
      await rename(beside, folder);
    }
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  line.done(`${name} installed from npm`);
  return packages;
}

/**
 * The native program of a Foundry package. npm's launcher is not used: it exits with 0 even when the program fails.
 */
export async function foundry(name: "anvil" | "forge"): Promise<string> {
  const system = { linux: "linux", darwin: "darwin", win32: "win32" }[process.platform as string];
  const machine = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  const suffix = process.platform === "win32" ? ".exe" : "";
  const path = join(await toolSet(name), "@foundry-rs", `${name}-${system}-${machine}`, "bin", `${name}${suffix}`);
  if (!existsSync(path)) throw new Error(`${name} does not exist for ${process.platform} on ${process.arch}`);
  return path;
}
