import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface SweepTokenParameters {
  readonly vault: Address;
  readonly asset: Address;
  readonly tokenId: bigint;
  readonly amount: bigint;
}

export type SweepTokenReturnType = Hash;
export type SweepTokenErrorType = PublicaError;

/** After the last deadline, sends an ERC-721 (amount 0) or ERC-1155 token to the residue. Anyone may. */
export function sweepToken(client: WriteClient, parameters: SweepTokenParameters): Promise<SweepTokenReturnType> {
  const { vault, asset, tokenId, amount } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "sweepToken",
      args: [asset, tokenId, amount],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
