import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";

export interface CancelCommitteeParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
}

export type CancelCommitteeReturnType = Hash;

export type CancelCommitteeErrorType = PublicaError;

/** Withdraws the announced committee. For the role that may (see the deployment). */
export function cancelCommittee(
  client: WriteClient,
  parameters: CancelCommitteeParameters,
): Promise<CancelCommitteeReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "cancelCommittee",
      args: [parameters.feed],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
