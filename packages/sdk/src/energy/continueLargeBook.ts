import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { largeBooksAbi } from "../generated/abi.ts";
import type { LargeCall } from "./large.ts";

export interface ContinueLargeBookParameters {
  /** The LargeBooks contract. */
  readonly large: Address;
  /** What `nextLargeCall` gave. */
  readonly call: LargeCall;
}

export type ContinueLargeBookReturnType = Hash;
export type ContinueLargeBookErrorType = PublicaError;

/** Carries the settlement of a book that does not fit into one transaction on by one. Anyone may call, from wherever it stands. */
export function continueLargeBook(
  client: WriteClient,
  { large, call }: ContinueLargeBookParameters,
): Promise<ContinueLargeBookReturnType> {
  const request = { address: large, abi: largeBooksAbi, account: client.account, chain: client.chain ?? null } as const;
  // viem's types take one function at a time, not any of five.
  return decoded(() => writeContract(client, { ...request, ...call } as never));
}
