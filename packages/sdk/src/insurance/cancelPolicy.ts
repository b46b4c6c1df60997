import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface CancelPolicyParameters {
  readonly book: Address;
  readonly policyId: bigint;
}

export type CancelPolicyReturnType = Hash;
export type CancelPolicyErrorType = PublicaError;

/** Cancels a policy while its terms allow, against the unearned part of its premium less the fee. */
export function cancelPolicy(client: WriteClient, parameters: CancelPolicyParameters): Promise<CancelPolicyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "cancel",
      args: [parameters.policyId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
