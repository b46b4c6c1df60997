// npm run build [-- --profile production|default]: compiles the contracts and generates the SDK's ABIs.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** What the artifacts of the last production build were compiled from. */
const STAMP = join(ROOT, "artifacts", "production.sha256");

function digestOfSources(): string {
  const contracts = readdirSync(join(ROOT, "contracts"), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".sol"))
    .sort()
    .map((file) => join("contracts", file));
  const hash = createHash("sha256");
  for (const file of ["hardhat.config.ts", "package-lock.json", ...contracts])
    hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

/** Compiles with `profile` and regenerates the bindings; quiet unless something is wrong. */
export async function build(profile: string): Promise<void> {
  const line = new ProgressLine();
  line.update(`compiling the contracts (${profile})`);
  const started = Date.now();
  // TypeChain's factories carry bytecode, so only the build that tests and packages use may write them.
  const bindings = process.env.PUBLICA_BUILD === "fast" ? ["--no-typechain"] : [];
  // The optimizer's choices depend on what is compiled together, so production always compiles everything: the same bytes on
  // every machine, whatever was built there before.
  const stamp = profile === "production" && process.env.PUBLICA_BUILD !== "fast" ? digestOfSources() : undefined;
  const known = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";
  const force = stamp !== undefined && stamp !== known ? ["--force"] : [];
  const options = ["--no-tests", "--build-profile", profile, ...bindings, ...force];
  const result = await hardhat(["build", ...options], { echo: false });
  if (result.code !== 0) {
    line.fail("the contracts do not compile");
    process.stderr.write(result.output);
    process.exit(1);
  }
  if (stamp !== undefined) writeFileSync(STAMP, stamp);
  const names = await generateAbis();
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
