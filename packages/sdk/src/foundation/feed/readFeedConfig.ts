import type { Address } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, PublicaError } from "../errors.ts";
import type { FeedConfig, FeedId } from "./types.ts";

export interface ReadFeedConfigParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type ReadFeedConfigReturnType = FeedConfig;

export type ReadFeedConfigErrorType = PublicaError;

/** The configuration in force; throws `FeedUnknown` when there is no such feed. */
export function readFeedConfig(
  client: ReadClient,
  parameters: ReadFeedConfigParameters,
): Promise<ReadFeedConfigReturnType> {
  return decoded(async () => {
    const config = await readContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "configOf",
      args: [parameters.feed],
    });
    if (config.epoch === 0) {
      throw new PublicaError(
        "FeedUnknown",
        `There is no feed ${parameters.feed}.`,
        "Compare the id with `feedIdOf` of the description; have the feed created if it is new.",
        [parameters.feed],
      );
    }
    return config;
  });
}
