import type { Address } from "viem";
import { readContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeConfig } from "./types.ts";

export interface ReadCommitteeConfigParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type ReadCommitteeConfigReturnType = CommitteeConfig;

export type ReadCommitteeConfigErrorType = PublicaError;

/** The committee in force and the feed's terms; all zero when the feed has no committee lane. */
export function readCommitteeConfig(
  client: ReadClient,
  parameters: ReadCommitteeConfigParameters,
): Promise<ReadCommitteeConfigReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "configOf",
      args: [parameters.feed],
    }),
  );
}
