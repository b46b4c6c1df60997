import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { fixedTotals } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface OpenAssetParameters {
  readonly vault: Address;
  readonly asset: Address;
  readonly plan: Plan;
}

export type OpenAssetReturnType = Hash;
export type OpenAssetErrorType = PublicaError;

/** Looks at an asset for the first time: its fixed sums and caps. Anyone may. */
export function openAsset(client: WriteClient, parameters: OpenAssetParameters): Promise<OpenAssetReturnType> {
  const { vault, asset, plan } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "openAsset",
      args: [asset, fixedTotals(plan)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
