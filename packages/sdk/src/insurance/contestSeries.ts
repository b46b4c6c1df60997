import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRecourseAbi } from "../generated/abi.ts";
import type { EquivocationProof } from "../foundation/feed/index.ts";

export interface ContestSeriesParameters {
  /** The SeriesRecourse contract. */
  readonly recourse: Address;
  readonly series: bigint;
  readonly round: number;
  /** See `findEquivocation`; as many sensors as the quorum leaves room for. */
  readonly proofs: readonly EquivocationProof[];
}

export type ContestSeriesReturnType = Hash;
export type ContestSeriesErrorType = PublicaError;

/** Proves that sensors of the series' feed contradicted themselves, so that the fallback feed decides. Anyone may call. */
export function contestSeries(
  client: WriteClient,
  parameters: ContestSeriesParameters,
): Promise<ContestSeriesReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.recourse,
      abi: seriesRecourseAbi,
      functionName: "contest",
      args: [parameters.series, parameters.round, parameters.proofs],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
