import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";

export interface LeaveCommitteeParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  /** The account of the member's key. */
  readonly member: Address;
}

export type LeaveCommitteeReturnType = Hash;

export type LeaveCommitteeErrorType = PublicaError;

/** Ends a member's enrolment; its bond is free after the dispute window. */
export function leaveCommittee(
  client: WriteClient,
  parameters: LeaveCommitteeParameters,
): Promise<LeaveCommitteeReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "leave",
      args: [parameters.feed, parameters.member],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
