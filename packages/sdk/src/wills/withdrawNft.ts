import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface WithdrawNftParameters {
  readonly vault: Address;
  readonly asset: Address;
  readonly to: Address;
  readonly tokenId: bigint;
}

export type WithdrawNftReturnType = Hash;
export type WithdrawNftErrorType = PublicaError;

/** The testator moves an ERC-721 token out; it is a heartbeat. */
export function withdrawNft(client: WriteClient, parameters: WithdrawNftParameters): Promise<WithdrawNftReturnType> {
  const { vault, asset, to, tokenId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "withdrawNft",
      args: [asset, to, tokenId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
