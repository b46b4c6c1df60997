import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface WithdrawFromTickBookParameters {
  /** The TickBook. */
  readonly book: Address;
  readonly account: number;
  readonly amountMicro: bigint;
}

export type WithdrawFromTickBookReturnType = Hash;
export type WithdrawFromTickBookErrorType = PublicaError;

/** Withdraws to the account's owner, at once: what orders may cost is locked already. */
export function withdrawFromTickBook(
  client: WriteClient,
  parameters: WithdrawFromTickBookParameters,
): Promise<WithdrawFromTickBookReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: tickBookAbi,
      functionName: "withdraw",
      args: [parameters.account, parameters.amountMicro],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
