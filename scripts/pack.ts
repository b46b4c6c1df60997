// npm run pack: one tarball of the SDK, as npm would publish it.
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { thousands } from "./lib/console.ts";
import { packStaged, STAGE, stagePackage } from "./lib/package.ts";
import { ROOT } from "./lib/run.ts";
import { command } from "./lib/usage.ts";

const USAGE = `Usage: npm run pack -- [--to FOLDER]

Stages packages/sdk/dist and packs it into FOLDER (dist/ unless told otherwise): JavaScript with types, ABIs,
TypeChain bindings for ethers 6, Solidity sources, and the addresses of the recorded deployments.

Example: npm run pack -- --to /tmp`;

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: { to: { type: "string", default: join(ROOT, "dist") }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  await build("production");
  await stagePackage();
  const { path, bytes, unpackedBytes, files } = await packStaged(values.to);
  console.log(
    `${pc.green("✔")} ${path}: ${thousands(bytes)} bytes (${files} files, ${thousands(unpackedBytes)} bytes unpacked from ${STAGE})`,
  );
  return 0;
});
