import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface SweepAssetParameters {
  readonly vault: Address;
  readonly asset: Address;
}

export type SweepAssetReturnType = Hash;
export type SweepAssetErrorType = PublicaError;

/** After the last deadline, sends what is left of an asset to the residue. Anyone may. */
export function sweepAsset(client: WriteClient, parameters: SweepAssetParameters): Promise<SweepAssetReturnType> {
  const { vault, asset } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "sweep",
      args: [asset],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
