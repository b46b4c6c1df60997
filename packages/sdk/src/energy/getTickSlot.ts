import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface GetTickSlotParameters {
  /** The TickBook. */
  readonly book: Address;
  readonly slot: number;
}

export type GetTickSlotReturnType = Awaited<ReturnType<typeof read>>;
export type GetTickSlotErrorType = PublicaError;

function read(client: ReadClient, { book, slot }: GetTickSlotParameters) {
  return readContract(client, { address: book, abi: tickBookAbi, functionName: "resultOf", args: [slot] });
}

/** How a slot of the tick book ended; not `cleared` while it is open. */
export function getTickSlot(client: ReadClient, parameters: GetTickSlotParameters): Promise<GetTickSlotReturnType> {
  return decoded(() => read(client, parameters));
}
