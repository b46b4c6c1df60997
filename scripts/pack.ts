// npm run pack: tarballs of the SDK and of the node, as npm would publish them.
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { thousands } from "./lib/console.ts";
import { NODE_STAGE, packStaged, STAGE, stageNode, stagePackage } from "./lib/package.ts";
import { ROOT } from "./lib/run.ts";
import { command } from "./lib/usage.ts";

const USAGE = `Usage: npm run pack -- [--to FOLDER]

Stages packages/sdk/dist and packages/node/dist and packs them into FOLDER (dist/ unless told otherwise). The SDK: JavaScript
with types, ABIs, TypeChain bindings for ethers 6, Solidity sources, and the addresses of the recorded deployments. The node:
JavaScript with types and the command publica-node.

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
  await stageNode();
  for (const stage of [STAGE, NODE_STAGE]) {
    const { path, bytes, unpackedBytes, files } = await packStaged(values.to, stage);
    console.log(
      `${pc.green("✔")} ${path}: ${thousands(bytes)} bytes (${files} files, ${thousands(unpackedBytes)} bytes unpacked from ${stage})`,
    );
  }
  return 0;
});
