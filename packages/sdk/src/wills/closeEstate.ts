import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface CloseEstateParameters {
  readonly vault: Address;
}

export type CloseEstateReturnType = Hash;
export type CloseEstateErrorType = PublicaError;

/** After the last deadline, tells the registry that the estate is settled. Anyone may. */
export function closeEstate(client: WriteClient, parameters: CloseEstateParameters): Promise<CloseEstateReturnType> {
  const { vault } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "close",
      args: [],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
