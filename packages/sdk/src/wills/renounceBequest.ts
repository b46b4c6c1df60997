import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { bequestArgument, bequestProof, bequestOf } from "./plan.ts";
import type { Plan } from "./types.ts";

export interface RenounceBequestParameters {
  readonly vault: Address;
  readonly plan: Plan;
  readonly index: number;
}

export type RenounceBequestReturnType = Hash;
export type RenounceBequestErrorType = PublicaError;

/** The heir renounces a bequest in favour of the substitute or the residue. */
export function renounceBequest(
  client: WriteClient,
  parameters: RenounceBequestParameters,
): Promise<RenounceBequestReturnType> {
  const { vault, plan, index } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "renounce",
      args: [bequestArgument(bequestOf(plan, index)), bequestProof(plan, index)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
