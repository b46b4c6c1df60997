import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface GetEstateAssetParameters {
  readonly vault: Address;
  /** Zero for ETH. */
  readonly asset: Address;
}

export interface GetEstateAssetReturnType {
  /** Whether claims are possible; `openAsset` makes them so. */
  readonly isOpen: boolean;
  /** What bequests were paid. */
  readonly paid: bigint;
  readonly fixedTotal: bigint;
  /** What executors may still pay as fees, and as debts. */
  readonly feeLeft: bigint;
  readonly debtLeft: bigint;
}

export type GetEstateAssetErrorType = PublicaError;

/** The vault's book of one asset. */
export function getEstateAsset(
  client: ReadClient,
  { vault, asset }: GetEstateAssetParameters,
): Promise<GetEstateAssetReturnType> {
  return decoded(async () => {
    const call = { address: vault, abi: estateVaultAbi, functionName: "assetOf", args: [asset] } as const;
    const [isOpen, paid, fixedTotal, feeLeft, debtLeft] = await readContract(client, call);
    return { isOpen, paid, fixedTotal, feeLeft, debtLeft };
  });
}
