import type { Address } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { policyBookAbi } from "../generated/abi.ts";

export interface GetSeriesOutcomesParameters {
  readonly book: Address;
  /** One series, or several; all where it is left out. */
  readonly series?: bigint | readonly bigint[];
  /** Where the search begins, such as the block of the deployment. */
  readonly fromBlock?: bigint;
}

/** How a series was decided. */
export interface SeriesOutcome {
  readonly kind: "index" | "refund";
  /** What was measured; nothing when the premiums go back. */
  readonly index: bigint | undefined;
  /** Share of each sum insured that is paid; 0 when the premiums go back. */
  readonly payoutBps: number;
  readonly blockNumber: bigint;
}

export type GetSeriesOutcomesReturnType = ReadonlyMap<bigint, SeriesOutcome>;
export type GetSeriesOutcomesErrorType = PublicaError;

/**
 * The outcomes of decided series, by their numbers, from the book's events: once everything is paid, nothing else is kept of
 * them on chain.
 */
export function getSeriesOutcomes(
  client: ReadClient,
  { book, series, fromBlock }: GetSeriesOutcomesParameters,
): Promise<GetSeriesOutcomesReturnType> {
  return decoded(async () => {
    const args = series === undefined ? {} : { series: typeof series === "bigint" ? series : [...series] };
    const source = { address: book, abi: policyBookAbi, args, strict: true } as const;
    const decided = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, { ...source, eventName: "SeriesDecided", ...range }),
    );
    const refunded = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, { ...source, eventName: "SeriesRefunded", ...range }),
    );
    const outcomes = new Map<bigint, SeriesOutcome>();
    for (const { args: outcome, blockNumber } of decided) {
      const { index, payoutBps } = outcome;
      outcomes.set(outcome.series, { kind: "index", index, payoutBps: Number(payoutBps), blockNumber });
    }
    for (const { args: outcome, blockNumber } of refunded)
      outcomes.set(outcome.series, { kind: "refund", index: undefined, payoutBps: 0, blockNumber });
    return outcomes;
  });
}
