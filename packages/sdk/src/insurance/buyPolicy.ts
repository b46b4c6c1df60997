import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";
import type { SignedQuote } from "./types.ts";

export interface BuyPolicyParameters {
  readonly book: Address;
  readonly signed: SignedQuote;
}

export type BuyPolicyReturnType = Hash;
export type BuyPolicyErrorType = PublicaError;

/** Buys the cover quoted. The pool pulls the premium, so the buyer approves the pool for it first. */
export function buyPolicy(client: WriteClient, { book, signed }: BuyPolicyParameters): Promise<BuyPolicyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: book,
      abi: policyBookAbi,
      functionName: "buy",
      args: [signed.quote, signed.key, signed.signature],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
