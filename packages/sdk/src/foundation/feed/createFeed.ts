import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedDescription, SensorKey } from "./types.ts";

export interface CreateFeedParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly description: FeedDescription;
  /** The sensors; their order gives their indices. */
  readonly keys: readonly SensorKey[];
  /** Signatures a report needs. */
  readonly quorum: number;
}

export type CreateFeedReturnType = Hash;

export type CreateFeedErrorType = PublicaError;

/** Creates a feed; its first sensor set is in force at once. For the role that may (see the deployment). */
export function createFeed(client: WriteClient, parameters: CreateFeedParameters): Promise<CreateFeedReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "createFeed",
      args: [parameters.description, parameters.keys, parameters.quorum],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
