import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { marketOperatorAbi } from "../generated/abi.ts";
import { bookRoot, type SignedCurve } from "./orders.ts";

export interface CommitBookParameters {
  /** The MarketOperator contract. */
  readonly operator: Address;
  /** The sealed book; what is published must be the same. */
  readonly curves: readonly SignedCurve[];
}

export type CommitBookReturnType = Hash;
export type CommitBookErrorType = PublicaError;

/** Commits the book of a first slot before its gate closes; for the operator. */
export function commitBook(client: WriteClient, parameters: CommitBookParameters): Promise<CommitBookReturnType> {
  const { curves } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: parameters.operator,
      abi: marketOperatorAbi,
      functionName: "commitBook",
      args: [curves[0]?.firstSlot ?? 0, bookRoot(curves)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
