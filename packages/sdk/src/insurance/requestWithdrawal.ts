import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface RequestWithdrawalParameters {
  readonly pool: Address;
  readonly shares: bigint;
}

export type RequestWithdrawalReturnType = Hash;
export type RequestWithdrawalErrorType = PublicaError;

/** Asks to leave a pool with `shares`; they wait in escrow for the cooldown and their turn. */
export function requestWithdrawal(
  client: WriteClient,
  parameters: RequestWithdrawalParameters,
): Promise<RequestWithdrawalReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "requestWithdrawal",
      args: [parameters.shares],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
