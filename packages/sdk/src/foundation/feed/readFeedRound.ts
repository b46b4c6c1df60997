import type { Address } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId, FeedRound } from "./types.ts";

export interface ReadFeedRoundParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly round: number;
}

export type ReadFeedRoundReturnType = FeedRound;

export type ReadFeedRoundErrorType = PublicaError;

/** Round `round` of the history; throws `FeedRoundUnavailable` when it was skipped, lies ahead or was overwritten. */
export function readFeedRound(
  client: ReadClient,
  parameters: ReadFeedRoundParameters,
): Promise<ReadFeedRoundReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "readRound",
      args: [parameters.feed, parameters.round],
    }),
  );
}
