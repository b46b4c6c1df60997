import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ClaimOverdueParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  /** The registry's `CLAIM_BOND`, wei. */
  readonly bond: bigint;
}

export type ClaimOverdueReturnType = Hash;
export type ClaimOverdueErrorType = PublicaError;

/** An executor claims that the heartbeat is overdue, and leaves the bond. */
export function claimOverdue(client: WriteClient, parameters: ClaimOverdueParameters): Promise<ClaimOverdueReturnType> {
  const { registry, manifest, bond } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "claimOverdue",
      args: [
        manifest.willId,
        manifest.executors,
        manifest.plan.executorThreshold,
        manifestProof(manifest, "executors"),
      ],
      value: bond,
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
