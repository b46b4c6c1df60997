import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";

export interface ActivateCommitteeParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type ActivateCommitteeReturnType = Hash;

export type ActivateCommitteeErrorType = PublicaError;

/** Puts the announced committee in force once its time has come. Anyone may. */
export function activateCommittee(
  client: WriteClient,
  parameters: ActivateCommitteeParameters,
): Promise<ActivateCommitteeReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "activateCommittee",
      args: [parameters.feed],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
