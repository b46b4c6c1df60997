import { getBlockNumber } from "viem/actions";
import type { ReadClient } from "./client.ts";

export interface BlockRange {
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
}

/** Public endpoints refuse wide ranges; a refusal of so few blocks is taken at its word. */
const SMALLEST_RANGE = 500n;

/** Reads events from `fromBlock` to `last` (the newest block), in halves where the endpoint finds the range too wide. */
export async function inRanges<T>(
  client: ReadClient,
  fromBlock: bigint,
  read: (range: BlockRange) => Promise<readonly T[]>,
  last?: bigint,
): Promise<T[]> {
  const halves = async (range: BlockRange): Promise<T[]> => {
    const span = range.toBlock - range.fromBlock + 1n;
    if (span <= 0n) return [];
    try {
      return [...(await read(range))];
    } catch (error) {
      if (span <= SMALLEST_RANGE) throw error;
      const middle = range.fromBlock + span / 2n;
      const first = await halves({ ...range, toBlock: middle - 1n });
      return [...first, ...(await halves({ ...range, fromBlock: middle }))];
    }
  };
  return halves({ fromBlock, toBlock: last ?? (await getBlockNumber(client, { cacheTime: 0 })) });
}
