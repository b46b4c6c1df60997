import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultFactoryAbi } from "../generated/abi.ts";

export interface CreateVaultParameters {
  readonly factory: Address;
  readonly willId: Hex;
}

export type CreateVaultReturnType = Hash;
export type CreateVaultErrorType = PublicaError;

/** Makes the will's vault at the address `getVault` foretells. Anyone may. */
export function createVault(client: WriteClient, parameters: CreateVaultParameters): Promise<CreateVaultReturnType> {
  const { factory, willId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: factory,
      abi: estateVaultFactoryAbi,
      functionName: "createVault",
      args: [willId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
