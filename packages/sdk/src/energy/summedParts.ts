import { type Address, concat, type Hex, keccak256 } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { readCalls } from "../foundation/readCalls.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { DeviationBook, DeviationParts } from "./balancing.ts";

/** What a part of a book's deviations hashes to in the list of its parts. */
export const deviationPartHash = ({ positions, metered }: DeviationBook, before: Hex): Hex =>
  keccak256(concat([positions, metered, before].map((bytes) => keccak256(bytes))));

/**
 * The arguments of `payPart` for a book whose deviations somebody has summed, from the transactions that summed them; a part
 * that another contract summed is missing where `readCalls` does not see it. Empty while the sums are not complete.
 */
export async function readSummedParts(
  client: ReadClient,
  { balancing, fromBlock = 0n }: { readonly balancing: Address; readonly fromBlock?: bigint },
  firstSlot: number,
): Promise<DeviationParts["pay"]> {
  const logs = await inRanges(client, fromBlock, (range) =>
    getContractEvents(client, {
      ...{ address: balancing, abi: energyBalancingAbi, eventName: "DeviationsSummed", args: { firstSlot } },
      ...{ strict: true, ...range },
    } as const),
  );
  const whole = logs.find(({ args }) => args.last)?.args.progress;
  if (whole === undefined) return [];
  const found = new Map<Hex, { readonly book: DeviationBook; readonly before: Hex }>();
  for (const { transactionHash } of logs) {
    const where = { address: balancing, abi: energyBalancingAbi, hash: transactionHash } as const;
    for (const { functionName, args } of await readCalls(client, where)) {
      if (functionName !== "sum") continue;
      const [book, { sums: before }] = args;
      found.set(deviationPartHash(book, before), { book, before });
    }
  }
  return whole.parts.flatMap((hash, index) => {
    const part = found.get(hash);
    return part === undefined ? [] : [[part.book, whole.sums, whole.parts, BigInt(index), part.before] as const];
  });
}
