import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { bequestArgument, bequestOf } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface GetDueParameters {
  readonly vault: Address;
  readonly plan: Plan;
  readonly index: number;
  readonly asset: Address;
}

export type GetDueReturnType = bigint;
export type GetDueErrorType = PublicaError;

/** What a bequest can be paid of an asset now, in units. */
export function getDue(client: ReadClient, { vault, plan, index, asset }: GetDueParameters): Promise<GetDueReturnType> {
  return decoded(async () => {
    const args = [bequestArgument(bequestOf(plan, index)), asset] as const;
    return readContract(client, { address: vault, abi: estateVaultAbi, functionName: "dueOf", args });
  });
}
