import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { tickBookAbi } from "../generated/abi.ts";

export interface OpenTickAccountParameters {
  /** The TickBook. */
  readonly book: Address;
}

export type OpenTickAccountReturnType = Hash;
export type OpenTickAccountErrorType = PublicaError;

/** Opens an account for the sender. `AccountRegistered` has its number; `depositToAccount` pays in. */
export function openTickAccount(
  client: WriteClient,
  parameters: OpenTickAccountParameters,
): Promise<OpenTickAccountReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: tickBookAbi,
      functionName: "register",
      args: [],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
