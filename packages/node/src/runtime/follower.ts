import { type Address, type Hex, hexToBigInt, numberToHex } from "viem";
import type { Database, Migration } from "./database.ts";
import type { Logger } from "./log.ts";
import { isHash, isQuantity, type Rpc } from "./rpc.ts";

export const FOLLOWER_MIGRATIONS: readonly Migration[] = [
  {
    name: "follower-1",
    sql: `
      CREATE TABLE head (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent TEXT NOT NULL) STRICT;
      CREATE TABLE cursor (name TEXT PRIMARY KEY, block INTEGER NOT NULL) STRICT;
    `,
  },
];

/** A log as the chain gives it. */
export interface ChainLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly transactionHash: Hex;
}

export interface Block {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parent: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
}

export interface FollowerOptions {
  readonly rpc: Rpc;
  readonly database: Database;
  /** Contracts whose logs are delivered. */
  readonly addresses: readonly Address[];
  readonly finalityDepth: number;
  /** Block from which logs are of interest on the first start; default: the head then. */
  readonly fromBlock?: bigint;
  readonly log: Logger;
  readonly onHead?: (head: Block) => void;
  readonly onReorg?: (depth: number) => void;
  /** Logs up to a final block, each block exactly once, also across restarts: runs inside the transaction that moves the cursor. */
  readonly onFinal?: (logs: readonly ChainLog[], block: bigint) => void;
}

export interface Follower {
  /** Looks once; resolves to the head. */
  step(): Promise<Block>;
  /** The last block whose logs were delivered. */
  finalized(): bigint | undefined;
}

interface RawBlock {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
}

const isRawBlock = (value: unknown): value is RawBlock => {
  const block = value as RawBlock | null;
  return (
    typeof block === "object" &&
    block !== null &&
    isQuantity(block.number) &&
    isHash(block.hash) &&
    isHash(block.parentHash) &&
    isQuantity(block.timestamp)
  );
};

const isLogs = (value: unknown): value is ChainLog[] =>
  Array.isArray(value) &&
  value.every((log: ChainLog) => Array.isArray(log?.topics) && isQuantity(log.blockNumber) && log.data !== undefined);

/** Heads remembered; a reorganisation deeper than this is reported with this depth. */
const WINDOW = 256;
const LOG_RANGE = 2_000n;

/** Follows the head, notices reorganisations, and delivers logs once they are final. */
export function createFollower(options: FollowerOptions): Follower {
  const { rpc, database, finalityDepth, log } = options;
  const { sql } = database;
  const select = sql.prepare("SELECT hash FROM head WHERE number = ?");
  const newest = sql.prepare("SELECT number, hash FROM head ORDER BY number DESC LIMIT 1");
  const insert = sql.prepare("INSERT OR REPLACE INTO head (number, hash, parent) VALUES (?, ?, ?)");
  const above = sql.prepare("SELECT count(*) AS n FROM head WHERE number > ?");
  const removeAbove = sql.prepare("DELETE FROM head WHERE number > ?");
  const removeBelow = sql.prepare("DELETE FROM head WHERE number < ?");
  const readCursor = sql.prepare("SELECT block FROM cursor WHERE name = 'final'");
  const moveCursor = sql.prepare("INSERT OR REPLACE INTO cursor (name, block) VALUES ('final', ?)");

  const fetchBlock = async (tag: string): Promise<Block> => {
    const raw = await rpc.request("eth_getBlockByNumber", [tag, false], isRawBlock);
    return {
      number: hexToBigInt(raw.number),
      hash: raw.hash,
      parent: raw.parentHash,
      timestamp: Number(hexToBigInt(raw.timestamp)),
    };
  };
  const hashAt = (number: bigint): string | undefined => (select.get(number) as { hash: string } | undefined)?.hash;

  async function follow(head: Block): Promise<void> {
    const tip = newest.get() as { number: number; hash: string } | undefined;
    if (tip?.hash === head.hash) return;
    // An endpoint that lags: what it shows as head is a block we know already.
    if (tip !== undefined && head.number < BigInt(tip.number) && hashAt(head.number) === head.hash) return;
    const fresh: Block[] = [head];
    let oldest = head;
    while (oldest.number > 0n && fresh.length < WINDOW && hashAt(oldest.number - 1n) !== oldest.parent) {
      // Nothing is known below: no ancestor to look for.
      if (tip === undefined || oldest.number > BigInt(tip.number) + BigInt(WINDOW)) break;
      oldest = await fetchBlock(numberToHex(oldest.number - 1n));
      fresh.push(oldest);
    }
    const ancestor = oldest.number - 1n;
    const depth = (above.get(ancestor) as { n: number }).n;
    database.transaction(() => {
      removeAbove.run(ancestor);
      for (const block of fresh) insert.run(block.number, block.hash, block.parent);
      removeBelow.run(head.number - BigInt(WINDOW));
    });
    if (depth > 0) {
      log.warn({ depth, head: String(head.number) }, "chain reorganised");
      options.onReorg?.(depth);
    }
  }

  function finalized(): bigint | undefined {
    const row = readCursor.get() as { block: number } | undefined;
    return row === undefined ? undefined : BigInt(row.block);
  }

  async function deliver(head: Block): Promise<void> {
    const final = head.number - BigInt(finalityDepth);
    if (final < 0n) return;
    const from = finalized() ?? (options.fromBlock ?? final + 1n) - 1n;
    let next = from + 1n;
    while (next <= final) {
      const to = next + LOG_RANGE - 1n < final ? next + LOG_RANGE - 1n : final;
      const filter = { address: options.addresses, fromBlock: numberToHex(next), toBlock: numberToHex(to) };
      const logs = options.addresses.length === 0 ? [] : await rpc.request("eth_getLogs", [filter], isLogs);
      database.transaction(() => {
        options.onFinal?.(logs, to);
        moveCursor.run(to);
      });
      next = to + 1n;
    }
    if (finalized() === undefined) database.transaction(() => moveCursor.run(from));
  }

  return {
    finalized,
    async step() {
      const head = await fetchBlock("latest");
      await follow(head);
      await deliver(head);
      options.onHead?.(head);
      return head;
    },
  };
}
