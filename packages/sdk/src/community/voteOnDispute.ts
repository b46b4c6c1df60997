import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, bytes32, check, flag } from "./input.ts";

export interface VoteOnDisputeParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly dispute: Hex;
  readonly uphold: boolean;
}

const shape = { forum: address, dispute: bytes32, uphold: flag };

export type VoteOnDisputeReturnType = Hash;
export type VoteOnDisputeErrorType = PublicaError;

/** Votes on a dispute; a drawn member. */
export function voteOnDispute(
  client: WriteClient,
  parameters: VoteOnDisputeParameters,
): Promise<VoteOnDisputeReturnType> {
  return decoded(() => {
    check("voteOnDispute", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "vote",
      args: [parameters.dispute, parameters.uphold],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
