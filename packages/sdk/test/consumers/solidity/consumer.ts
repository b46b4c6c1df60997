// Compiles a contract that imports the suite's interfaces from the installed package, deploys it beside the suite, asks it.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { addresses } from "@publica/sdk/addresses";
import { type Abi, createPublicClient, createWalletClient, type Hex, http, pad } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Record<string, Record<string, { abi: Abi; evm: { bytecode: { object: string } } }>>;
}

const require = createRequire(import.meta.url);
const solc = require("solc") as {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string;
};
// Every interface of the suite, each under a name of its own.
const installed = "node_modules/@publica/sdk/contracts";
const interfaces = readdirSync(installed, { recursive: true })
  .map((file) => String(file).replaceAll("\\", "/"))
  .filter((file) => /\/interfaces\/\w+\.sol$/.test(file));
const all = interfaces.map((file, index) => `import * as I${index} from "@publica/sdk/contracts/${file}";`);
const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources: {
        "FloodGate.sol": { content: readFileSync("FloodGate.sol", "utf8") },
        "All.sol": { content: `// SPDX-License-Identifier: MIT\npragma solidity ^0.8.28;\n${all.join("\n")}\n` },
      },
      settings: { evmVersion: "cancun", outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
    }),
    { import: (path) => ({ contents: readFileSync(require.resolve(path), "utf8") }) },
  ),
) as Output;
const problem = output.errors?.find(({ severity }) => severity === "error");
if (problem !== undefined) throw new Error(problem.formattedMessage);
const compiled = output.contracts["FloodGate.sol"]?.FloodGate;
if (compiled === undefined) throw new Error("FloodGate was not compiled");

const transport = http(process.argv[2]);
const account = privateKeyToAccount(process.argv[3] as Hex);
const reader = createPublicClient({ chain: hardhat, transport });
const hash = await createWalletClient({ account, chain: hardhat, transport }).deployContract({
  abi: compiled.abi,
  bytecode: `0x${compiled.evm.bytecode.object}`,
  args: [addresses[31337].contracts.SensorFeeds.address, pad("0x"), 100n],
});
const { contractAddress, status } = await reader.waitForTransactionReceipt({ hash, pollingInterval: 50 });
if (!contractAddress) throw new Error("FloodGate was not deployed");
const open = await reader.readContract({ address: contractAddress, abi: compiled.abi, functionName: "isOpen" });
console.log(
  JSON.stringify({ write: status, read: open === false ? "no data" : "data", interfaces: interfaces.length }),
);
