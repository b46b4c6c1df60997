import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface AnnounceWithdrawalParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  readonly account: number;
  /** Takes the place of an earlier announcement; 0 cancels it. */
  readonly amountMicro: bigint;
}

export type AnnounceWithdrawalReturnType = Hash;
export type AnnounceWithdrawalErrorType = PublicaError;

/** Announces a withdrawal; it can be made after `WITHDRAWAL_DELAY`, for a week. */
export function announceWithdrawal(
  client: WriteClient,
  parameters: AnnounceWithdrawalParameters,
): Promise<AnnounceWithdrawalReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "announceWithdrawal",
      args: [parameters.account, parameters.amountMicro],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
