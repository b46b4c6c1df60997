import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { marketOperatorAbi } from "../generated/abi.ts";

export interface WithdrawOperatorBondParameters {
  /** The MarketOperator contract. */
  readonly operator: Address;
}

export type WithdrawOperatorBondReturnType = Hash;
export type WithdrawOperatorBondErrorType = PublicaError;

/** Pays announced bond to the operator, once no book can be challenged any more. */
export function withdrawOperatorBond(
  client: WriteClient,
  parameters: WithdrawOperatorBondParameters,
): Promise<WithdrawOperatorBondReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.operator,
      abi: marketOperatorAbi,
      functionName: "withdrawBond",
      args: [],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
