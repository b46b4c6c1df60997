import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface ClaimTickOrderParameters {
  /** The TickBook. */
  readonly book: Address;
  readonly slot: number;
  readonly account: number;
}

export type ClaimTickOrderReturnType = Hash;
export type ClaimTickOrderErrorType = PublicaError;

/** Credits what an order bought, sold and left. Anyone may call. */
export function claimTickOrder(
  client: WriteClient,
  parameters: ClaimTickOrderParameters,
): Promise<ClaimTickOrderReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: tickBookAbi,
      functionName: "claim",
      args: [parameters.slot, parameters.account],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
