import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { largeBooksAbi } from "../generated/abi.ts";

export interface AbandonLargeBookParameters {
  /** The LargeBooks contract. */
  readonly large: Address;
  /** The session's `state`; see `readLargeSession`. */
  readonly state: Hex;
}

export type AbandonLargeBookReturnType = Hash;
export type AbandonLargeBookErrorType = PublicaError;

/** Gives everybody his escrow back when nobody proved prices in time. Anyone may call. */
export function abandonLargeBook(
  client: WriteClient,
  parameters: AbandonLargeBookParameters,
): Promise<AbandonLargeBookReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.large,
      abi: largeBooksAbi,
      functionName: "abandon",
      args: [parameters.state],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
