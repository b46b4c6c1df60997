import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface ServeWithdrawalsParameters {
  readonly pool: Address;
  readonly max: bigint;
}

export type ServeWithdrawalsReturnType = Hash;
export type ServeWithdrawalsErrorType = PublicaError;

/** Serves up to `max` waiting requests in order from free capital. Anyone may call. */
export function serveWithdrawals(
  client: WriteClient,
  parameters: ServeWithdrawalsParameters,
): Promise<ServeWithdrawalsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "serveWithdrawals",
      args: [parameters.max],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
