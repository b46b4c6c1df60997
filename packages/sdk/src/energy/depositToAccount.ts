import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface DepositToAccountParameters {
  /** The ledger, or a TickBook; the currency must be approved for it first. */
  readonly accounts: Address;
  readonly account: number;
  /** In the currency's base units (µ). */
  readonly amountMicro: bigint;
}

export type DepositToAccountReturnType = Hash;
export type DepositToAccountErrorType = PublicaError;

/** Pays into an account, anybody's. */
export function depositToAccount(
  client: WriteClient,
  parameters: DepositToAccountParameters,
): Promise<DepositToAccountReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "deposit",
      args: [parameters.account, parameters.amountMicro],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
