import { type Address, decodeFunctionData, type Hex } from "viem";
import { getContractEvents, getTransaction } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { meterRegistryAbi } from "../generated/abi.ts";
import { decodeMeterValues, storedDigest } from "./meters.ts";

/**
 * The days that meters posted, by account: read from the input of the transactions that carried them and checked against the
 * digests the registry emitted. What another contract carried is not in a transaction's own input, so it is missing here.
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
    const { to, input } = await getTransaction(client, { hash: transactionHash });
    if (to?.toLowerCase() !== meters.toLowerCase()) continue;
    const valuesWh = postedValues(input);
    if (valuesWh !== undefined && storedDigest(valuesWh) === args.digest) days.set(args.account, valuesWh);
  }
  return days;
}

function postedValues(input: Hex): number[] | undefined {
  const { functionName, args } = decodeFunctionData({ abi: meterRegistryAbi, data: input });
  return functionName === "post" ? decodeMeterValues(args[2]) : undefined;
}
