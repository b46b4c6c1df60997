import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import type { Share } from "../foundation/threshold/index.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface PublishShareParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  readonly share: Share;
}

export type PublishShareReturnType = Hash;
export type PublishShareErrorType = PublicaError;

/** Publishes a guardian's share after release. It cannot be taken back: act on finalised blocks only. */
export function publishShare(client: WriteClient, parameters: PublishShareParameters): Promise<PublishShareReturnType> {
  const { registry, manifest, share } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "publishShare",
      args: [manifest.willId, share.index, share.scalar, manifestProof(manifest, `guardianShare:${share.index}`)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
