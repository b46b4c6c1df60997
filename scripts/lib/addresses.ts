// The addresses of every recorded deployment, merged by chain.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "@publica/sdk";
import { ROOT } from "./run.ts";

/** Deployments on public chains, kept in the repository. */
const COMMITTED = join(ROOT, "deploy", "addresses.json");
/** Ignition's journals, not kept. */
const JOURNALS = join(ROOT, "deploy", "deployments");

/** By chain id: the network's name and what stands where. */
export type Addresses = Readonly<Record<string, Omit<Deployment, "chainId">>>;

/** What deploy/addresses.json and the journals of this checkout know, the journals last. */
export async function recordedDeployments(): Promise<Deployment[]> {
  // The SDK can be loaded only after a build, which this module must not need.
  const { parseDeployment } = await import("@publica/sdk");
  const found: Deployment[] = [];
  if (existsSync(COMMITTED)) {
    const committed = JSON.parse(await readFile(COMMITTED, "utf8")) as Addresses;
    for (const [chainId, rest] of Object.entries(committed))
      found.push(parseDeployment(JSON.stringify({ chainId: Number(chainId), ...rest })));
  }
  if (existsSync(JOURNALS)) {
    for (const name of (await readdir(JOURNALS)).sort()) {
      const path = join(JOURNALS, name, "addresses.json");
      if (existsSync(path)) found.push(parseDeployment(await readFile(path, "utf8")));
    }
  }
  return found;
}

/** One entry a chain, in the order of the chain ids; a later deployment on the same chain replaces an earlier one. */
export function mergeAddresses(deployments: readonly Deployment[]): Addresses {
  const byChain = new Map<number, Omit<Deployment, "chainId">>();
  for (const { chainId, ...rest } of deployments) byChain.set(chainId, rest);
  return Object.fromEntries([...byChain].sort(([a], [b]) => a - b).map(([chainId, rest]) => [String(chainId), rest]));
}
