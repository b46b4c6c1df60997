import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { heirLossAbi } from "../generated/abi.ts";
import type { Share } from "../foundation/threshold/index.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface PublishEscrowShareParameters {
  readonly heirLoss: Address;
  readonly manifest: Manifest;
  readonly share: Share;
}

export type PublishEscrowShareReturnType = Hash;
export type PublishEscrowShareErrorType = PublicaError;

/** Publishes a guardian's share of the escrow key, once an heir's loss is confirmed. */
export function publishEscrowShare(
  client: WriteClient,
  parameters: PublishEscrowShareParameters,
): Promise<PublishEscrowShareReturnType> {
  const { heirLoss, manifest, share } = parameters;
  return decoded(async () => {
    const accounts = manifest.guardians.map(({ escrowShare }) => escrowShare);
    return writeContract(client, {
      address: heirLoss,
      abi: heirLossAbi,
      functionName: "publishEscrowShare",
      args: [manifest.willId, share.index, share.scalar, accounts, manifestProof(manifest, "escrowShares")],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
