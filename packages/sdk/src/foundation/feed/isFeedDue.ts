import type { Address } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "./types.ts";

export interface IsFeedDueParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
  /** The median the sensors would report. */
  readonly value: bigint;
}

export type IsFeedDueReturnType = boolean;

export type IsFeedDueErrorType = PublicaError;

/** Whether a report of `value` should be posted now: no data, heartbeat elapsed, or deviation reached. */
export function isFeedDue(client: ReadClient, parameters: IsFeedDueParameters): Promise<IsFeedDueReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "isDue",
      args: [parameters.feed, parameters.value],
    }),
  );
}
