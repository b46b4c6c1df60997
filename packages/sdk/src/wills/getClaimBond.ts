import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface GetClaimBondParameters {
  readonly registry: Address;
}

export type GetClaimBondReturnType = bigint;
export type GetClaimBondErrorType = PublicaError;

/** The bond of a claim without evidence, wei. */
export function getClaimBond(
  client: ReadClient,
  { registry }: GetClaimBondParameters,
): Promise<GetClaimBondReturnType> {
  return decoded(async () => {
    return readContract(client, { address: registry, abi: willRegistryAbi, functionName: "CLAIM_BOND" });
  });
}
