import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { bequestArgument, bequestProof, bequestOf } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface ClaimBequestParameters {
  readonly vault: Address;
  readonly plan: Plan;
  /** The bequest's number in the plan. */
  readonly index: number;
  readonly asset: Address;
  readonly to: Address;
}

export type ClaimBequestReturnType = Hash;
export type ClaimBequestErrorType = PublicaError;

/** Pays what is due of a fraction or a fixed sum, to the entitled account or where it chooses. */
export function claimBequest(client: WriteClient, parameters: ClaimBequestParameters): Promise<ClaimBequestReturnType> {
  const { vault, plan, index, asset, to } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "claim",
      args: [bequestArgument(bequestOf(plan, index)), asset, to, bequestProof(plan, index)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
