import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface DecideAndPayParameters {
  readonly book: Address;
  readonly series: bigint;
  /** The packed season of a series with `seasonValues`; see `packSeason`. */
  readonly season?: Hex;
  readonly max: bigint;
}

export type DecideAndPayReturnType = Hash;
export type DecideAndPayErrorType = PublicaError;

/** Decides a series and pays up to `max` of its policies in one transaction. Anyone may call. */
export function decideAndPay(client: WriteClient, parameters: DecideAndPayParameters): Promise<DecideAndPayReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "decideAndPay",
      args: [parameters.series, parameters.season ?? "0x", parameters.max],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
