import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { type Deployment, parseDeployment } from "@publica/sdk";
import { getAddress, type Hex, keccak256 } from "viem";
import Demonstration from "../../deploy/modules/Demonstration.ts";
import Publica from "../../deploy/Publica.ts";
import { ChainProblem, type Connection } from "./chain.ts";
import { adoptSentTransactions } from "./recovery.ts";
import { ROOT } from "./run.ts";

export interface DeployOptions {
  readonly connection: Connection;
  /** Name of the network, for the parameter file and the messages. */
  readonly network: string;
  /** Folder of Ignition's journal below deploy/deployments; the same id resumes and never deploys twice. */
  readonly deploymentId: string;
  /** Forget an earlier journal: for chains that start empty each time. */
  readonly fresh?: boolean;
  /** Add the play currency and a pool in it, for stories and local development. */
  readonly demonstration?: boolean;
  /** Files with modules of one's own to deploy beside the suite. */
  readonly modules?: readonly string[];
  /** Show Ignition's own progress. */
  readonly displayUi?: boolean;
}

/** What a network's deployment is called unless it is given a name of its own. */
export function deploymentName(network: string, chainId: number): string {
  return `${network}-${chainId}`;
}

/** Where the addresses of a deployment are written (git-ignored). */
export function addressesPath(deploymentId: string): string {
  return join(ROOT, "deploy", "deployments", deploymentId, "addresses.json");
}

/** Deploys the suite (or what is missing of it) and records the addresses with the hash of the code that stands there. */
export async function deploySuite(options: DeployOptions): Promise<Deployment> {
  const { connection, network, deploymentId } = options;
  if (options.fresh) await rm(dirname(addressesPath(deploymentId)), { recursive: true, force: true });
  await adoptSentTransactions(connection, dirname(addressesPath(deploymentId)));
  const path = addressesPath(deploymentId);
  const before = existsSync(path) ? parseDeployment(await readFile(path, "utf8")) : undefined;
  if (before !== undefined) await checkCode(connection, before);
  const specific = join(ROOT, "deploy", "parameters", `${network}.json`);
  const parameters = existsSync(specific) ? specific : join(ROOT, "deploy", "parameters", "default.json");
  const settings = {
    parameters,
    deploymentId,
    displayUi: options.displayUi ?? false,
    // A chain that is ours alone has no reorganisations to wait for.
    config: options.fresh ? { requiredConfirmations: 1, blockPollingInterval: 20 } : {},
  };
  const whole = await composed(options);
  const deploy = () => connection.ignition.deploy(whole, settings);
  const contracts = await deploy()
    .catch((error: unknown) => {
      // Resuming, Ignition counts nonces from the highest one still pending in its journal, and takes later ones that are
      // completed there for a stranger's. It has confirmed the pending ones by the time it says so, and a second try knows.
      if (error instanceof Error && error.message.startsWith("HHE10411")) return deploy();
      throw error;
    })
    .catch((error: unknown) => {
      // What Ignition says of a deployment (a parameter is missing, a transaction failed) is for people; the rest are bugs.
      const [, said] =
        /^HHE101\d\d: Hardhat Ignition deployment error: ([\s\S]*)/.exec(error instanceof Error ? error.message : "") ??
        [];
      throw said === undefined
        ? error
        : new ChainProblem(`${said.trim()}\n\nParameters are read from ${relative(ROOT, parameters)}.`);
    });

  const client = await connection.viem.getPublicClient();
  const blocks = await deploymentBlocks(deploymentId);
  const entries = await Promise.all(
    Object.entries(contracts).map(async ([name, contract]) => {
      const address = getAddress(String(contract.target));
      const contractName = name.charAt(0).toUpperCase() + name.slice(1);
      const code = (await client.getCode({ address })) as Hex | undefined;
      if (code === undefined)
        throw new Error(`${name} has no code at ${address}; delete deploy/deployments/${deploymentId} to deploy anew`);
      const block = blocks.get(address);
      return [contractName, { address, codeHash: keccak256(code), ...(block === undefined ? {} : { block }) }] as const;
    }),
  );
  const deployment: Deployment = {
    chainId: await client.getChainId(),
    network,
    // What an earlier run deployed with other modules stays recorded; its code was looked at above.
    contracts: Object.fromEntries(
      Object.entries({ ...before?.contracts, ...Object.fromEntries(entries) }).sort(([a], [b]) => (a < b ? -1 : 1)),
    ) as Deployment["contracts"],
  };
  await mkdir(dirname(path), { recursive: true });
  // Written beside and renamed, so that a reader never sees half a file.
  await writeFile(`${path}.new`, `${JSON.stringify(deployment, null, 2)}\n`);
  await rename(`${path}.new`, path);
  return deployment;
}

/** The suite, and beside it what is asked for. */
async function composed({ demonstration, modules = [] }: DeployOptions): Promise<typeof Publica> {
  if (demonstration) return Demonstration as unknown as typeof Publica;
  if (modules.length === 0) return Publica;
  const parts = [Publica, ...(await Promise.all(modules.map(readModule)))];
  return buildModule("Composed", (m) => Object.assign({}, ...parts.map((part) => m.useModule(part)))) as never;
}

/** The Ignition module in a file. */
async function readModule(file: string): Promise<typeof Publica> {
  const path = resolve(file);
  if (!existsSync(path)) throw new ChainProblem(`there is no module ${file}`);
  const { default: module } = (await import(pathToFileURL(path).href)) as { default?: typeof Publica };
  if (typeof module?.id === "string" && typeof module.results === "object") return module;
  throw new ChainProblem(`${file} has no Ignition module (buildModule) as its default export`);
}

/** In which block each contract was deployed, from Ignition's journal. */
async function deploymentBlocks(deploymentId: string): Promise<Map<string, number>> {
  const journal = await readFile(join(dirname(addressesPath(deploymentId)), "journal.jsonl"), "utf8");
  const blocks = new Map<string, number>();
  for (const line of journal.split("\n")) {
    if (!line.includes('"contractAddress"')) continue;
    const { receipt } = JSON.parse(line) as { receipt?: { contractAddress?: string; blockNumber?: number } };
    if (receipt?.contractAddress && receipt.blockNumber !== undefined)
      blocks.set(getAddress(receipt.contractAddress), receipt.blockNumber);
  }
  return blocks;
}

/** The recorded deployment on the network behind `connection`, after comparing the code that stands there. */
export async function readDeployment(connection: Connection, network: string, id?: string): Promise<Deployment> {
  const client = await connection.viem.getPublicClient();
  const chainId = await client.getChainId();
  const path = addressesPath(id ?? deploymentName(network, chainId));
  if (!existsSync(path))
    throw new ChainProblem(`there is no deployment on ${network}; run npm run deploy -- --network ${network}`);
  const deployment = parseDeployment(await readFile(path, "utf8"));
  await checkCode(connection, deployment);
  return deployment;
}

/** Compares the code at each address with the recorded hash. */
async function checkCode(connection: Connection, deployment: Deployment): Promise<void> {
  const client = await connection.viem.getPublicClient();
  for (const [name, { address, codeHash }] of Object.entries(deployment.contracts)) {
    const code = (await client.getCode({ address })) ?? "0x";
    if (keccak256(code) !== codeHash)
      throw new ChainProblem(
        `${name} at ${address} on ${deployment.network} is not the code that was deployed. Is this the right chain?`,
      );
  }
}
