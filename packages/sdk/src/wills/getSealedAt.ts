import type { Address, Hex } from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface GetSealedAtParameters {
  readonly registry: Address;
  readonly willId: Hex;
  readonly version: number;
  /** Where the search begins, such as the block of a year ago. */
  readonly fromBlock?: bigint;
}

/** Unix seconds; undefined when the version was not sealed since `fromBlock`. */
export type GetSealedAtReturnType = number | undefined;
export type GetSealedAtErrorType = PublicaError;

/** When a version was sealed, from the events. */
export function getSealedAt(
  client: ReadClient,
  { registry, willId, version, fromBlock }: GetSealedAtParameters,
): Promise<GetSealedAtReturnType> {
  return decoded(async () => {
    const [sealed] = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, {
        address: registry,
        abi: willRegistryAbi,
        eventName: "WillSealed",
        args: { id: willId, version },
        strict: true,
        ...range,
      }),
    );
    if (sealed === undefined) return undefined;
    return Number((await getBlock(client, { blockNumber: sealed.blockNumber })).timestamp);
  });
}
