import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policySettlementAbi } from "../generated/abi.ts";

export interface RefundSeriesParameters {
  readonly settlement: Address;
  readonly series: bigint;
  /** A round that is missing in the series' feed. */
  readonly missingRound: number;
  /** A round that is missing in its fallback feed, where there is one. */
  readonly missingFallbackRound?: number;
}

export type RefundSeriesReturnType = Hash;
export type RefundSeriesErrorType = PublicaError;

/** Turns a series whose data did not come in time into premium refunds. Anyone may call. */
export function refundSeries(client: WriteClient, parameters: RefundSeriesParameters): Promise<RefundSeriesReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.settlement,
      abi: policySettlementAbi,
      functionName: "refund",
      args: [parameters.series, parameters.missingRound, parameters.missingFallbackRound ?? 0],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
