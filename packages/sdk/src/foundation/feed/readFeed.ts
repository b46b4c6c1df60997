import type { Address } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId, FeedRound } from "./types.ts";

export interface ReadFeedParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type ReadFeedReturnType = FeedRound;

export type ReadFeedErrorType = PublicaError;

/** The latest round; throws `FeedStale` when older than the heartbeat, `FeedWithoutData` when there is none. */
export function readFeed(client: ReadClient, parameters: ReadFeedParameters): Promise<ReadFeedReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "read",
      args: [parameters.feed],
    }),
  );
}
