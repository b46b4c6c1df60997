import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface ClaimCreditParameters {
  readonly pool: Address;
  readonly to: Address;
}

export type ClaimCreditReturnType = Hash;
export type ClaimCreditErrorType = PublicaError;

/** Collects what a failed payment left for the account, to any address. */
export function claimCredit(client: WriteClient, parameters: ClaimCreditParameters): Promise<ClaimCreditReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "claim",
      args: [parameters.to],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
