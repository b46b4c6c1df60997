import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface GetAccountParameters {
  /** The ledger, or a TickBook. */
  readonly accounts: Address;
  readonly account: number;
}

export interface GetAccountReturnType {
  /** The zero address when there is no such account. */
  readonly owner: Address;
  readonly balanceMicro: bigint;
  /** What a signed order must carry. */
  readonly nonce: number;
  readonly zone: number;
  readonly metered: boolean;
  /** A withdrawal is announced. */
  readonly withdrawing: boolean;
}
export type GetAccountErrorType = PublicaError;

/** An account as it stands. */
export async function getAccount(client: ReadClient, parameters: GetAccountParameters): Promise<GetAccountReturnType> {
  const { flags, ...account } = await decoded(() =>
    readContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "accountOf",
      args: [parameters.account],
    }),
  );
  return { ...account, metered: (flags & 1) !== 0, withdrawing: (flags & 2) !== 0 };
}
