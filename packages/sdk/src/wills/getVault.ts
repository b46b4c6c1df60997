import type { Address, Hex } from "viem";
import { getCode, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultFactoryAbi, willRegistryAbi } from "../generated/abi.ts";

export interface GetVaultParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export type GetVaultReturnType = { readonly factory: Address; readonly vault: Address; readonly exists: boolean };
export type GetVaultErrorType = PublicaError;

/** The factory and the address of a will's vault, whether it was made yet or not. */
export function getVault(client: ReadClient, { registry, willId }: GetVaultParameters): Promise<GetVaultReturnType> {
  return decoded(async () => {
    const factory = await readContract(client, { address: registry, abi: willRegistryAbi, functionName: "VAULTS" });
    const call = { address: factory, abi: estateVaultFactoryAbi } as const;
    const vault = await readContract(client, { ...call, functionName: "vaultOf", args: [willId] });
    return { factory, vault, exists: (await getCode(client, { address: vault })) !== undefined };
  });
}
