import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRegistryAbi } from "../generated/abi.ts";
import { registryOf } from "./parts.ts";

export interface GetSeriesCountParameters {
  readonly book: Address;
}

export type GetSeriesCountReturnType = bigint;
export type GetSeriesCountErrorType = PublicaError;

/** How many series a book has opened; they are numbered from 1. */
export function getSeriesCount(
  client: ReadClient,
  parameters: GetSeriesCountParameters,
): Promise<GetSeriesCountReturnType> {
  return decoded(async () => {
    const result = await readContract(client, {
      address: await registryOf(client, parameters.book),
      abi: seriesRegistryAbi,
      functionName: "seriesCount",
    });
    return result;
  });
}
