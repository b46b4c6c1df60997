import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CommitteeKey, SchnorrSignature } from "./types.ts";

export interface EnrolMemberParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly key: CommitteeKey;
  /** From `CommitteeSigner.provePossession`, for the calling account as operator. */
  readonly proof: SchnorrSignature;
  /** The feed's bond, in wei. */
  readonly bond: bigint;
}

export type EnrolMemberReturnType = Hash;

export type EnrolMemberErrorType = PublicaError;

/** Enrols a key with its bond; the calling account becomes its operator. */
export function enrolMember(client: WriteClient, parameters: EnrolMemberParameters): Promise<EnrolMemberReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "enrol",
      args: [parameters.feed, parameters.key, parameters.proof],
      value: parameters.bond,
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
