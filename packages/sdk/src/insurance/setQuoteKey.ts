import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface SetQuoteKeyParameters {
  readonly book: Address;
  readonly key: Address;
  readonly dailyLimitUnits: bigint;
}

export type SetQuoteKeyReturnType = Hash;
export type SetQuoteKeyErrorType = PublicaError;

/** Appoints a key that may sign quotes, up to a limit of sums insured a day; 0 dismisses it. */
export function setQuoteKey(client: WriteClient, parameters: SetQuoteKeyParameters): Promise<SetQuoteKeyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "setQuoteKey",
      args: [parameters.key, parameters.dailyLimitUnits],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
