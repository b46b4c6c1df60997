import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packStaged, stagePackage } from "../lib/package.ts";
import { bundleBytes } from "../lib/sizes.ts";
import type { Area } from "./harness.ts";

const READ = `import { createClient, http } from "viem";
import { tryReadFeed } from "@publica/sdk/foundation";
tryReadFeed(createClient({ transport: http("/rpc") }), { address: "0x", feed: "0x" }).then(console.log);`;

const WRITE = `import { createClient, custom } from "viem";
import { createFeed } from "@publica/sdk/foundation";
createFeed(createClient({ account: "0x", transport: custom(window.ethereum) }), window.feed).then(console.log);`;

/** The same read without the SDK: what viem and ethers themselves cost. */
const VIEM = `import { createClient, http, parseAbi } from "viem";
import { readContract } from "viem/actions";
const abi = parseAbi(["struct R { int128 value; uint40 observedAt; uint40 updatedAt; uint32 round; uint8 flags; }", "function tryRead(bytes32) view returns (R, bool)"]);
readContract(createClient({ transport: http("/rpc") }), { address: "0x", abi, functionName: "tryRead", args: ["0x"] }).then(console.log);`;

const ETHERS = `import { Contract, JsonRpcProvider } from "ethers";
new Contract("0x", ["function tryRead(bytes32) view returns (tuple(int128, uint40, uint40, uint32, uint8), bool)"], new JsonRpcProvider("/rpc")).tryRead("0x").then(console.log);`;

export const area: Area = {
  name: "sdk",
  budgets: { "sdk.bundle.oneRead": 40_000, "sdk.package.packed": 1_200_000 },
  async run(bench) {
    bench.record({ id: "sdk.bundle.oneRead", value: await bundleBytes(READ), unit: "B" });
    bench.record({ id: "sdk.bundle.oneRead", value: await bundleBytes(VIEM), unit: "B", peer: "viem" });
    bench.record({ id: "sdk.bundle.oneRead", value: await bundleBytes(ETHERS), unit: "B", peer: "ethers" });
    bench.record({ id: "sdk.bundle.oneWrite", value: await bundleBytes(WRITE), unit: "B" });
    const folder = await mkdtemp(join(tmpdir(), "publica-pack-"));
    try {
      await stagePackage();
      const packed = await packStaged(folder);
      bench.record({ id: "sdk.package.packed", value: packed.bytes, unit: "B" });
      bench.record({ id: "sdk.package.unpacked", value: packed.unpackedBytes, unit: "B" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
