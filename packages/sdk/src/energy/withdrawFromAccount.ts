import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface WithdrawFromAccountParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  readonly account: number;
}

export type WithdrawFromAccountReturnType = Hash;
export type WithdrawFromAccountErrorType = PublicaError;

/** Pays an announced withdrawal to the account's owner. Anyone may call. */
export function withdrawFromAccount(
  client: WriteClient,
  parameters: WithdrawFromAccountParameters,
): Promise<WithdrawFromAccountReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "withdraw",
      args: [parameters.account],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
