import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";

export interface ReleaseBondParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  /** The account of the member's key. */
  readonly member: Address;
}

export type ReleaseBondReturnType = Hash;

export type ReleaseBondErrorType = PublicaError;

/** Credits the bond of a member that left to its operator. Anyone may. */
export function releaseBond(client: WriteClient, parameters: ReleaseBondParameters): Promise<ReleaseBondReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "releaseBond",
      args: [parameters.feed, parameters.member],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
