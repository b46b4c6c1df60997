import { decodeFunctionData, type Hash, type Hex, parseEventLogs, slice } from "viem";
import { getTransaction, getTransactionReceipt, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { energyAccountsAbi, energyExchangeAbi } from "../generated/abi.ts";
import { energyError } from "./errors.ts";
import type { MarketAddresses } from "./dryRun.ts";
import { decodeRecords, decodeStep, type PostedOrder } from "./orders.ts";
import { replaySettlement, type Settlement } from "./settlement.ts";

export interface ReplayedBook {
  readonly settlement: Settlement;
  /** Whether the replay hashes to what the exchange stored. */
  readonly matches: boolean;
}

/**
 * Replays a settled book from chain data alone: the transaction's input holds every order, the accounts their zones.
 * Who repeats this needs to trust neither the operator nor us.
 */
export async function replayBook(
  client: ReadClient,
  { accounts, exchange }: MarketAddresses,
  hash: Hash,
): Promise<ReplayedBook> {
  const [transaction, { logs }, links, share] = await Promise.all([
    getTransaction(client, { hash }),
    getTransactionReceipt(client, { hash }),
    readContract(client, { address: exchange, abi: energyExchangeAbi, functionName: "links" }),
    readContract(client, { address: exchange, abi: energyExchangeAbi, functionName: "PRICE_SHARE" }),
  ]);
  const { functionName, args } = decodeFunctionData({ abi: energyExchangeAbi, data: transaction.input });
  if (functionName !== "settle") throw energyError("EnergyBadLength");
  const [firstSlot, prices, orders, posted] = args;
  const [closed] = parseEventLogs({ abi: energyExchangeAbi, logs, eventName: "BookClosed" });
  const count = Number(closed?.args.count ?? 0n);
  const curves = decodeRecords(orders, firstSlot, count);
  const posts = decodePosted(posted, firstSlot);
  const zones = new Map<number, number>();
  for (const { account } of [...curves, ...posts]) {
    if (zones.has(account)) continue;
    const { zone } = await readContract(client, {
      address: accounts,
      abi: energyAccountsAbi,
      functionName: "accountOf",
      args: [account],
    });
    zones.set(account, zone);
  }
  const ticks = Array.from({ length: count }, (_, t) =>
    links.map((_link, z) =>
      Number(BigInt.asIntN(32, BigInt(slice(prices, (z * count + t) * 4, (z * count + t) * 4 + 4)))),
    ),
  );
  const zoneOf = (account: number) => zones.get(account) ?? 0;
  const input = { firstSlot, count, links, share: Number(share), curves, posted: posts, zoneOf };
  const settlement = replaySettlement(input, ticks);
  return { settlement, matches: settlement.commitment === closed?.args.commitment };
}

/** The posted orders of a settlement's input. */
export function decodePosted(posted: Hex, firstSlot: number): PostedOrder[] {
  return Array.from({ length: (posted.length - 2) / 22 }, (_, i) => {
    const entry = slice(posted, i * 11, i * 11 + 11);
    return {
      slot: firstSlot + Number(BigInt(slice(entry, 0, 1))),
      account: Number(BigInt(slice(entry, 1, 5))),
      ...decodeStep(slice(entry, 5, 11)),
    };
  });
}
