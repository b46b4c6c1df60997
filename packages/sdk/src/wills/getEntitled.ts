import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { bequestArgument, bequestOf } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface GetEntitledParameters {
  readonly vault: Address;
  readonly plan: Plan;
  /** The bequest's number in the plan. */
  readonly index: number;
}

export type GetEntitledReturnType = Address;
export type GetEntitledErrorType = PublicaError;

/** Who may have a bequest now: the heir, the substitute or the residue. */
export function getEntitled(
  client: ReadClient,
  { vault, plan, index }: GetEntitledParameters,
): Promise<GetEntitledReturnType> {
  return decoded(async () => {
    const args = [bequestArgument(bequestOf(plan, index))] as const;
    return readContract(client, { address: vault, abi: estateVaultAbi, functionName: "entitledTo", args });
  });
}
