import type { Address } from "viem";
import { readContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeMember } from "./types.ts";

export interface ReadCommitteeMemberParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly member: Address;
}

export type ReadCommitteeMemberReturnType = CommitteeMember;

export type ReadCommitteeMemberErrorType = PublicaError;

/** What the contract knows of a member. */
export function readCommitteeMember(
  client: ReadClient,
  parameters: ReadCommitteeMemberParameters,
): Promise<ReadCommitteeMemberReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "memberOf",
      args: [parameters.feed, parameters.member],
    }),
  );
}
