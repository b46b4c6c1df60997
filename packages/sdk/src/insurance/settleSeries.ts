import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface SettleSeriesParameters {
  readonly book: Address;
  readonly series: bigint;
  /** At most 65,535; a transaction has room for about a thousand. */
  readonly max: number;
}

export type SettleSeriesReturnType = Hash;
export type SettleSeriesErrorType = PublicaError;

/**
 * Pays or refunds up to `max` policies of a series; decides it first when it is open and has no packed season. Anyone may call,
 * until nothing is left.
 */
export function settleSeries(client: WriteClient, parameters: SettleSeriesParameters): Promise<SettleSeriesReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.book,
      abi: policyBookAbi,
      functionName: "settle",
      args: [parameters.series, parameters.max],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
