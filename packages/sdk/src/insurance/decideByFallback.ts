import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { seriesRecourseAbi } from "../generated/abi.ts";
import { recourseOf } from "./parts.ts";

export interface DecideByFallbackParameters {
  readonly book: Address;
  readonly series: bigint;
  /** A round that is missing in the series' feed; any when it was contested. */
  readonly missingRound: number;
  /** The packed season of a series with `seasonValues`; see `packSeason`. */
  readonly season?: Hex;
}

export type DecideByFallbackReturnType = Hash;
export type DecideByFallbackErrorType = PublicaError;

/** Decides a series by its fallback feed, when its feed did not answer in time or was contested. Anyone may call. */
export function decideByFallback(
  client: WriteClient,
  parameters: DecideByFallbackParameters,
): Promise<DecideByFallbackReturnType> {
  return decoded(async () =>
    writeContract(client, {
      address: await recourseOf(client, parameters.book),
      abi: seriesRecourseAbi,
      functionName: "decideByFallback",
      args: [parameters.series, parameters.missingRound, parameters.season ?? "0x"],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
