import type { Address, Hex } from "viem";
import type { Database, Migration } from "./database.ts";

/**
 * The life of a transaction the node owes the chain:
 *
 *   queued ──► signed ──► broadcast ──► mined ──► final
 *     │ ▲         │           │  ▲        │
 *     │ └─────────┴───────────┘  └────────┘ reorganised
 *     │    nonce taken by another
 *     └► dropped (refused by the chain, or not wanted any more)
 *
 * `signed` means that the nonce and the signed bytes were written in one database transaction, before any endpoint
 * saw them: whatever happens afterwards, the same bytes are sent again.
 */
export type TxState = "queued" | "signed" | "broadcast" | "mined" | "final" | "dropped";

export interface Tx {
  readonly id: number;
  /** What the transaction is for; a second one with the same key is not taken. */
  readonly key: string;
  readonly account: Address;
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly state: TxState;
  readonly nonce: number | undefined;
  readonly createdAt: number;
  readonly blockNumber: bigint | undefined;
  readonly blockHash: Hex | undefined;
  readonly minedHash: Hex | undefined;
  /** Whether it succeeded on chain. */
  readonly success: boolean | undefined;
  /** Wei paid. */
  readonly cost: bigint | undefined;
  readonly note: string | undefined;
  /** Not wanted any more: its nonce is filled by an empty transaction if it has not been mined. */
  readonly cancelled: boolean;
}

/** One signed version of a transaction; all versions of it carry the same nonce. */
export interface Attempt {
  readonly hash: Hex;
  readonly raw: Hex;
  readonly nonce: number;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly createdAt: number;
  /** Whether an endpoint has ever taken it. */
  readonly accepted: boolean;
}

export interface TxRequest {
  readonly key: string;
  readonly to: Address;
  readonly data: Hex;
  readonly value?: bigint;
}

export const JOURNAL_MIGRATIONS: readonly Migration[] = [
  {
    name: "journal-1",
    sql: `
      CREATE TABLE tx (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        target TEXT NOT NULL,
        data TEXT NOT NULL,
        value TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'signed', 'broadcast', 'mined', 'final', 'dropped')),
        nonce INTEGER,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        block_number INTEGER,
        block_hash TEXT,
        mined_hash TEXT,
        success INTEGER,
        cost TEXT,
        note TEXT,
        cancelled INTEGER NOT NULL DEFAULT 0,
        CHECK ((nonce IS NULL) = (state IN ('queued', 'dropped')))
      ) STRICT;
      -- One nonce, one transaction: the rule the whole journal rests on, kept by the database itself.
      CREATE UNIQUE INDEX tx_nonce ON tx (account, nonce) WHERE nonce IS NOT NULL;
      CREATE INDEX tx_open ON tx (state) WHERE state IN ('queued', 'signed', 'broadcast', 'mined');
      CREATE TABLE attempt (
        hash TEXT PRIMARY KEY,
        tx INTEGER NOT NULL REFERENCES tx (id),
        nonce INTEGER NOT NULL,
        raw TEXT NOT NULL,
        gas TEXT NOT NULL,
        max_fee TEXT NOT NULL,
        max_tip TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        accepted INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE INDEX attempt_tx ON attempt (tx, nonce);
    `,
  },
];

interface TxRow {
  readonly id: number;
  readonly key: string;
  readonly account: string;
  readonly target: string;
  readonly data: string;
  readonly value: string;
  readonly state: string;
  readonly nonce: number | null;
  readonly created_at: number;
  readonly block_number: number | null;
  readonly block_hash: string | null;
  readonly mined_hash: string | null;
  readonly success: number | null;
  readonly cost: string | null;
  readonly note: string | null;
  readonly cancelled: number;
}

const DAY_MS = 86_400_000;

function toTx(row: TxRow): Tx {
  return {
    id: row.id,
    key: row.key,
    account: row.account as Address,
    to: row.target as Address,
    data: row.data as Hex,
    value: BigInt(row.value),
    state: row.state as TxState,
    nonce: row.nonce ?? undefined,
    createdAt: row.created_at,
    blockNumber: row.block_number === null ? undefined : BigInt(row.block_number),
    blockHash: (row.block_hash ?? undefined) as Hex | undefined,
    minedHash: (row.mined_hash ?? undefined) as Hex | undefined,
    success: row.success === null ? undefined : row.success === 1,
    cost: row.cost === null ? undefined : BigInt(row.cost),
    note: row.note ?? undefined,
    cancelled: row.cancelled === 1,
  };
}

export interface Journal {
  /** Writes down a transaction to be sent; false when its key is known already. */
  enqueue(request: TxRequest): boolean;
  /** The transaction is not wanted any more. Before any endpoint saw it, it simply goes; afterwards its nonce is filled. */
  cancel(key: string, note: string): void;
  find(key: string): Tx | undefined;
  inState(...states: readonly TxState[]): Tx[];
  /** Final transactions that hold this nonce or a higher one. */
  finalFrom(nonce: number): Tx[];
  latest(limit: number): Tx[];
  counts(): Readonly<Record<TxState, number>>;
  attempts(tx: Tx): Attempt[];
  /** The least nonce from `from` on that no transaction holds. */
  freeNonce(from: number): number;
  /** Gives `tx` its nonce (or another version) together with the signed bytes, in one database transaction. */
  sign(tx: Tx, attempt: Omit<Attempt, "accepted" | "createdAt">): void;
  accepted(tx: Tx, hash: Hex): void;
  mined(tx: Tx, where: { hash: Hex; blockNumber: bigint; blockHash: Hex; success: boolean; cost: bigint }): void;
  final(tx: Tx): void;
  /** The block that held it is gone. */
  reopen(tx: Tx): void;
  /** Its nonce was used by a transaction that is not ours: back into the queue, to be sent under another one. */
  requeue(tx: Tx, note: string): void;
  drop(tx: Tx, note: string): void;
  /** Wei spent since `since` plus the most that what is under way may still cost. */
  committedSince(since: number): bigint;
  /** Forgets finished transactions older than `days`; their nonces stay known. */
  prune(days: number): number;
}

/** Opens the journal of `account` inside `database`. Every method is one database transaction. */
export function createJournal(database: Database, account: Address, now: () => number = Date.now): Journal {
  const { sql } = database;
  const statement = {
    insert: sql.prepare(
      "INSERT OR IGNORE INTO tx (key, account, target, data, value, state, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?)",
    ),
    find: sql.prepare("SELECT * FROM tx WHERE account = ? AND key = ?"),
    finalFrom: sql.prepare("SELECT * FROM tx WHERE account = ? AND state = 'final' AND nonce >= ? ORDER BY nonce"),
    latest: sql.prepare("SELECT * FROM tx WHERE account = ? ORDER BY id DESC LIMIT ?"),
    counts: sql.prepare("SELECT state, count(*) AS n FROM tx WHERE account = ? GROUP BY state"),
    attempts: sql.prepare("SELECT * FROM attempt WHERE tx = ? AND nonce = ? ORDER BY created_at, rowid"),
    free: sql.prepare(`
      WITH RECURSIVE candidate(n) AS (
        SELECT CAST(? AS INTEGER) UNION ALL
        SELECT n + 1 FROM candidate WHERE EXISTS (SELECT 1 FROM tx WHERE account = ? AND nonce = candidate.n)
      ) SELECT max(n) AS n FROM candidate`),
    toSigned: sql.prepare(
      "UPDATE tx SET state = 'signed', nonce = ?, updated_at = ? WHERE id = ? AND state = 'queued'",
    ),
    attempt: sql.prepare(
      "INSERT INTO attempt (hash, tx, nonce, raw, gas, max_fee, max_tip, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    acceptedAttempt: sql.prepare("UPDATE attempt SET accepted = 1 WHERE hash = ?"),
    accepted: sql.prepare("UPDATE tx SET state = 'broadcast', updated_at = ? WHERE id = ? AND state = 'signed'"),
    mined: sql.prepare(
      "UPDATE tx SET state = 'mined', mined_hash = ?, block_number = ?, block_hash = ?, success = ?, cost = ?, updated_at = ? WHERE id = ?",
    ),
    final: sql.prepare("UPDATE tx SET state = 'final', updated_at = ? WHERE id = ? AND state = 'mined'"),
    reopen: sql.prepare(
      "UPDATE tx SET state = 'broadcast', mined_hash = NULL, block_number = NULL, block_hash = NULL, success = NULL, cost = NULL, updated_at = ? WHERE id = ?",
    ),
    requeue: sql.prepare(
      "UPDATE tx SET state = 'queued', nonce = NULL, mined_hash = NULL, block_number = NULL, block_hash = NULL, success = NULL, cost = NULL, note = ?, updated_at = ? WHERE id = ?",
    ),
    drop: sql.prepare("UPDATE tx SET state = 'dropped', nonce = NULL, note = ?, updated_at = ? WHERE id = ?"),
    cancel: sql.prepare("UPDATE tx SET cancelled = 1, note = ?, updated_at = ? WHERE id = ?"),
    spent: sql.prepare(
      "SELECT cost FROM tx WHERE account = ? AND cost IS NOT NULL AND state IN ('mined', 'final') AND updated_at >= ?",
    ),
    atRisk: sql.prepare(`
      SELECT a.gas, a.max_fee, t.id, t.value FROM attempt a JOIN tx t ON t.id = a.tx AND t.nonce = a.nonce
      WHERE t.account = ? AND t.state IN ('signed', 'broadcast')`),
    pruneAttempts: sql.prepare(
      "DELETE FROM attempt WHERE tx IN (SELECT id FROM tx WHERE state IN ('final', 'dropped') AND updated_at < ?)",
    ),
    prune: sql.prepare(
      "UPDATE tx SET data = '0x' WHERE state IN ('final', 'dropped') AND updated_at < ? AND data <> '0x'",
    ),
  };
  const rows = (list: unknown): Tx[] => (list as TxRow[]).map(toTx);
  const find = (key: string): Tx | undefined => rows(statement.find.all(account, key))[0];
  const attempts = (tx: Tx): Attempt[] =>
    tx.nonce === undefined
      ? []
      : (statement.attempts.all(tx.id, tx.nonce) as Record<string, string | number>[]).map((row) => ({
          hash: row.hash as Hex,
          raw: row.raw as Hex,
          nonce: Number(row.nonce),
          gas: BigInt(row.gas as string),
          maxFeePerGas: BigInt(row.max_fee as string),
          maxPriorityFeePerGas: BigInt(row.max_tip as string),
          createdAt: Number(row.created_at),
          accepted: row.accepted === 1,
        }));

  return {
    find,
    attempts,
    enqueue: ({ key, to, data, value = 0n }) =>
      database.transaction(
        () => statement.insert.run(key, account, to, data, String(value), now(), now()).changes === 1,
      ),
    cancel(key, note) {
      database.transaction(() => {
        const tx = find(key);
        if (tx === undefined || tx.state === "final" || tx.state === "dropped" || tx.state === "mined") return;
        const seen = attempts(tx).some(({ accepted }) => accepted);
        // A crash may hide that an endpoint took it, so only a transaction without signed bytes is surely unseen.
        if (tx.state === "queued" && !seen) statement.drop.run(note, now(), tx.id);
        else statement.cancel.run(note, now(), tx.id);
      });
    },
    inState: (...states) =>
      rows(
        sql
          .prepare(
            `SELECT * FROM tx WHERE account = ? AND state IN (${states.map(() => "?").join(",")}) ORDER BY nonce, id`,
          )
          .all(account, ...states),
      ),
    finalFrom: (nonce) => rows(statement.finalFrom.all(account, nonce)),
    latest: (limit) => rows(statement.latest.all(account, limit)),
    counts() {
      const result = { queued: 0, signed: 0, broadcast: 0, mined: 0, final: 0, dropped: 0 };
      for (const { state, n } of statement.counts.all(account) as { state: TxState; n: number }[]) result[state] = n;
      return result;
    },
    freeNonce: (from) => (statement.free.get(from, account) as { n: number }).n,
    sign(tx, attempt) {
      database.transaction(() => {
        if (tx.state === "queued") {
          const { changes } = statement.toSigned.run(attempt.nonce, now(), tx.id);
          if (changes !== 1) throw new Error(`transaction ${tx.key} is not queued any more`);
        }
        statement.attempt.run(
          attempt.hash,
          tx.id,
          attempt.nonce,
          attempt.raw,
          String(attempt.gas),
          String(attempt.maxFeePerGas),
          String(attempt.maxPriorityFeePerGas),
          now(),
        );
      });
    },
    accepted(tx, hash) {
      database.transaction(() => {
        statement.acceptedAttempt.run(hash);
        statement.accepted.run(now(), tx.id);
      });
    },
    mined(tx, { hash, blockNumber, blockHash, success, cost }) {
      database.transaction(() =>
        statement.mined.run(hash, blockNumber, blockHash, success ? 1 : 0, String(cost), now(), tx.id),
      );
    },
    final: (tx) => void database.transaction(() => statement.final.run(now(), tx.id)),
    reopen: (tx) => void database.transaction(() => statement.reopen.run(now(), tx.id)),
    requeue: (tx, note) =>
      void database.transaction(() =>
        tx.cancelled ? statement.drop.run(note, now(), tx.id) : statement.requeue.run(note, now(), tx.id),
      ),
    drop: (tx, note) => void database.transaction(() => statement.drop.run(note, now(), tx.id)),
    committedSince(since) {
      const spent = (statement.spent.all(account, since) as { cost: string }[]).reduce(
        (sum, { cost }) => sum + BigInt(cost),
        0n,
      );
      // Of all versions of one transaction only one can be mined: the dearest counts.
      const dearest = new Map<number, bigint>();
      for (const row of statement.atRisk.all(account) as {
        id: number;
        gas: string;
        max_fee: string;
        value: string;
      }[]) {
        const cost = BigInt(row.gas) * BigInt(row.max_fee) + BigInt(row.value);
        if (cost > (dearest.get(row.id) ?? 0n)) dearest.set(row.id, cost);
      }
      return [...dearest.values()].reduce((sum, cost) => sum + cost, spent);
    },
    prune(days) {
      const before = now() - days * DAY_MS;
      return database.transaction(() => {
        statement.pruneAttempts.run(before);
        return Number(statement.prune.run(before).changes);
      });
    },
  };
}
