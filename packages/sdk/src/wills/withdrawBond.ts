import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface WithdrawBondParameters {
  readonly registry: Address;
  readonly to: Address;
}

export type WithdrawBondReturnType = Hash;
export type WithdrawBondErrorType = PublicaError;

/** Pays out the bonds credited to the sender. */
export function withdrawBond(client: WriteClient, parameters: WithdrawBondParameters): Promise<WithdrawBondReturnType> {
  const { registry, to } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "withdrawBond",
      args: [to],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
