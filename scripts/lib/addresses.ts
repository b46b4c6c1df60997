// The addresses of the recorded deployments, merged by chain.
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "@publica/sdk";
import { ROOT } from "./run.ts";

/** Deployments on public chains, kept in the repository and shipped in the package. */
const RECORD = join(ROOT, "deploy", "addresses.json");
/** By chain id: the network's name and what stands where. */
export type Addresses = Readonly<Record<string, Omit<Deployment, "chainId">>>;

/** The deployments that deploy/addresses.json records. */
export async function recordedDeployments(): Promise<Deployment[]> {
  // The SDK can be loaded only after a build, which this module must not need.
  const { parseDeployment } = await import("@publica/sdk");
  const recorded = JSON.parse(await readFile(RECORD, "utf8")) as Addresses;
  return Object.entries(recorded).map(([chainId, rest]) =>
    parseDeployment(JSON.stringify({ chainId: Number(chainId), ...rest })),
  );
}

/** Adds `deployment` to deploy/addresses.json, in place of an earlier one on the same chain. */
export async function recordDeployment(deployment: Deployment): Promise<void> {
  const merged = mergeAddresses([...(await recordedDeployments()), deployment]);
  await writeFile(`${RECORD}.new`, `${JSON.stringify(merged, null, 2)}\n`);
  await rename(`${RECORD}.new`, RECORD);
}

/** One entry a chain, in the order of the chain ids; a later deployment on the same chain replaces an earlier one. */
export function mergeAddresses(deployments: readonly Deployment[]): Addresses {
  const byChain = new Map<number, Omit<Deployment, "chainId">>();
  for (const { chainId, ...rest } of deployments) byChain.set(chainId, rest);
  return Object.fromEntries([...byChain].sort(([a], [b]) => a - b).map(([chainId, rest]) => [String(chainId), rest]));
}
