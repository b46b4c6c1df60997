import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRecourseAbi } from "../generated/abi.ts";
import { recourseOf } from "./parts.ts";

export interface RefundSeriesParameters {
  readonly book: Address;
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
  return decoded(async () =>
    writeContract(client, {
      address: await recourseOf(client, parameters.book),
      abi: seriesRecourseAbi,
      functionName: "refund",
      args: [parameters.series, parameters.missingRound, parameters.missingFallbackRound ?? 0],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
