import type { Address } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId, FeedRound } from "./types.ts";

export interface TryReadFeedParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type TryReadFeedReturnType = { readonly round: FeedRound | undefined; readonly fresh: boolean };

export type TryReadFeedErrorType = PublicaError;

/** The latest round whatever its age; `round` is undefined before the first report. Does not throw for a stale feed. */
export function tryReadFeed(client: ReadClient, parameters: TryReadFeedParameters): Promise<TryReadFeedReturnType> {
  return decoded(async () => {
    const [round, fresh] = await readContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "tryRead",
      args: [parameters.feed],
    });
    return { round: round.round === 0 ? undefined : round, fresh };
  });
}
