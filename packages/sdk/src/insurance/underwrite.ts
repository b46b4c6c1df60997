import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface UnderwriteParameters {
  readonly pool: Address;
  readonly assets: bigint;
  readonly receiver: Address;
}

export type UnderwriteReturnType = Hash;
export type UnderwriteErrorType = PublicaError;

/** Deposits capital into a pool, which must be approved for it first. */
export function underwrite(client: WriteClient, parameters: UnderwriteParameters): Promise<UnderwriteReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "deposit",
      args: [parameters.assets, parameters.receiver],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
