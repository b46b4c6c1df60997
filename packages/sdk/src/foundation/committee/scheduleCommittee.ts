import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeKey } from "./types.ts";

export interface ScheduleCommitteeParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  /** The members' enrolled keys; their order gives their indices. */
  readonly keys: readonly CommitteeKey[];
  /** Signatures an attestation needs. */
  readonly quorum: number;
}

export type ScheduleCommitteeReturnType = Hash;

export type ScheduleCommitteeErrorType = PublicaError;

/** Announces the next committee. For the role that may (see the deployment). */
export function scheduleCommittee(
  client: WriteClient,
  parameters: ScheduleCommitteeParameters,
): Promise<ScheduleCommitteeReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "scheduleCommittee",
      args: [parameters.feed, parameters.keys, parameters.quorum],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
