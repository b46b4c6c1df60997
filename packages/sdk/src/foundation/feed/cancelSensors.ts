import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "./types.ts";

export interface CancelSensorsParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type CancelSensorsReturnType = Hash;

export type CancelSensorsErrorType = PublicaError;

/** Withdraws the announced sensor set. For the role that may. */
export function cancelSensors(
  client: WriteClient,
  parameters: CancelSensorsParameters,
): Promise<CancelSensorsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "cancelSensors",
      args: [parameters.feed],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
