import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { addressOf, type Deployment, parseDeployment } from "@publica/sdk";
import { accessManagerAbi, credentialRegistryAbi, underwritingPoolAbi } from "@publica/sdk/abi";
import { expect } from "chai";
import hre from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  getAddress,
  getContractAddress,
  type Hex,
  http,
  keccak256,
  type PublicClient,
  stringToHex,
  zeroAddress,
} from "viem";
import { type LocalAccount, mnemonicToAccount } from "viem/accounts";
import { sepolia } from "viem/chains";
import { readArtifacts } from "../../scripts/lib/abis.ts";
import { mergeAddresses } from "../../scripts/lib/addresses.ts";
import type { Role } from "../../scripts/lib/roles.ts";
import { ROOT } from "../../scripts/lib/run.ts";
import { foundry, toolSet } from "../../scripts/lib/tools.ts";
import { runScript } from "../utils/process.ts";

/** The first account of every development chain; public, for tests only. */
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const owner = (index: number): LocalAccount =>
  mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: index });

interface Chain {
  readonly url: string;
  close(): Promise<void>;
}

async function hardhatChain(network: "default" | "op"): Promise<Chain> {
  const server = await hre.network.createServer({ network, override: { chainId: sepolia.id } }, "127.0.0.1");
  const { port } = await server.listen();
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function anvilChain(): Promise<Chain> {
  const port = await freePort();
  const program = await foundry("anvil");
  const child = spawn(program, ["--port", `${port}`, "--chain-id", `${sepolia.id}`, "--hardfork", "osaka"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("anvil ended")));
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("Listening on")) resolve();
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit");
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const clientOf = (url: string): PublicClient =>
  createPublicClient({ chain: sepolia, transport: http(url), pollingInterval: 20, cacheTime: 0 });

const environment = (url: string) => ({ SEPOLIA_RPC_URL: url, SEPOLIA_PRIVATE_KEY: KEY });

/**
 * Starts `npm run deploy`, which is killed without a word of warning in place of one line of its journal (see
 * utils/killedWriting.ts): the step before that line is done, and nothing on disk knows of it.
 */
async function killedAt(url: string, id: string, line: string): Promise<void> {
  const preload = pathToFileURL(join(ROOT, "test", "utils", "killedWriting.ts")).href;
  const child = spawn(
    process.execPath,
    ["--import", preload, join(ROOT, "scripts", "deploy.ts"), "--network", "sepolia", "--as", id, "--json"],
    { cwd: ROOT, env: { ...process.env, ...environment(url), PUBLICA_KILL: line }, stdio: "ignore" },
  );
  const signal = await new Promise((resolve) => child.once("exit", (_code, by) => resolve(by)));
  expect(signal, `killed at ${line}`).to.equal("SIGKILL");
}

/** Contracts that the chain's transactions created, and how many transactions there were. */
async function census(client: PublicClient): Promise<{ created: Address[]; transactions: number }> {
  const created: Address[] = [];
  let transactions = 0;
  for (let number = 0n; number <= (await client.getBlockNumber()); number++) {
    const block = await client.getBlock({ blockNumber: number });
    for (const hash of block.transactions) {
      const { contractAddress, from } = await client.getTransactionReceipt({ hash });
      if (from.toLowerCase() !== owner(0).address.toLowerCase()) continue;
      transactions += 1;
      if (contractAddress) created.push(contractAddress);
    }
  }
  return { created, transactions };
}

/** Kills the deployment once at each of `kills`, lets it finish, and looks at what stands on the chain. */
async function drill(chain: Chain, id: string, kills: readonly string[]): Promise<Deployment> {
  const folder = join(ROOT, "deploy", "deployments", id);
  await rm(folder, { recursive: true, force: true });
  const client = clientOf(chain.url);
  for (const line of kills) await killedAt(chain.url, id, line);
  const { code, stdout, stderr } = await runScript(
    "deploy.ts",
    ["--network", "sepolia", "--as", id, "--json"],
    environment(chain.url),
  );
  expect(code, stderr + stdout).to.equal(0);
  const deployment = parseDeployment(stdout);

  const { created, transactions } = await census(client);
  expect(created.length, "no contract stands twice").to.equal(Object.keys(deployment.contracts).length);
  const journal = (await readFile(join(folder, "journal.jsonl"), "utf8")).split("\n");
  const confirmed = journal.filter((line) => line.includes('"TRANSACTION_CONFIRM"')).length;
  expect(transactions, "no call was sent twice").to.equal(confirmed);
  for (const [name, { address, codeHash, block }] of Object.entries(deployment.contracts)) {
    expect(keccak256((await client.getCode({ address })) ?? "0x"), name).to.equal(codeHash);
    expect(block, name).to.be.a("number");
    expect(await client.getCode({ address, blockNumber: BigInt((block ?? 0) - 1) }), name).to.equal(undefined);
  }

  const before = await client.getBlockNumber();
  const again = await runScript("deploy.ts", ["--network", "sepolia", "--as", id, "--json"], environment(chain.url));
  expect(again.code, again.stderr).to.equal(0);
  expect(JSON.parse(again.stdout)).to.deep.equal(JSON.parse(stdout));
  expect(await client.getBlockNumber()).to.equal(before);
  return deployment;
}

describe("a deployment in earnest", function () {
  this.timeout(900_000);
  const ids: string[] = [];
  const named = (id: string): string => {
    ids.push(id);
    return id;
  };

  after(async () => {
    for (const id of ids) await rm(join(ROOT, "deploy", "deployments", id), { recursive: true, force: true });
  });

  it("on anvil, killed at every step of a contract's deployment, resumes without a second copy of anything", async () => {
    const chain = await anvilChain();
    try {
      await drill(chain, named("drill-anvil"), [
        "DEPLOYMENT_EXECUTION_STATE_INITIALIZE:2",
        "TRANSACTION_PREPARE_SEND:2",
        "TRANSACTION_SEND:3",
        "TRANSACTION_SEND:2:torn",
        "TRANSACTION_CONFIRM:3",
        "DEPLOYMENT_EXECUTION_STATE_COMPLETE:2:torn",
      ]);
    } finally {
      await chain.close();
    }
  });

  it("on a simulated rollup, killed between sending and writing it down, resumes without a second copy of anything", async () => {
    const chain = await hardhatChain("op");
    try {
      await drill(chain, named("drill-rollup"), ["TRANSACTION_SEND:4", "TRANSACTION_CONFIRM:5:torn"]);
    } finally {
      await chain.close();
    }
  });

  describe("on the Hardhat node with the chain id of a public network", () => {
    const id = named("drill-hardhat");
    let chain: Chain;
    let deployment: Deployment;
    let safe: Address;

    before(async () => {
      chain = await hardhatChain("default");
    });

    after(() => chain.close());

    it("killed between sending and writing it down, resumes without a second copy of anything", async () => {
      deployment = await drill(chain, id, ["TRANSACTION_SEND:2:torn", "TRANSACTION_CONFIRM:3"]);
    });

    it("keeps the exact compiler input of every contract for verification", async () => {
      const folder = join(ROOT, "deploy", "deployments", id);
      const artifacts = readdirSync(join(folder, "artifacts")).filter((file) => file.endsWith(".json"));
      expect(artifacts.length).to.be.at.least(Object.keys(deployment.contracts).length);
      for (const file of artifacts) {
        const { buildInfoId, inputSourceName } = JSON.parse(
          await readFile(join(folder, "artifacts", file), "utf8"),
        ) as {
          buildInfoId?: string;
          inputSourceName?: string;
        };
        if (buildInfoId === undefined) continue;
        const path = join(folder, "build-info", `${buildInfoId}.json`);
        expect(existsSync(path), path).to.equal(true);
        const { input, solcLongVersion } = JSON.parse(await readFile(path, "utf8")) as {
          input: { sources: Record<string, { content: string }>; settings: { viaIR: boolean } };
          solcLongVersion: string;
        };
        expect(solcLongVersion).to.match(/^0\.8\.37\+commit\./);
        expect(input.settings.viaIR).to.equal(true);
        expect(input.sources[inputSourceName ?? ""]?.content, file).to.be.a("string");
      }
    });

    it("adds the README's module of one's own to the same addresses, which later runs keep", async () => {
      const currency = await deployToken(chain.url);
      const [, example = ""] =
        /```ts\n(.*buildModule[\s\S]*?)```/.exec(await readFile(join(ROOT, "README.md"), "utf8")) ?? [];
      const file = join(ROOT, "deploy", "deployments", id, "Cooperative.ts");
      const text = example
        .replace('"./Publica.ts"', '"../../Publica.ts"')
        .replace('m.getParameter("currency")', `"${currency}"`);
      expect(text).to.contain(currency);
      await writeFile(file, text);
      const added = await deployed(["--module", file]);
      const { UnderwritingPool, ...suite } = added.contracts;
      expect(suite).to.deep.equal(deployment.contracts);
      const pool = { address: UnderwritingPool?.address ?? zeroAddress, abi: underwritingPoolAbi } as const;
      expect(await clientOf(chain.url).readContract({ ...pool, functionName: "asset" })).to.equal(currency);
      expect(await deployed([])).to.deep.equal(added);
    });

    it("goes no further when other code stands where an earlier run recorded a contract", async () => {
      const path = join(ROOT, "deploy", "deployments", id, "addresses.json");
      const whole = await readFile(path, "utf8");
      const { WillRegistry, ...others } = deployment.contracts;
      const wrong = { ...others, WillRegistry: { ...WillRegistry, codeHash: keccak256("0x") } };
      await writeFile(path, JSON.stringify({ ...deployment, contracts: wrong }));
      const before = await clientOf(chain.url).getBlockNumber();
      const { code, stderr } = await runScript(
        "deploy.ts",
        ["--network", "sepolia", "--as", id],
        environment(chain.url),
      );
      expect(code).to.equal(1);
      expect(stderr).to.match(/WillRegistry at 0x\w+ on sepolia is not the code that was deployed/);
      expect(await clientOf(chain.url).getBlockNumber()).to.equal(before);
      await writeFile(path, whole);
    });

    it("refuses a module that is not there, is none, or lacks a parameter", async () => {
      for (const [file, says] of [
        ["deploy/Nothing.ts", /there is no module deploy.Nothing\.ts/],
        ["deploy/lib/permit.ts", /has no Ignition module/],
        [
          "deploy/modules/Energy.ts",
          /^error .*\n+ *\* Energy#EnergyAccounts: .*'token' requires a value[\s\S]*read from deploy.parameters.sepolia\.json\./m,
        ],
      ] as const) {
        const args = ["--network", "sepolia", "--as", id, "--module", file];
        const { code, stderr } = await runScript("deploy.ts", args, environment(chain.url));
        expect(code).to.equal(1);
        expect(stderr).to.match(says);
      }
    });

    async function deployed(args: readonly string[]): Promise<Deployment> {
      const all = ["--network", "sepolia", "--as", id, "--json", ...args];
      const { code, stdout, stderr } = await runScript("deploy.ts", all, environment(chain.url));
      expect(code, stderr + stdout).to.equal(0);
      return parseDeployment(stdout);
    }

    it("refuses to hand the roles to an address without code", async () => {
      const { code, stderr } = await roles(["--hand-to", owner(5).address]);
      expect(code).to.equal(1);
      expect(stderr).to.match(/there is no contract at 0x/);
    });

    it("hands every role to a Safe, and the report lists nobody else", async () => {
      safe = await deploySafe(chain.url);
      const handed = await roles(["--hand-to", safe, "--delay", "7200", "--json"]);
      expect(handed.code, handed.stderr).to.equal(0);
      const report = JSON.parse(handed.stdout) as Role[];
      expect(report.map(({ name }) => name)).to.include.members(["administrator", "registrar", "feedKeeper"]);
      for (const { name, members } of report)
        expect(
          members.map(({ account }) => account.toLowerCase()),
          name,
        ).to.deep.equal([safe.toLowerCase()]);
      const registrar = report.find(({ name }) => name === "registrar");
      expect(registrar?.functions).to.deep.equal(["CredentialRegistry.appoint(bytes32,address,uint8)"]);
      expect(registrar?.members[0]?.delay).to.be.at.least(7200);
      expect(report.find(({ name }) => name === "administrator")?.members[0]?.delay).to.equal(7200);
      const repeated = await roles(["--hand-to", safe, "--json"]);
      expect(JSON.parse(repeated.stdout)).to.deep.equal(report);
    });

    it("lets the Safe act, by two of three signatures and after the delay, and the deployer no more", async () => {
      const client = clientOf(chain.url);
      const registry = addressOf(deployment, "CredentialRegistry");
      const manager = addressOf(deployment, "AccessManager");
      const credentialType = keccak256(stringToHex("publica.technician"));
      const call = encodeFunctionData({
        abi: credentialRegistryAbi,
        functionName: "appoint",
        args: [credentialType, owner(6).address, 1],
      });
      const deployer = createWalletClient({ account: owner(0), chain: sepolia, transport: http(chain.url) });
      const refused = await client.call({ account: deployer.account, to: registry, data: call }).then(() => "", String);
      expect(refused).to.match(/revert/i);

      const through = (functionName: "schedule" | "execute"): Hex =>
        functionName === "schedule"
          ? encodeFunctionData({ abi: accessManagerAbi, functionName, args: [registry, call, 0] })
          : encodeFunctionData({ abi: accessManagerAbi, functionName, args: [registry, call] });
      await executeThroughSafe(chain.url, safe, manager, through("schedule"));
      const early = await executeThroughSafe(chain.url, safe, manager, through("execute")).then(() => "", String);
      expect(early).to.match(/revert|GS013/i);
      const test = createTestClient({ mode: "hardhat", chain: sepolia, transport: http(chain.url) });
      await test.increaseTime({ seconds: 200_000 });
      await test.mine({ blocks: 1 });
      await executeThroughSafe(chain.url, safe, manager, through("execute"));
      const [event] = await client.getContractEvents({
        address: registry,
        abi: credentialRegistryAbi,
        eventName: "CredentialIssuerAppointed",
        fromBlock: 0n,
      });
      expect(
        JSON.stringify(event?.args, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
      ).to.contain(owner(6).address);
    });

    it("is merged into the addresses by chain", () => {
      const other: Deployment = { ...deployment, chainId: 1, network: "mainnet" };
      const merged = mergeAddresses([deployment, other, { ...deployment, network: "again" }]);
      expect(Object.keys(merged)).to.deep.equal(["1", `${sepolia.id}`]);
      expect(merged[`${sepolia.id}`]?.network).to.equal("again");
      expect(merged["1"]?.contracts).to.deep.equal(deployment.contracts);
    });

    function roles(args: readonly string[]) {
      return runScript("roles.ts", ["--network", "sepolia", "--as", id, ...args], environment(chain.url));
    }
  });
});

/** A currency; not by the deploying account, whose transactions are counted. */
async function deployToken(url: string): Promise<Address> {
  const artifact = (await readArtifacts({ mocks: true })).find(({ contractName }) => contractName === "TestToken");
  if (artifact === undefined) throw new Error("the contracts are not built");
  const wallet = createWalletClient({ account: owner(4), chain: sepolia, transport: http(url) });
  const hash = await wallet.deployContract({ ...artifact, args: ["Test Money", "TEST", 6] });
  const { contractAddress } = await clientOf(url).waitForTransactionReceipt({ hash });
  return getAddress(contractAddress ?? zeroAddress);
}

/** Safe 1.4.1, from npm. */
async function safeArtifact(path: string): Promise<{ abi: Abi; bytecode: Hex }> {
  const folder = join(await toolSet("safe"), "@safe-global", "safe-contracts", "build", "artifacts", "contracts");
  return createRequire(import.meta.url)(join(folder, path)) as { abi: Abi; bytecode: Hex };
}

/** A Safe of three owners of whom two must sign. */
async function deploySafe(url: string): Promise<Address> {
  const client = clientOf(url);
  const wallet = createWalletClient({ account: owner(1), chain: sepolia, transport: http(url) });
  const deploy = async (path: string): Promise<{ address: Address; abi: Abi }> => {
    const { abi, bytecode } = await safeArtifact(path);
    const nonce = BigInt(await client.getTransactionCount({ address: wallet.account.address }));
    await client.waitForTransactionReceipt({ hash: await wallet.deployContract({ abi, bytecode }) });
    return { address: getContractAddress({ from: wallet.account.address, nonce }), abi };
  };
  const singleton = await deploy("Safe.sol/Safe.json");
  const factory = await deploy("proxies/SafeProxyFactory.sol/SafeProxyFactory.json");
  const setup = encodeFunctionData({
    abi: singleton.abi,
    functionName: "setup",
    args: [
      [owner(1), owner(2), owner(3)].map(({ address }) => address),
      2n,
      zeroAddress,
      "0x",
      zeroAddress,
      zeroAddress,
      0n,
      zeroAddress,
    ],
  });
  const { request, result } = await client.simulateContract({
    account: wallet.account,
    address: factory.address,
    abi: factory.abi,
    functionName: "createProxyWithNonce",
    args: [singleton.address, setup, 1n],
  });
  await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  return result as Address;
}

/** Two owners sign, the first sends. */
async function executeThroughSafe(url: string, safe: Address, to: Address, data: Hex): Promise<void> {
  const client = clientOf(url);
  const { abi } = await safeArtifact("Safe.sol/Safe.json");
  const nonce = (await client.readContract({ address: safe, abi, functionName: "nonce" })) as bigint;
  const signers = [owner(1), owner(2)].sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1));
  const signatures = await Promise.all(
    signers.map(({ signTypedData }) =>
      signTypedData?.({
        domain: { chainId: sepolia.id, verifyingContract: safe },
        primaryType: "SafeTx",
        types: {
          SafeTx: [
            { name: "to", type: "address" },
            { name: "value", type: "uint256" },
            { name: "data", type: "bytes" },
            { name: "operation", type: "uint8" },
            { name: "safeTxGas", type: "uint256" },
            { name: "baseGas", type: "uint256" },
            { name: "gasPrice", type: "uint256" },
            { name: "gasToken", type: "address" },
            { name: "refundReceiver", type: "address" },
            { name: "nonce", type: "uint256" },
          ],
        },
        message: {
          to,
          value: 0n,
          data,
          operation: 0,
          safeTxGas: 0n,
          baseGas: 0n,
          gasPrice: 0n,
          gasToken: zeroAddress,
          refundReceiver: zeroAddress,
          nonce,
        },
      }),
    ),
  );
  const wallet = createWalletClient({ account: owner(1), chain: sepolia, transport: http(url) });
  const { request } = await client.simulateContract({
    account: wallet.account,
    address: safe,
    abi,
    functionName: "execTransaction",
    args: [to, 0n, data, 0, 0n, 0n, 0n, zeroAddress, zeroAddress, concat(signatures as Hex[])],
  });
  await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
}
