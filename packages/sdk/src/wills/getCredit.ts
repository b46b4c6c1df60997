import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface GetCreditParameters {
  readonly registry: Address;
  readonly account: Address;
}

export type GetCreditReturnType = bigint;
export type GetCreditErrorType = PublicaError;

/** What an account may withdraw of bonds, wei. */
export function getCredit(
  client: ReadClient,
  { registry, account }: GetCreditParameters,
): Promise<GetCreditReturnType> {
  return decoded(async () => {
    return readContract(client, { address: registry, abi: willRegistryAbi, functionName: "creditOf", args: [account] });
  });
}
