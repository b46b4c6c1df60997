import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface PlaceTickOrdersParameters {
  /** The TickBook. */
  readonly book: Address;
  readonly account: number;
  /** One a slot; the price is `BASE_TICK + level × TICK_WIDTH`. */
  readonly orders: readonly {
    readonly slot: number;
    readonly isOffer: boolean;
    readonly level: number;
    readonly energyWh: number;
  }[];
}

export type PlaceTickOrdersReturnType = Hash;
export type PlaceTickOrdersErrorType = PublicaError;

/** Places binding orders and locks the most they can cost. */
export function placeTickOrders(
  client: WriteClient,
  parameters: PlaceTickOrdersParameters,
): Promise<PlaceTickOrdersReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: tickBookAbi,
      functionName: "place",
      args: [parameters.account, parameters.orders],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
