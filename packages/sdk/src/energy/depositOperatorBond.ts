import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { marketOperatorAbi } from "../generated/abi.ts";

export interface DepositOperatorBondParameters {
  /** The MarketOperator contract. */
  readonly operator: Address;
  /** The currency must be approved for the contract first. */
  readonly amountMicro: bigint;
}

export type DepositOperatorBondReturnType = Hash;
export type DepositOperatorBondErrorType = PublicaError;

/** Adds to the operator's bond. Anyone may pay. */
export function depositOperatorBond(
  client: WriteClient,
  parameters: DepositOperatorBondParameters,
): Promise<DepositOperatorBondReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.operator,
      abi: marketOperatorAbi,
      functionName: "depositBond",
      args: [parameters.amountMicro],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
