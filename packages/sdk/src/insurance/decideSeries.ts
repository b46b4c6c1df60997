import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface DecideSeriesParameters {
  readonly book: Address;
  readonly series: bigint;
  /** The packed season of a series with `seasonValues`; see `packSeason`. */
  readonly season?: Hex;
  /** Policies to pay in the same transaction, at most 65,535; default 0. */
  readonly max?: number;
}

export type DecideSeriesReturnType = Hash;
export type DecideSeriesErrorType = PublicaError;

/** Computes the index of a series from its feed, reserves the loss, and pays up to `max` policies. Anyone may call. */
export function decideSeries(client: WriteClient, parameters: DecideSeriesParameters): Promise<DecideSeriesReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "decide",
      args: [parameters.series, parameters.season ?? "0x", parameters.max ?? 0],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
