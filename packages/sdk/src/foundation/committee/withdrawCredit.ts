import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";

export interface WithdrawCreditParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
}

export type WithdrawCreditReturnType = Hash;

export type WithdrawCreditErrorType = PublicaError;

/** Pays the calling account the bonds and rewards it is credited with. */
export function withdrawCredit(
  client: WriteClient,
  parameters: WithdrawCreditParameters,
): Promise<WithdrawCreditReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "withdraw",
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
