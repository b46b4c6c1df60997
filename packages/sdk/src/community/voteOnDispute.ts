import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";

export interface VoteOnDisputeParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly dispute: Hex;
  readonly uphold: boolean;
}

export type VoteOnDisputeReturnType = Hash;
export type VoteOnDisputeErrorType = PublicaError;

/** Votes on a dispute; a drawn member. */
export function voteOnDispute(
  client: WriteClient,
  parameters: VoteOnDisputeParameters,
): Promise<VoteOnDisputeReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "vote",
      args: [parameters.dispute, parameters.uphold],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
