import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface SetSessionKeyParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  readonly account: number;
  readonly key: Address;
  /** Unix seconds: the key signs for books whose gate closes before; 0 revokes. */
  readonly until: number;
}

export type SetSessionKeyReturnType = Hash;
export type SetSessionKeyErrorType = PublicaError;

/** Lets a key sign orders for the account; one that has ended is not given again. */
export function setSessionKey(
  client: WriteClient,
  parameters: SetSessionKeyParameters,
): Promise<SetSessionKeyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "setSessionKey",
      args: [parameters.account, parameters.key, parameters.until],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
