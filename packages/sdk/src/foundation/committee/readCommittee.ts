import type { Address } from "viem";
import { readContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeKey } from "./types.ts";

export interface ReadCommitteeParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  /** Version of the key set, from `readCommitteeConfig`. */
  readonly version: number;
}

export type ReadCommitteeReturnType = readonly (CommitteeKey | undefined)[];

export type ReadCommitteeErrorType = PublicaError;

/** The keys of a version by index; a slashed member is undefined. */
export function readCommittee(
  client: ReadClient,
  parameters: ReadCommitteeParameters,
): Promise<ReadCommitteeReturnType> {
  return decoded(async () => {
    const keys = await readContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "committeeOf",
      args: [parameters.feed, parameters.version],
    });
    return keys.map((key) => (key.x === 0n ? undefined : key));
  });
}
