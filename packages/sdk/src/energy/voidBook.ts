import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyExchangeAbi } from "../generated/abi.ts";

export interface VoidBookParameters {
  /** The EnergyExchange. */
  readonly exchange: Address;
  readonly firstSlot: number;
  /** Slots of the book. */
  readonly count: number;
}

export type VoidBookReturnType = Hash;
export type VoidBookErrorType = PublicaError;

/** Closes slots that nobody settled in time: no trades. Anyone may call. */
export function voidBook(client: WriteClient, parameters: VoidBookParameters): Promise<VoidBookReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.exchange,
      abi: energyExchangeAbi,
      functionName: "voidBook",
      args: [parameters.firstSlot, BigInt(parameters.count)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
