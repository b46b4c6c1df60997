import { type Address, decodeAbiParameters, type Hex, keccak256, numberToHex, parseEventLogs, size, slice } from "viem";
import { getLogs, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { readCalls } from "../foundation/readCalls.ts";
import { energyAccountsAbi, largeBooksAbi } from "../generated/abi.ts";
import { chainPost } from "./dryRun.ts";
import {
  ABSENT,
  bookGroups,
  byAccount,
  curveLeaf,
  decodeRecords,
  encodePosted,
  encodeRecord,
  encodeSteps,
  GROUP_LEAVES,
  join,
  type PostedOrder,
  type SignedCurve,
} from "./orders.ts";
import { decodePosted } from "./replay.ts";
import type { SettlementInput } from "./settlement.ts";

/** Where the settlement of a large book stands, as the contract numbers it. */
export const STAGES = ["None", "Collecting", "Counting", "Serving", "Voiding"] as const;
export type LargeStage = (typeof STAGES)[number];

/** A session as the chain shows it: anybody can continue from here. */
export interface LargeSession {
  /** What the next call has to pass. */
  readonly state: Hex;
  readonly stage: LargeStage;
  readonly count: number;
  readonly postSlot: number;
  readonly postHead: bigint;
  readonly lastAccount: number;
  /** Parts of posted orders among the cores. */
  readonly postParts: number;
  /** Parts served. */
  readonly next: number;
  /** The parts collected so far, in the order of collection. */
  readonly cores: readonly Hex[];
  /** What was collected: records by account, posted orders in the order of posting and which of them are absent. */
  readonly curves: readonly SignedCurve[];
  readonly posted: readonly PostedOrder[];
  readonly absentPosts: ReadonlySet<number>;
  /** The prices that were proven; not known of a book without orders. */
  readonly prices?: Hex;
  /** The furthest count, by the hash of its prices. */
  readonly counts: ReadonlyMap<Hex, { readonly next: number; readonly cells: Hex }>;
}

/** One transaction to `LargeBooks`. */
export type LargeCall =
  | { readonly functionName: "open"; readonly args: readonly [number, number, readonly Hex[]] }
  | { readonly functionName: "collectPosts"; readonly args: readonly [Hex, number, bigint, Hex] }
  | { readonly functionName: "collect"; readonly args: readonly [Hex, Hex, boolean] }
  | { readonly functionName: "count"; readonly args: readonly [Hex, Hex, bigint, Hex, readonly Hex[]] }
  | { readonly functionName: "serve"; readonly args: readonly [Hex, readonly Hex[]] };

/** How much goes into one transaction. The result does not depend on it. */
export interface LargeLimits {
  /** Records collected at once; a multiple of 128. */
  readonly records: number;
  readonly posts: number;
  /** Bytes of cores counted or served at once. */
  readonly bytes: number;
}

/** What stays well below a transaction's 16.78 million gas. */
export function largeLimits(count: number): LargeLimits {
  const groups = Math.floor(12_000_000 / (GROUP_LEAVES * (15_000 + 400 * count)));
  return { records: GROUP_LEAVES * Math.max(groups, 1), posts: 800, bytes: count === 1 ? 12_000 : 100_000 };
}

/** The core of records: account 4 bytes ‖ zone 2 ‖ steps. */
export function recordsCore(curves: readonly SignedCurve[], zoneOf: (account: number) => number): Hex {
  return join(
    curves.map((curve) =>
      join([
        numberToHex(curve.account + (curve.absent ? ABSENT : 0), { size: 4 }),
        numberToHex(zoneOf(curve.account), { size: 2 }),
        encodeSteps(curve.steps),
      ]),
    ),
  );
}

/** The core of posted orders: cell + 1 in 2 bytes (0 = absent) ‖ the order. */
export function postsCore(
  posted: readonly PostedOrder[],
  absent: ReadonlySet<number>,
  { firstSlot, count, zoneOf = () => 0 }: Pick<SettlementInput, "firstSlot" | "count" | "zoneOf">,
): Hex {
  return join(
    posted.map((order, index) => {
      const place = absent.has(index) ? 0 : zoneOf(order.account) * count + (order.slot - firstSlot) + 1;
      return join([numberToHex(place, { size: 2 }), encodePosted([order], firstSlot)]);
    }),
  );
}

/**
 * The next transaction of a book's settlement; `undefined` when it is closed. `session` is what `readLargeSession` returned,
 * `undefined` before the first one. The committed book binds: `fallback` says that its deadline has passed.
 */
export function nextLargeCall(
  input: SettlementInput,
  prices: Hex,
  session: LargeSession | undefined,
  { limits = largeLimits(input.count), fallback = false }: { limits?: LargeLimits; fallback?: boolean } = {},
): LargeCall | undefined {
  const { firstSlot, count } = input;
  const curves = [...input.curves].sort(byAccount);
  if (session === undefined) {
    const groups = fallback ? [] : bookGroups(curves.map(curveLeaf));
    return { functionName: "open", args: [firstSlot, count, groups] };
  }
  switch (session.stage) {
    case "None":
      return undefined;
    case "Collecting": {
      if (session.postSlot !== 0 || session.postHead !== 0n) return nextPosts(input, session, limits);
      const left = curves.filter(({ account }) => account > session.lastAccount);
      const part = left.slice(0, limits.records);
      return {
        functionName: "collect",
        args: [session.state, join(part.map(encodeRecord)), part.length === left.length],
      };
    }
    case "Counting": {
      const { next, cells } = session.counts.get(keccak256(prices)) ?? { next: 0, cells: "0x" };
      const parts = take(session.cores.slice(next), limits.bytes);
      return { functionName: "count", args: [session.state, prices, BigInt(next), cells, parts] };
    }
    default: {
      const posts = session.cores.slice(0, session.postParts).reverse();
      const order = [...posts, ...session.cores.slice(session.postParts)];
      return { functionName: "serve", args: [session.state, take(order.slice(session.next), limits.bytes)] };
    }
  }
}

/** As many parts as fit, at least one. */
function take(parts: readonly Hex[], bytes: number): Hex[] {
  let sum = 0;
  return parts.filter((part, index) => {
    sum += size(part);
    return index === 0 || sum <= bytes;
  });
}

/** The posted orders before where the session stands, as many as fit, from the back. */
function nextPosts(input: SettlementInput, session: LargeSession, limits: LargeLimits): LargeCall {
  const posted = [...(input.posted ?? [])].sort((a, b) => a.slot - b.slot);
  const heads: bigint[] = [];
  for (const [i, order] of posted.entries())
    heads.push(chainPost(posted[i - 1]?.slot === order.slot ? (heads[i - 1] as bigint) : 0n, order));
  const border = input.firstSlot + session.postSlot;
  let end = posted.findIndex(({ slot }) => slot >= border);
  if (end < 0) end = posted.length;
  if (session.postHead !== 0n) end = heads.indexOf(session.postHead, end) + 1;
  const begin = Math.max(end - limits.posts, 0);
  const first = posted[begin];
  if (begin === 0 || first === undefined)
    return {
      functionName: "collectPosts",
      args: [session.state, 0, 0n, encodePosted(posted.slice(0, end), input.firstSlot)],
    };
  const before = posted[begin - 1]?.slot === first.slot ? (heads[begin - 1] as bigint) : 0n;
  const part = encodePosted(posted.slice(begin, end), input.firstSlot);
  return { functionName: "collectPosts", args: [session.state, first.slot - input.firstSlot, before, part] };
}

/** Where `LargeBooks` and the ledger live, and from which block on to look. */
export interface LargeAddresses {
  readonly accounts: Address;
  readonly large: Address;
  readonly fromBlock?: bigint;
}

/**
 * Reads how far the settlement of a large book has come, from chain data alone; `undefined` when nobody opened it. What was
 * collected is read from the transactions and must hash to what the chain kept of it.
 * @throws PublicaError `SdkCallUnseen` when another contract collected a part, its transaction does not show what, and the
 * endpoint gives no traces.
 */
export async function readLargeSession(
  client: ReadClient,
  { accounts, large, fromBlock = 0n }: LargeAddresses,
  firstSlot: number,
): Promise<LargeSession | undefined> {
  const logs = parseEventLogs({
    abi: largeBooksAbi,
    logs: await inRanges(client, fromBlock, (range) => getLogs(client, { address: large, ...range })),
    eventName: ["SessionMoved", "PartsCounted", "PostAbsent"],
  }).filter(({ args }) => args.firstSlot === firstSlot);
  const moves = logs.filter((log) => log.eventName === "SessionMoved");
  const last = moves.at(-1);
  if (last === undefined) return undefined;
  const zones = new Map<number, number>();
  const know = async (list: readonly { account: number }[]): Promise<void> => {
    for (const { account } of list) {
      if (zones.has(account)) continue;
      const { zone } = await readContract(client, {
        ...{ address: accounts, abi: energyAccountsAbi, functionName: "accountOf", args: [account] },
      } as const);
      zones.set(account, zone);
    }
  };
  const zoneOf = (account: number) => zones.get(account) ?? 0;
  const cores: Hex[] = [];
  const curves: SignedCurve[] = [];
  const parts: { posted: PostedOrder[]; absent: Set<number> }[] = [];
  let prices: Hex | undefined;
  let [count, collected] = [0, 0];
  let before: Hex | undefined;
  /** Takes what a call collected, if it is what hashes to `part`. */
  const isPart = async (call: Call, part: Hex | undefined, absent: Set<number>): Promise<boolean> => {
    const given = ordersIn(call, firstSlot, count);
    await know([...(given?.records ?? []), ...(given?.posted ?? [])]);
    const core = given?.records
      ? recordsCore(given.records, zoneOf)
      : postsCore(given?.posted ?? [], absent, { firstSlot, count, zoneOf });
    if (given === undefined || keccak256(core) !== part) return false;
    cores.push(core);
    if (given.records) curves.push(...given.records);
    else parts.unshift({ posted: given.posted, absent });
    return true;
  };
  let absent = new Set<number>();
  for (const { eventName, args, transactionHash } of logs) {
    if (eventName === "PostAbsent") absent.add(Number(args.index));
    if (eventName !== "SessionMoved") continue;
    const now = decodeSession(args.state);
    if (args.stage !== 0) count = now.count;
    if (now.parts.length > collected) {
      const calls = await readCalls(client, { address: large, abi: largeBooksAbi, hash: transactionHash });
      let seen = false;
      // Other contracts may make several calls in a transaction: this one goes on from the state before.
      for (const call of calls) if (call.args?.[0] === before) seen ||= await isPart(call, now.parts.at(-1), absent);
      if (!seen) throw unseen(transactionHash);
      collected = now.parts.length;
    }
    if (now.cells !== "0x") prices ??= pricesIn(now.cells);
    before = args.state;
    absent = new Set();
  }
  const counts = new Map<Hex, { next: number; cells: Hex }>();
  for (const log of logs)
    if (log.eventName === "PartsCounted")
      counts.set(log.args.pricesHash, { next: Number(log.args.next), cells: log.args.cells });
  const stage = STAGES[last.args.stage] as LargeStage;
  const absentPosts = new Set<number>();
  const posted = parts.flatMap((part) => part.posted);
  let first = 0;
  for (const part of parts) {
    for (const index of part.absent) absentPosts.add(first + index);
    first += part.posted.length;
  }
  const orders = { curves, posted, absentPosts, ...(prices === undefined ? {} : { prices }) };
  const { postSlot, postHead, lastAccount, postParts, next } = decodeSession(last.args.state);
  const place = { state: last.args.state, stage, count, postSlot, postHead, lastAccount, postParts, next };
  return { ...place, ...orders, cores, counts };
}

type Call = Awaited<ReturnType<typeof readCalls<typeof largeBooksAbi>>>[number];

type Orders =
  | { readonly records: SignedCurve[]; readonly posted?: never }
  | { readonly posted: PostedOrder[]; readonly records?: never };

/** What a call collects; nothing when it is another call, or only looks like one. */
function ordersIn({ functionName, args }: Call, firstSlot: number, count: number): Orders | undefined {
  try {
    if (functionName === "collect") return { records: decodeRecords(args[1], firstSlot, count) };
    if (functionName === "collectPosts") return { posted: decodePosted(args[3], firstSlot) };
  } catch {}
  return undefined;
}

function unseen(hash: Hex): PublicaError {
  return new PublicaError(
    "SdkCallUnseen",
    `another contract collected a part in transaction ${hash}, which does not show what`,
    "Use an endpoint that answers debug_traceTransaction (callTracer), as archive nodes do.",
    [hash],
  );
}

const SESSION = [
  {
    type: "tuple",
    components: [
      { name: "firstSlot", type: "uint32" },
      { name: "count", type: "uint32" },
      { name: "stage", type: "uint8" },
      { name: "selected", type: "bool" },
      { name: "postSlot", type: "uint32" },
      { name: "postHead", type: "uint256" },
      { name: "lastAccount", type: "uint32" },
      { name: "orders", type: "uint32" },
      { name: "done", type: "uint32" },
      { name: "groups", type: "bytes32[]" },
      { name: "parts", type: "bytes32[]" },
      { name: "postParts", type: "uint32" },
      { name: "next", type: "uint32" },
      { name: "escrowMicro", type: "uint256" },
      { name: "pricesHash", type: "bytes32" },
      { name: "postedHash", type: "bytes32" },
      { name: "positions", type: "bytes32" },
      { name: "cells", type: "bytes" },
    ],
  },
] as const;

/** The prices in what serving needs of the cells: of 64 bytes each, 4 behind the first 10. */
const pricesIn = (cells: Hex): Hex =>
  join(Array.from({ length: size(cells) / 64 }, (_, i) => slice(cells, 64 * i + 10, 64 * i + 14)));

/** What a session's state says; of a closed one, whose state is gone, nothing. */
function decodeSession(state: Hex) {
  if (state === "0x") {
    const none = { count: 0, postSlot: 0, postHead: 0n, lastAccount: 0, postParts: 0, next: 0 };
    return { ...none, parts: [], cells: "0x" as Hex };
  }
  return decodeAbiParameters(SESSION, state)[0];
}
