// npm run build [-- --profile production|default]: compiles the contracts and generates the SDK's ABIs.
import { parseArgs } from "node:util";
import { generateAbis } from "./lib/abis.ts";
import { ProgressLine } from "./lib/console.ts";
import { hardhat } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run build -- [--profile production|default]

Compiles the contracts (production profile unless told otherwise), generates TypeChain's bindings for ethers
and the SDK's \`as const\` ABIs for viem.

Example: npm run build -- --profile default`;

/** Compiles with `profile` and regenerates the bindings; quiet unless something is wrong. */
export async function build(profile: string): Promise<void> {
  const line = new ProgressLine();
  line.update(`compiling the contracts (${profile})`);
  const started = Date.now();
  // TypeChain's factories carry bytecode, so only the build that tests and packages use may write them.
  const bindings = process.env.PUBLICA_BUILD === "fast" ? ["--no-typechain"] : [];
  const result = await hardhat(["build", "--no-tests", "--build-profile", profile, ...bindings], { echo: false });
  if (result.code !== 0) {
    line.fail("the contracts do not compile");
    process.stderr.write(result.output);
    process.exit(1);
  }
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
