import type { Address, Hex } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { readCalls } from "../foundation/readCalls.ts";
import { meterRegistryAbi } from "../generated/abi.ts";
import { decodeMeterValues, storedDigest } from "./meters.ts";

/**
 * The days that meters posted, by account: read from the transactions that carried them and checked against the digests the
 * registry emitted. What another contract carried is missing where `readCalls` does not see it.
 * @param day Unix time / 86,400.
 */
export async function readMeterDays(
  client: ReadClient,
  { meters, fromBlock = 0n }: { readonly meters: Address; readonly fromBlock?: bigint },
  day: number,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const logs = await inRanges(client, fromBlock, (range) =>
    getContractEvents(client, {
      ...{ address: meters, abi: meterRegistryAbi, eventName: "MeterDayPosted", args: { day }, strict: true, ...range },
    } as const),
  );
  const days = new Map<number, readonly number[]>();
  for (const { args, transactionHash } of logs) {
    const where = { address: meters, abi: meterRegistryAbi, hash: transactionHash } as const;
    for (const call of await readCalls(client, where)) {
      const valuesWh = call.functionName === "post" ? valuesIn(call.args[2]) : undefined;
      if (valuesWh !== undefined && storedDigest(valuesWh) === args.digest) days.set(args.account, valuesWh);
    }
  }
  return days;
}

/** Nothing where the call only looks like one. */
function valuesIn(values: Hex): number[] | undefined {
  try {
    return decodeMeterValues(values);
  } catch {
    return undefined;
  }
}
