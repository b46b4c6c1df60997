// npm run build [-- --profile production|default]: compiles the contracts and generates the SDK's ABIs.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateAbis } from "./lib/abis.ts";
import { ProgressLine } from "./lib/console.ts";
import { hardhat, ROOT } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run build -- [--profile production|default]

Compiles the contracts (production profile unless told otherwise), generates TypeChain's bindings for ethers
and the SDK's \`as const\` ABIs for viem.

Example: npm run build -- --profile default`;

/** What decides the bytecode; the dependencies by their lock. */
const COMPILED = ["hardhat.config.ts", "package-lock.json"];
/** What decides the SDK's generated files besides. */
const GENERATED = [join("deploy", "addresses.json"), join("scripts", "build.ts"), join("scripts", "lib", "abis.ts")];

/** What a build was made from, and what it left. */
interface Built {
  readonly profile: string;
  readonly compiled: string;
  readonly generated: string;
  readonly left: string;
}

function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function sources(): string[] {
  return readdirSync(join(ROOT, "contracts"), { recursive: true })
    .map((file) => join("contracts", String(file)))
    .filter((file) => file.endsWith(".sol"))
    .sort();
}

/** Name, size and time of every file below `folders`. */
function stateOf(folders: readonly string[], except: string): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { recursive: true }).map(String).sort()) {
      const path = join(folder, entry);
      if (path === except) continue;
      const stat = statSync(path);
      if (stat.isFile()) hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}

function readStamp(path: string): Built | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Built;
  } catch {
    return undefined;
  }
}

/** Compiles with `profile` and regenerates the bindings, unless they are there already; quiet unless something is wrong. */
export async function build(profile: string): Promise<void> {
  const line = new ProgressLine();
  line.update(`compiling the contracts (${profile})`);
  const started = Date.now();
  const fast = process.env.PUBLICA_BUILD === "fast";
  const artifacts = join(ROOT, fast ? join("cache", "fast", "artifacts") : "artifacts");
  // TypeChain's factories carry bytecode, so only the build that tests and packages use may write them.
  const folders = [artifacts, join(ROOT, "packages", "sdk", "src", "generated")];
  if (!fast) folders.push(join(ROOT, "typechain-types"));
  const path = join(artifacts, "built.stamp");
  const now = (): Built => ({
    profile,
    compiled: digestOf([...COMPILED, ...sources()]),
    generated: digestOf(GENERATED),
    left: stateOf(folders, path),
  });
  const last = readStamp(path);
  const wanted = now();
  if (JSON.stringify(last) === JSON.stringify(wanted)) {
    line.done(`built before, nothing has changed (${profile})`);
    return;
  }
  // The optimizer's choices depend on what is compiled together, so production always compiles everything: the same bytes on
  // every machine, whatever was built there before.
  const same = last?.profile === profile && last.compiled === wanted.compiled;
  const options = ["--no-tests", "--build-profile", profile];
  if (fast) options.push("--no-typechain");
  else if (profile === "production" && !same) options.push("--force");
  const result = await hardhat(["build", ...options], { echo: false });
  if (result.code !== 0) {
    line.fail("the contracts do not compile");
    process.stderr.write(result.output);
    process.exit(1);
  }
  const names = await generateAbis();
  writeFileSync(path, JSON.stringify({ ...wanted, left: stateOf(folders, path) }));
  line.done(`built ${names.length} ABIs (${profile}, ${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

if (import.meta.main) {
  await command(USAGE, async () => {
    const { values } = parseArgs({
      options: { profile: { type: "string", default: "production" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) console.log(USAGE);
    else if (values.profile !== "production" && values.profile !== "default")
      throw new UsageError(`unknown profile ${values.profile}`);
    else await build(values.profile);
    return 0;
  });
}
