import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { bequestArgument, bequestProof, bequestOf } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface ClaimLegacyParameters {
  readonly vault: Address;
  readonly plan: Plan;
  readonly index: number;
  readonly to: Address;
}

export type ClaimLegacyReturnType = Hash;
export type ClaimLegacyErrorType = PublicaError;

/** Hands over a specific legacy: an ERC-721 token or ERC-1155 tokens. */
export function claimLegacy(client: WriteClient, parameters: ClaimLegacyParameters): Promise<ClaimLegacyReturnType> {
  const { vault, plan, index, to } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "claimToken",
      args: [bequestArgument(bequestOf(plan, index)), to, bequestProof(plan, index)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
