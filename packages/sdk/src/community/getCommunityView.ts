import type { Address } from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { type BlockRange, inRanges } from "../foundation/eventRanges.ts";
import { serviceContractAbi, workOrdersAbi } from "../generated/abi.ts";
import { address, block, check } from "./input.ts";
import { type CommunityEvent, type CommunityView, rebuildCommunity } from "./kpi.ts";

export interface GetCommunityViewParameters {
  readonly orders: Address;
  readonly service: Address;
  /** First block to read; the deployment's is enough. */
  readonly fromBlock?: bigint;
  readonly toBlock?: bigint;
}

const shape = { orders: address, service: address, fromBlock: block.optional(), toBlock: block.optional() };

export type GetCommunityViewReturnType = CommunityView;
export type GetCommunityViewErrorType = PublicaError;

/** Reads the events of a community and rebuilds every order and every device's figures from them. */
export function getCommunityView(
  client: ReadClient,
  parameters: GetCommunityViewParameters,
): Promise<GetCommunityViewReturnType> {
  return decoded(async () => {
    check("getCommunityView", shape, parameters);
    const { orders, service, fromBlock = 0n, toBlock } = parameters;
    const both = async (range: BlockRange) => [
      ...(await getContractEvents(client, { address: orders, abi: workOrdersAbi, ...range })),
      ...(await getContractEvents(client, { address: service, abi: serviceContractAbi, ...range })),
    ];
    const logs = (await inRanges(client, fromBlock, both, toBlock)).sort((a, b) =>
      a.blockNumber === b.blockNumber ? a.logIndex - b.logIndex : a.blockNumber < b.blockNumber ? -1 : 1,
    );
    const times = new Map<bigint, number>();
    const events: CommunityEvent[] = [];
    for (const log of logs) {
      let timestamp = times.get(log.blockNumber);
      if (timestamp === undefined) {
        timestamp = Number((await getBlock(client, { blockNumber: log.blockNumber })).timestamp);
        times.set(log.blockNumber, timestamp);
      }
      events.push({ name: log.eventName, args: log.args as Record<string, unknown>, timestamp });
    }
    return rebuildCommunity(events);
  });
}
