import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeTerms } from "./types.ts";

export interface OpenAttestedFeedParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly terms: CommitteeTerms;
}

export type OpenAttestedFeedReturnType = Hash;

export type OpenAttestedFeedErrorType = PublicaError;

/** Opens the committee lane of a device feed. For the role that may (see the deployment). */
export function openAttestedFeed(
  client: WriteClient,
  parameters: OpenAttestedFeedParameters,
): Promise<OpenAttestedFeedReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "openFeed",
      args: [parameters.feed, parameters.terms],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
