import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyExchangeAbi } from "../generated/abi.ts";

/** How a book ended, in the order of the contract. */
export const BOOK_STATES = ["open", "committed", "fallback", "void"] as const;

export interface GetBookParameters {
  /** The EnergyExchange. */
  readonly exchange: Address;
  readonly firstSlot: number;
  /** Slots of the book. */
  readonly count: number;
}

/** Times in unix seconds. */
export interface GetBookReturnType {
  readonly state: (typeof BOOK_STATES)[number];
  /** To its prices and positions; the zero hash while it is open. */
  readonly commitment: Hex;
  readonly gateClosesAt: number;
  readonly settleFrom: number;
  /** From then on anybody's selection of signed orders is accepted. */
  readonly fallbackFrom: number;
  readonly voidFrom: number;
}
export type GetBookErrorType = PublicaError;

/** How a book ended, and what can happen to it when. */
export async function getBook(client: ReadClient, parameters: GetBookParameters): Promise<GetBookReturnType> {
  const { exchange, firstSlot, count } = parameters;
  const contract = { address: exchange, abi: energyExchangeAbi } as const;
  const [state, commitment] = await decoded(() =>
    readContract(client, { ...contract, functionName: "bookOf", args: [firstSlot] }),
  );
  const times = await decoded(() =>
    readContract(client, { ...contract, functionName: "timesOf", args: [firstSlot, BigInt(count)] }),
  );
  const [gateClosesAt, settleFrom, fallbackFrom, voidFrom] = times.map(Number) as [number, number, number, number];
  const name = BOOK_STATES[state] as (typeof BOOK_STATES)[number];
  return { state: name, commitment, gateClosesAt, settleFrom, fallbackFrom, voidFrom };
}
