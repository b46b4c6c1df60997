import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Deployment } from "@publica/sdk";
import { getAddress, type Hex, keccak256 } from "viem";
import Demonstration from "../../deploy/modules/Demonstration.ts";
import Publica from "../../deploy/Publica.ts";
import type { Connection } from "./chain.ts";
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
  /** Show Ignition's own progress. */
  readonly displayUi?: boolean;
}

/** Where the addresses of a deployment are written (git-ignored). */
export function addressesPath(deploymentId: string): string {
  return join(ROOT, "deploy", "deployments", deploymentId, "addresses.json");
}

/** Deploys the suite (or what is missing of it) and records the addresses with the hash of the code that stands there. */
export async function deploySuite(options: DeployOptions): Promise<Deployment> {
  const { connection, network, deploymentId } = options;
  if (options.fresh) await rm(dirname(addressesPath(deploymentId)), { recursive: true, force: true });
  const specific = join(ROOT, "deploy", "parameters", `${network}.json`);
  const parameters = existsSync(specific) ? specific : join(ROOT, "deploy", "parameters", "default.json");
  const settings = {
    parameters,
    deploymentId,
    displayUi: options.displayUi ?? false,
    // A chain that is ours alone has no reorganisations to wait for.
    config: options.fresh ? { requiredConfirmations: 1, blockPollingInterval: 20 } : {},
  };
  const contracts = options.demonstration
    ? await connection.ignition.deploy(Demonstration, settings)
    : await connection.ignition.deploy(Publica, settings);

  const client = await connection.viem.getPublicClient();
  const entries = await Promise.all(
    Object.entries(contracts).map(async ([name, contract]) => {
      const address = getAddress(String(contract.target));
      const contractName = name.charAt(0).toUpperCase() + name.slice(1);
      const code = (await client.getCode({ address })) as Hex | undefined;
      if (code === undefined)
        throw new Error(`${name} has no code at ${address}; delete deploy/deployments/${deploymentId} to deploy anew`);
      return [contractName, { address, codeHash: keccak256(code) }] as const;
    }),
  );
  const deployment: Deployment = {
    chainId: await client.getChainId(),
    network,
    contracts: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as Deployment["contracts"],
  };
  const path = addressesPath(deploymentId);
  await mkdir(dirname(path), { recursive: true });
  // Written beside and renamed, so that a reader never sees half a file.
  await writeFile(`${path}.new`, `${JSON.stringify(deployment, null, 2)}\n`);
  await rename(`${path}.new`, path);
  return deployment;
}
