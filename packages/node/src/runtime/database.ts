import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { PublicaError } from "@publica/sdk/foundation";
import { problem, reasonOf } from "./problem.ts";

/** One step of a schema; steps are applied in order, each once, and never edited after a release. */
export interface Migration {
  /** Unique name, for instance `journal-1`. */
  readonly name: string;
  readonly sql: string;
}

export interface DatabaseOptions {
  /** `FULL` survives a power cut; `NORMAL` survives a killed process. */
  readonly durability?: "FULL" | "NORMAL";
  /** Open for looking only: no lock is taken and nothing is migrated. */
  readonly readOnly?: boolean;
}

/** The node's one file, in write-ahead mode. */
export interface Database {
  readonly sql: DatabaseSync;
  /** Runs `work` in one transaction: all of it is on disk when this returns, or none of it. */
  transaction<T>(work: () => T): T;
  close(): void;
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Says what is wrong with the file in an operator's terms; anything else is passed through. */
export function databaseProblem(error: unknown, path: string): unknown {
  const code = typeof error === "object" && error !== null && "errcode" in error ? Number(error.errcode) & 0xff : -1;
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return problem(
        "NodeDatabaseLocked",
        `${path} is in use by another process`,
        "Stop the other node on this data folder, or give this one its own.",
        error,
      );
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(path, reasonOf(error), error);
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return problem(
        "NodeDiskFull",
        `${path} cannot grow (${reasonOf(error)})`,
        "Free space on the disk. Nothing unsaved was acknowledged, so senders will deliver it again.",
        error,
      );
    case SQLITE_CANTOPEN:
      return problem(
        "NodeDatabaseMissing",
        `${path} cannot be opened (${reasonOf(error)})`,
        "Check the path and who may read it; a node's first start makes the file.",
        error,
      );
    default:
      return error;
  }
}

function corrupt(path: string, detail: string, cause?: unknown): PublicaError {
  return problem(
    "NodeDatabaseCorrupt",
    `${path} is damaged (${detail})`,
    "The file was left as it is. Restore a backup, or move it aside and start with an empty one: transactions still on their way are then recognised by the account's nonce.",
    cause,
  );
}

/**
 * Opens (or creates) the file, checks it, takes the lock that keeps a second process out and brings the schema up to date.
 * The lock is a second SQLite file held in an exclusive transaction: the system releases it when the process dies.
 */
export function openDatabase(
  path: string,
  migrations: readonly Migration[],
  { durability = "FULL", readOnly = false }: DatabaseOptions = {},
): Database {
  const memory = path === ":memory:";
  if (!memory && !readOnly) mkdirSync(dirname(path), { recursive: true });
  const lock = memory || readOnly ? undefined : takeLock(path);
  try {
    const sql = new DatabaseSync(path, { readOnly });
    sql.exec("PRAGMA busy_timeout = 5000");
    const check = sql.prepare("PRAGMA quick_check(1)").get() as { quick_check?: string } | undefined;
    if (check?.quick_check !== "ok") throw corrupt(path, check?.quick_check ?? "unreadable");
    if (!readOnly) {
      sql.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA foreign_keys = ON`);
      migrate(sql, migrations);
    }
    return {
      sql,
      transaction: (work) => inTransaction(sql, path, work),
      close() {
        sql.close();
        lock?.close();
      },
    };
  } catch (error) {
    lock?.close();
    throw databaseProblem(error, path);
  }
}

function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    throw databaseProblem(error, path);
  }
}

function inTransaction<T>(sql: DatabaseSync, path: string, work: () => T): T {
  try {
    sql.exec("BEGIN IMMEDIATE");
    const result = work();
    sql.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk has rolled back by itself already.
    if (sql.isTransaction) sql.exec("ROLLBACK");
    throw databaseProblem(error, path);
  }
}

function migrate(sql: DatabaseSync, migrations: readonly Migration[]): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT (datetime('now')))",
  );
  const applied = new Set(
    (sql.prepare("SELECT name FROM migration").all() as { name: string }[]).map(({ name }) => name),
  );
  const known = new Set(migrations.map(({ name }) => name));
  const newer = [...applied].find((name) => !known.has(name));
  if (newer !== undefined) {
    throw problem(
      "NodeDatabaseNewer",
      `the database was written by a newer version (it has ${newer})`,
      "Install the newer version again; an older one would not understand the file.",
    );
  }
  for (const { name, sql: step } of migrations) {
    if (applied.has(name)) continue;
    sql.exec("BEGIN IMMEDIATE");
    try {
      sql.exec(step);
      sql.prepare("INSERT INTO migration (name) VALUES (?)").run(name);
      sql.exec("COMMIT");
    } catch (error) {
      if (sql.isTransaction) sql.exec("ROLLBACK");
      throw error;
    }
  }
}
