import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface GetPoolParameters {
  readonly pool: Address;
}

/** Amounts in base units of the asset. */
export interface GetPoolReturnType {
  readonly asset: Address;
  readonly unit: bigint;
  readonly totalAssets: bigint;
  readonly freeAssets: bigint;
  readonly accounted: bigint;
  readonly unearned: bigint;
  readonly reserved: bigint;
  readonly locked: bigint;
  readonly totalShares: bigint;
  readonly queueHead: bigint;
  readonly queueTail: bigint;
}

export type GetPoolErrorType = PublicaError;

/** What a pool owns, owes and has bound. */
export function getPool(client: ReadClient, { pool }: GetPoolParameters): Promise<GetPoolReturnType> {
  const call = { address: pool, abi: underwritingPoolAbi } as const;
  return decoded(async () => {
    const [asset, unit, totalAssets, freeAssets, balances, totalShares, queue] = await Promise.all([
      readContract(client, { ...call, functionName: "asset" }),
      readContract(client, { ...call, functionName: "unit" }),
      readContract(client, { ...call, functionName: "totalAssets" }),
      readContract(client, { ...call, functionName: "freeAssets" }),
      readContract(client, { ...call, functionName: "balances" }),
      readContract(client, { ...call, functionName: "totalSupply" }),
      readContract(client, { ...call, functionName: "queue" }),
    ]);
    const [accounted, unearned, reserved, locked] = balances;
    const [queueHead, queueTail] = queue;
    return {
      asset,
      unit,
      totalAssets,
      freeAssets,
      accounted,
      unearned,
      reserved,
      locked,
      totalShares,
      queueHead,
      queueTail,
    };
  });
}
