import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface SetSalesPausedParameters {
  readonly pool: Address;
  readonly paused: boolean;
}

export type SetSalesPausedReturnType = Hash;
export type SetSalesPausedErrorType = PublicaError;

/** Pauses or resumes sales from a pool; payouts cannot be paused. */
export function setSalesPaused(
  client: WriteClient,
  parameters: SetSalesPausedParameters,
): Promise<SetSalesPausedReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "setSalesPaused",
      args: [parameters.paused],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
