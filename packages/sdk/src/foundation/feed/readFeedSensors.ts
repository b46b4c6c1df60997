import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId, SensorKey } from "./types.ts";

export interface ReadFeedSensorsParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type ReadFeedSensorsReturnType = {
  readonly inForce: readonly (SensorKey | undefined)[];
  readonly scheduled: readonly (SensorKey | undefined)[];
};

export type ReadFeedSensorsErrorType = PublicaError;

/** The sensors in force by index, and those scheduled to follow; an ejected sensor is undefined. */
export function readFeedSensors(
  client: ReadClient,
  parameters: ReadFeedSensorsParameters,
): Promise<ReadFeedSensorsReturnType> {
  return decoded(async () => {
    const { address, feed } = parameters;
    const [inForce, scheduled] = await Promise.all(
      (["sensorsOf", "scheduledSensorsOf"] as const).map((functionName) =>
        readContract(client, { address, abi: sensorFeedsAbi, functionName, args: [feed] }),
      ),
    );
    return { inForce: toKeys(inForce), scheduled: toKeys(scheduled) };
  });
}

const toKeys = (
  keys: readonly { readonly curve: number; readonly x: Hex; readonly y: Hex }[] = [],
): (SensorKey | undefined)[] =>
  keys.map(({ curve, x, y }) => (BigInt(x) === 0n ? undefined : { curve: curve === 1 ? 1 : 0, x, y }));
