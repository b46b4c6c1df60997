import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import type { ShareSignature } from "../foundation/threshold/index.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ProveLeakParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  readonly guardian: number;
  /** The share's signature over `Leak`, which names the sender. */
  readonly signature: ShareSignature;
}

export type ProveLeakReturnType = Hash;
export type ProveLeakErrorType = PublicaError;

/** Proves, before release, that a guardian's share is known to the sender, without showing it. */
export function proveLeak(client: WriteClient, parameters: ProveLeakParameters): Promise<ProveLeakReturnType> {
  const { registry, manifest, guardian, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "proveLeak",
      args: [
        manifest.willId,
        guardian,
        signature.r,
        signature.vs,
        manifestProof(manifest, `guardianShare:${guardian}`),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
