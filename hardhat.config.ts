import { createRequire } from "node:module";
import toolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { configVariable, defineConfig } from "hardhat/config";

// The compiler is the WebAssembly build inside npm's `solc`, so a clone needs no download beyond npm.
const compiler = {
  version: "0.8.37",
  path: createRequire(import.meta.url).resolve("solc/soljson.js"),
};

// Bytecode stays on cancun so that the same build runs on rollups and consortium chains;
// the chain we test on is newer, and what it adds (the P-256 precompile) is detected at run time.
const evmVersion = "cancun";

// The one third-party contract the tests and the deployment instantiate directly.
const npmFilesToBuild = ["@openzeppelin/contracts/access/manager/AccessManager.sol"];

export default defineConfig({
  plugins: [toolboxMochaEthers, hardhatViem],
  solidity: {
    npmFilesToBuild,
    profiles: {
      // Fast, for the edit-and-test loop.
      default: {
        ...compiler,
        settings: { evmVersion, optimizer: { enabled: true, runs: 200 } },
      },
      // What is deployed, measured and tested in CI.
      production: {
        ...compiler,
        // All files in one job: the same code (only the metadata hash differs) for little more than half the time.
        isolated: false,
        settings: { evmVersion, viaIR: true, optimizer: { enabled: true, runs: 100_000 } },
      },
    },
  },
  paths: {
    // See scripts/lib/fastBuild.ts.
    ...(process.env.PUBLICA_BUILD === "fast" ? { artifacts: "cache/fast/artifacts", cache: "cache/fast/cache" } : {}),
    ignition: "deploy",
    tests: { mocha: "test", solidity: "test" },
  },
  typechain: { outDir: "typechain-types" },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    // Without the P-256 precompile: proves that the fallback gives the same answers.
    prague: { type: "edr-simulated", chainType: "l1", hardfork: "prague" },
    op: { type: "edr-simulated", chainType: "op" },
    localhost: { type: "http", url: "http://127.0.0.1:8545" },
    sepolia: {
      type: "http",
      chainId: 11155111,
      url: configVariable("SEPOLIA_RPC_URL"),
      accounts: [configVariable("SEPOLIA_PRIVATE_KEY")],
    },
  },
  test: {
    // A slow machine is not a broken contract.
    mocha: { timeout: 300_000 },
    solidity: {
      profiles: {
        default: { fuzz: { runs: 256 }, invariant: { runs: 64, depth: 50, failOnRevert: true } },
        ci: { fuzz: { runs: 1_000 }, invariant: { runs: 128, depth: 100, failOnRevert: true } },
        deep: { fuzz: { runs: 50_000 }, invariant: { runs: 1_000, depth: 500, failOnRevert: true } },
      },
    },
  },
});
