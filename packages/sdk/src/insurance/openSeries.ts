import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRegistryAbi } from "../generated/abi.ts";
import { registryOf } from "./parts.ts";
import { encodeTerms } from "./terms.ts";
import type { SeriesTerms } from "./types.ts";

export interface OpenSeriesParameters {
  readonly book: Address;
  readonly terms: SeriesTerms;
}

export type OpenSeriesReturnType = Hash;
export type OpenSeriesErrorType = PublicaError;

/** Opens a series of cover. The account needs the role that opens series. Its number: `getSeriesCount`, or the event. */
export function openSeries(client: WriteClient, { book, terms }: OpenSeriesParameters): Promise<OpenSeriesReturnType> {
  return decoded(async () =>
    writeContract(client, {
      address: await registryOf(client, book),
      abi: seriesRegistryAbi,
      functionName: "openSeries",
      args: [encodeTerms(terms)],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
