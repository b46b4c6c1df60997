import type { Address, Hex } from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { heirLossAbi } from "../generated/abi.ts";

export interface GetHeirLossProposalParameters {
  readonly heirLoss: Address;
  readonly willId: Hex;
  readonly version: number;
  readonly fromBlock?: bigint;
}

export interface HeirLossProposal {
  readonly heir: number;
  /** Unix seconds; part of what guardians sign (`HeirLost`) and of what the heir signs (`Objection`). */
  readonly proposedAt: number;
  readonly executor: Address;
}

export type GetHeirLossProposalReturnType = HeirLossProposal | undefined;
export type GetHeirLossProposalErrorType = PublicaError;

/** The newest proposal to treat an heir as lost, from the events; `getHeirLoss` says whether it still stands. */
export function getHeirLossProposal(
  client: ReadClient,
  { heirLoss, willId, version, fromBlock }: GetHeirLossProposalParameters,
): Promise<GetHeirLossProposalReturnType> {
  return decoded(async () => {
    const logs = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, {
        address: heirLoss,
        abi: heirLossAbi,
        eventName: "HeirLossProposed",
        args: { id: willId, version },
        strict: true,
        ...range,
      }),
    );
    const last = logs.at(-1);
    if (last === undefined) return undefined;
    const { timestamp } = await getBlock(client, { blockNumber: last.blockNumber });
    return { heir: last.args.heir, proposedAt: Number(timestamp), executor: last.args.executor };
  });
}
