import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface ClearTickSlotParameters {
  /** The TickBook. */
  readonly book: Address;
  readonly slot: number;
}

export type ClearTickSlotReturnType = Hash;
export type ClearTickSlotErrorType = PublicaError;

/** Clears a slot whose gate has closed, at a cost that does not depend on how many ordered. Anyone may call. */
export function clearTickSlot(
  client: WriteClient,
  parameters: ClearTickSlotParameters,
): Promise<ClearTickSlotReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: tickBookAbi,
      functionName: "clear",
      args: [parameters.slot],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
