import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface SetSalesPausedParameters {
  readonly book: Address;
  readonly paused: boolean;
}

export type SetSalesPausedReturnType = Hash;
export type SetSalesPausedErrorType = PublicaError;

/** Pauses or resumes sales; payouts cannot be paused. */
export function setSalesPaused(
  client: WriteClient,
  parameters: SetSalesPausedParameters,
): Promise<SetSalesPausedReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "setSalesPaused",
      args: [parameters.paused],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
