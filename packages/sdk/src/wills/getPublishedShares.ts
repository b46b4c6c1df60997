import type { Address, Hex } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import type { Share } from "../foundation/threshold/index.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface GetPublishedSharesParameters {
  readonly registry: Address;
  readonly willId: Hex;
  /** Where the search begins, such as the block of the deployment. */
  readonly fromBlock?: bigint;
}

export type GetPublishedSharesReturnType = readonly Share[];
export type GetPublishedSharesErrorType = PublicaError;

/** The release shares guardians have published, from the events. Only one version is ever released. */
export function getPublishedShares(
  client: ReadClient,
  { registry, willId, fromBlock }: GetPublishedSharesParameters,
): Promise<GetPublishedSharesReturnType> {
  return decoded(async () => {
    const logs = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, {
        address: registry,
        abi: willRegistryAbi,
        eventName: "WillSharePublished",
        args: { id: willId },
        strict: true,
        ...range,
      }),
    );
    return logs.map(({ args }) => ({ index: args.guardian, scalar: args.share }));
  });
}
