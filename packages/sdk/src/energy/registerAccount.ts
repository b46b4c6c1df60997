import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface RegisterAccountParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  readonly owner: Address;
  readonly zone: number;
  /** Whether deviations are settled against a meter. */
  readonly metered: boolean;
}

export type RegisterAccountReturnType = Hash;
export type RegisterAccountErrorType = PublicaError;

/** Opens an account at a point of the grid; for the registrar. `AccountRegistered` has its number. */
export function registerAccount(
  client: WriteClient,
  parameters: RegisterAccountParameters,
): Promise<RegisterAccountReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "register",
      args: [parameters.owner, parameters.zone, parameters.metered ? 1 : 0],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
