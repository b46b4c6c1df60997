import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { marketOperatorAbi } from "../generated/abi.ts";

export interface AnnounceBondWithdrawalParameters {
  /** The MarketOperator contract. */
  readonly operator: Address;
  readonly amountMicro: bigint;
}

export type AnnounceBondWithdrawalReturnType = Hash;
export type AnnounceBondWithdrawalErrorType = PublicaError;

/** Announces that bond is to be taken back; for the operator. */
export function announceBondWithdrawal(
  client: WriteClient,
  parameters: AnnounceBondWithdrawalParameters,
): Promise<AnnounceBondWithdrawalReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.operator,
      abi: marketOperatorAbi,
      functionName: "announceBondWithdrawal",
      args: [parameters.amountMicro],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
