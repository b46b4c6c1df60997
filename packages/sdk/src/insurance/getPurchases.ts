import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface GetPurchasesParameters {
  readonly book: Address;
  readonly buyer: Address;
}

export type GetPurchasesReturnType = number;
export type GetPurchasesErrorType = PublicaError;

/** How many policies an account has bought: the sequence of its next quote. */
export function getPurchases(client: ReadClient, parameters: GetPurchasesParameters): Promise<GetPurchasesReturnType> {
  return decoded(async () => {
    const result = await readContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "purchasesOf",
      args: [parameters.buyer],
    });
    return Number(result);
  });
}
