import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface WithdrawMultiParameters {
  readonly vault: Address;
  readonly asset: Address;
  readonly to: Address;
  readonly tokenId: bigint;
  readonly amount: bigint;
}

export type WithdrawMultiReturnType = Hash;
export type WithdrawMultiErrorType = PublicaError;

/** The testator moves ERC-1155 tokens out; it is a heartbeat. */
export function withdrawMulti(
  client: WriteClient,
  parameters: WithdrawMultiParameters,
): Promise<WithdrawMultiReturnType> {
  const { vault, asset, to, tokenId, amount } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "withdrawMulti",
      args: [asset, to, tokenId, amount],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
