import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface WithdrawAssetParameters {
  readonly vault: Address;
  readonly asset: Address;
  readonly to: Address;
  readonly amount: bigint;
}

export type WithdrawAssetReturnType = Hash;
export type WithdrawAssetErrorType = PublicaError;

/** The testator moves ETH (the zero address) or an ERC-20 out; it is a heartbeat. */
export function withdrawAsset(
  client: WriteClient,
  parameters: WithdrawAssetParameters,
): Promise<WithdrawAssetReturnType> {
  const { vault, asset, to, amount } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "withdraw",
      args: [asset, to, amount],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
