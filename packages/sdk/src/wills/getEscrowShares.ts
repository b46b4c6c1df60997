import type { Address, Hex } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import type { Share } from "../foundation/threshold/index.ts";
import { heirLossAbi } from "../generated/abi.ts";

export interface GetEscrowSharesParameters {
  readonly heirLoss: Address;
  readonly willId: Hex;
  readonly version: number;
  readonly fromBlock?: bigint;
}

export type GetEscrowSharesReturnType = readonly Share[];
export type GetEscrowSharesErrorType = PublicaError;

/** The shares of the escrow key guardians have published of a version, from the events. */
export function getEscrowShares(
  client: ReadClient,
  { heirLoss, willId, version, fromBlock }: GetEscrowSharesParameters,
): Promise<GetEscrowSharesReturnType> {
  return decoded(async () => {
    const logs = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, {
        address: heirLoss,
        abi: heirLossAbi,
        eventName: "EscrowSharePublished",
        args: { id: willId, version },
        strict: true,
        ...range,
      }),
    );
    return logs.map(({ args }) => ({ index: args.guardian, scalar: args.share }));
  });
}
