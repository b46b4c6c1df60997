import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRecourseAbi } from "../generated/abi.ts";
import { recourseOf } from "./parts.ts";

export interface PreviewSeriesParameters {
  readonly book: Address;
  readonly series: bigint;
  /** The packed season of a series with `seasonValues`; see `packSeason`. */
  readonly season?: Hex;
}

export interface PreviewSeriesReturnType {
  readonly index: bigint;
  readonly payoutBps: bigint;
}

export type PreviewSeriesErrorType = PublicaError;

/** The index of a series as its feed stands, and the share of the sum insured it pays. */
export function previewSeries(
  client: ReadClient,
  parameters: PreviewSeriesParameters,
): Promise<PreviewSeriesReturnType> {
  return decoded(async () => {
    const result = await readContract(client, {
      address: await recourseOf(client, parameters.book),
      abi: seriesRecourseAbi,
      functionName: "preview",
      args: [parameters.series, parameters.season ?? "0x"],
    });
    return { index: result[0], payoutBps: result[1] };
  });
}
