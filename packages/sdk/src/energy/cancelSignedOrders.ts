import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";

export interface CancelSignedOrdersParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  readonly account: number;
}

export type CancelSignedOrdersReturnType = Hash;
export type CancelSignedOrdersErrorType = PublicaError;

/** Cancels every signed order of the account whose gate is still open. */
export function cancelSignedOrders(
  client: WriteClient,
  parameters: CancelSignedOrdersParameters,
): Promise<CancelSignedOrdersReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "raiseNonce",
      args: [parameters.account],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
