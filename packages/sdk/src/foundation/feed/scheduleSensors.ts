import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId, SensorKey } from "./types.ts";

export interface ScheduleSensorsParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly keys: readonly SensorKey[];
  readonly quorum: number;
}

export type ScheduleSensorsReturnType = Hash;

export type ScheduleSensorsErrorType = PublicaError;

/** Announces the next sensor set, in force after the activation delay. For the role that may. */
export function scheduleSensors(
  client: WriteClient,
  parameters: ScheduleSensorsParameters,
): Promise<ScheduleSensorsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "scheduleSensors",
      args: [parameters.feed, parameters.keys, parameters.quorum],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
