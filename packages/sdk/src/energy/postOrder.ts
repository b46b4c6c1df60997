import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi } from "../generated/abi.ts";
import { encodeStep, type Step } from "./orders.ts";

export interface PostOrderParameters {
  /** The EnergyAccounts ledger. */
  readonly accounts: Address;
  /** Unix time / 900. */
  readonly slot: number;
  readonly account: number;
  readonly step: Step;
}

export type PostOrderReturnType = Hash;
export type PostOrderErrorType = PublicaError;

/** Posts an order on chain: whoever settles the slot must include it. */
export function postOrder(client: WriteClient, parameters: PostOrderParameters): Promise<PostOrderReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.accounts,
      abi: energyAccountsAbi,
      functionName: "post",
      args: [parameters.slot, parameters.account, Number(encodeStep(parameters.step))],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
