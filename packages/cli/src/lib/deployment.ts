import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Deployment, parseDeployment } from "@publica/sdk";
import { type Address, isAddressEqual } from "viem";
import { CliError } from "./errors.ts";
import type { Io } from "./io.ts";

/** A deployment, and the file it was read from. */
export interface FoundDeployment {
  readonly deployment: Deployment;
  /** As people would name it from where they stand. */
  readonly path: string;
}

/** The first folder at or above `from` for which `is` holds. */
export function above(from: string, is: (folder: string) => boolean): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (is(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Every addresses.json below ./deploy/deployments, or that of the clone around the current folder; newest first. */
export function listDeployments(io: Io): FoundDeployment[] {
  const root = above(io.cwd, (folder) => existsSync(join(folder, "deploy", "deployments")));
  if (root === undefined) return [];
  const base = join(root, "deploy", "deployments");
  return readdirSync(base)
    .map((name) => join(base, name, "addresses.json"))
    .filter((file) => existsSync(file))
    .map((file) => ({ file, time: statSync(file).mtimeMs }))
    .sort((a, b) => b.time - a.time)
    .map(({ file }) => readDeploymentFile(io, file));
}

function readDeploymentFile(io: Io, file: string): FoundDeployment {
  const full = resolve(io.cwd, file);
  let text: string;
  try {
    text = readFileSync(full, "utf8");
  } catch {
    throw new CliError(
      `there is no addresses file ${file}`,
      "Name the addresses.json that the deployment wrote, or deploy with publica deploy.",
    );
  }
  return { deployment: parseDeployment(text), path: relative(io.cwd, full) || full };
}

/** The deployment asked for, else the newest recorded for this chain, else none. */
export function findDeployment(io: Io, chainId: number, file?: string): FoundDeployment | undefined {
  if (file === undefined) return listDeployments(io).find(({ deployment }) => deployment.chainId === chainId);
  const found = readDeploymentFile(io, file);
  if (found.deployment.chainId !== chainId) {
    throw new CliError(
      `${file} is a deployment on chain ${found.deployment.chainId}, but the endpoint is chain ${chainId}`,
      "Name that chain's endpoint with --rpc, or this chain's addresses with --deployment.",
    );
  }
  return found;
}

/** As {@link findDeployment}, for commands that cannot do without. */
export function requireDeployment(io: Io, chainId: number, file?: string): FoundDeployment {
  const found = findDeployment(io, chainId, file);
  if (found !== undefined) return found;
  const others = listDeployments(io).map(({ deployment, path }) => `${path} (chain ${deployment.chainId})`);
  throw new CliError(
    `no deployment on chain ${chainId} is recorded below ${join("deploy", "deployments")}${others.length === 0 ? "" : `, only ${others.join(", ")}`}`,
    "Name its addresses.json with --deployment, or deploy with publica deploy.",
  );
}

/** The contract's name in the deployment, if it is one of its contracts. */
export function nameIn(deployment: Deployment | undefined, address: Address): string | undefined {
  return Object.entries(deployment?.contracts ?? {}).find(([, entry]) => isAddressEqual(entry.address, address))?.[0];
}
