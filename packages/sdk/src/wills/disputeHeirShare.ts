import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import { heirList } from "./acceptance.ts";
import { disputeArgument } from "./dispute.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface DisputeHeirShareParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly heir: number;
}

export type DisputeHeirShareReturnType = Hash;
export type DisputeHeirShareErrorType = PublicaError;

/** Proves on chain that the manifest names a wrong account for an heir's share. */
export function disputeHeirShare(
  client: WriteClient,
  parameters: DisputeHeirShareParameters,
): Promise<DisputeHeirShareReturnType> {
  const { evidence, manifest, heir } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "disputeHeirShare",
      args: [
        manifest.willId,
        heirList(manifest),
        manifestProof(manifest, "heirs"),
        disputeArgument(manifest, "heirs", heir),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
