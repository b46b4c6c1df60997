import { type Address, type Hash, zeroAddress } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import { disputeArgument } from "./dispute.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface DisputeGuardianShareParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly guardian: number;
}

export type DisputeGuardianShareReturnType = Hash;
export type DisputeGuardianShareErrorType = PublicaError;

/** The same for a guardian's share. */
export function disputeGuardianShare(
  client: WriteClient,
  parameters: DisputeGuardianShareParameters,
): Promise<DisputeGuardianShareReturnType> {
  const { evidence, manifest, guardian } = parameters;
  return decoded(async () => {
    const named = manifest.guardians[guardian - 1]?.share ?? zeroAddress;
    return writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "disputeGuardianShare",
      args: [
        manifest.willId,
        named,
        manifestProof(manifest, `guardianShare:${guardian}`),
        disputeArgument(manifest, "guardians", guardian),
      ],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
