import { type Address, hexToString } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi, seriesRegistryAbi } from "../generated/abi.ts";
import { registryOf } from "./parts.ts";
import { type SeriesState, seriesStates } from "./types.ts";

export interface GetSeriesParameters {
  readonly book: Address;
  readonly series: bigint;
}

export type GetSeriesReturnType = Awaited<ReturnType<typeof read>>;
export type GetSeriesErrorType = PublicaError;

async function read(client: ReadClient, { book, series }: GetSeriesParameters) {
  const { terms, unit } = await readContract(client, {
    address: await registryOf(client, book),
    abi: seriesRegistryAbi,
    functionName: "seriesOf",
    args: [series],
  });
  const account = await readContract(client, {
    address: book,
    abi: policyBookAbi,
    functionName: "accountOf",
    args: [series],
  });
  return {
    name: hexToString(terms.name, { size: 32 }),
    terms,
    state: seriesStates[account.state] as SeriesState,
    /** Open: Σ sums insured; decided: what is still reserved. Base units. This and all that follows is 0 once it is settled. */
    exposure: account.exposure * unit,
    premium: account.premium * unit,
    policies: account.count,
    settled: account.cursor,
    payoutBps: account.payoutBps,
    decidedAt: account.decidedAt,
  };
}

/** A series' terms and where it stands. */
export function getSeries(client: ReadClient, parameters: GetSeriesParameters): Promise<GetSeriesReturnType> {
  return decoded(() => read(client, parameters));
}
