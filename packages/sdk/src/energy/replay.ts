import { type Address, type Hash, type Hex, parseEventLogs, slice, toHex } from "viem";
import { getTransactionReceipt, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { readCalls } from "../foundation/readCalls.ts";
import { energyAccountsAbi, energyExchangeAbi } from "../generated/abi.ts";
import { energyError } from "./errors.ts";
import type { MarketAddresses } from "./dryRun.ts";
import { decodeRecords, decodeStep, type PostedOrder } from "./orders.ts";
import { type LargeSession, readLargeSession } from "./large.ts";
import { replaySettlement, type Settlement, type SettlementInput } from "./settlement.ts";

export interface ReplayedBook {
  readonly settlement: Settlement;
  /** Whether the replay hashes to what the exchange stored. */
  readonly matches: boolean;
}

/** The market, and where large books are settled if any are. */
export interface ReplayAddresses extends MarketAddresses {
  readonly large?: Address;
  /** From which block on to look for the parts of a large book. */
  readonly fromBlock?: bigint;
}

/**
 * Replays a settled book from chain data alone: the transactions' input holds every order, the accounts their zones.
 * Who repeats this needs to trust neither the operator nor us.
 * @param hash The transaction that closed the book.
 */
export async function replayBook(client: ReadClient, addresses: ReplayAddresses, hash: Hash): Promise<ReplayedBook> {
  const { accounts, exchange } = addresses;
  const [calls, receipt, links, { priceShare }] = await Promise.all([
    readCalls(client, { address: exchange, abi: energyExchangeAbi, hash }),
    getTransactionReceipt(client, { hash }),
    readContract(client, { address: exchange, abi: energyExchangeAbi, functionName: "links" }),
    readContract(client, { address: exchange, abi: energyExchangeAbi, functionName: "terms" }),
  ]);
  const logs = receipt.logs.filter(({ address }) => address.toLowerCase() === exchange.toLowerCase());
  const [closed] = parseEventLogs({ abi: energyExchangeAbi, logs, eventName: "BookClosed" });
  if (closed === undefined) throw energyError("EnergyBadLength");
  const count = Number(closed.args.count);
  const { firstSlot } = closed.args;
  const replay = async ({ prices, ...orders }: ReplayedOrders): Promise<ReplayedBook> => {
    const zones = new Map<number, number>();
    for (const { account } of [...orders.curves, ...orders.posted]) {
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
    const input = { firstSlot, count, links, share: Number(priceShare), ...orders, zoneOf };
    const settlement = replaySettlement(input, ticks);
    return { settlement, matches: settlement.commitment === closed.args.commitment };
  };
  const settled = calls.flatMap((call) =>
    call.functionName === "settle" && call.args[0] === firstSlot ? [call.args] : [],
  );
  if (settled.length === 0) {
    const { prices, curves, posted, absentPosts } = await largeBook(client, addresses, firstSlot);
    // Nothing is traded without orders, whatever the prices.
    return replay({ prices: prices ?? toHex(0, { size: 4 * count * links.length }), curves, posted, absentPosts });
  }
  let replayed: ReplayedBook | undefined;
  let failure: unknown;
  // Several only where some look like the call that settled the book: the one that matches is it.
  for (const args of settled)
    try {
      replayed = await replay(wholeBook(args, logs, count));
      if (replayed.matches) return replayed;
    } catch (error) {
      failure = error;
    }
  if (replayed === undefined) throw failure;
  return replayed;
}

type ReplayedOrders = Required<Pick<SettlementInput, "curves" | "posted" | "absentPosts">> & { readonly prices: Hex };

function wholeBook(
  [firstSlot, prices, orders, posted]: readonly [number, Hex, Hex, Hex],
  logs: Parameters<typeof parseEventLogs>[0]["logs"],
  count: number,
): ReplayedOrders {
  const absent = parseEventLogs({ abi: energyExchangeAbi, logs, eventName: "PostAbsent" }).filter(
    ({ args }) => args.firstSlot === firstSlot,
  );
  return {
    prices,
    curves: decodeRecords(orders, firstSlot, count),
    posted: decodePosted(posted, firstSlot),
    absentPosts: new Set(absent.map(({ args: { index } }) => Number(index))),
  };
}

async function largeBook(
  client: ReadClient,
  { accounts, large, fromBlock = 0n }: ReplayAddresses,
  firstSlot: number,
): Promise<LargeSession> {
  const session = large && (await readLargeSession(client, { accounts, large, fromBlock }, firstSlot));
  if (session === undefined || (session.prices === undefined && session.cores.length !== 0))
    throw energyError("LargeWrongState", firstSlot);
  return session;
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
