import type { FeedId } from "@publica/sdk/foundation";
import type { Hex } from "viem";
import type { Database, Migration } from "../runtime/database.ts";
import type { DeviceId } from "./envelope.ts";

export const ORACLE_MIGRATIONS: readonly Migration[] = [
  {
    name: "oracle-1",
    sql: `
      -- What devices sent, as they sent it: the evidence.
      CREATE TABLE message (
        device TEXT NOT NULL,
        seq INTEGER NOT NULL,
        digest BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        bytes BLOB NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX message_seq ON message (device, seq);
      CREATE INDEX message_age ON message (received_at);
      -- What was measured, in the feed's unit.
      CREATE TABLE reading (
        feed TEXT NOT NULL,
        device TEXT NOT NULL,
        observed_at INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (feed, device, observed_at, seq)
      ) STRICT, WITHOUT ROWID;
      -- One row a device: the first and last number seen tell what is missing.
      CREATE TABLE device (
        id TEXT PRIMARY KEY,
        first_seq INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        point BLOB,
        online INTEGER
      ) STRICT;
      -- Values signed for the chain, one a sensor and round.
      CREATE TABLE attestation (
        feed TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        round INTEGER NOT NULL,
        sensor INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
        value TEXT NOT NULL,
        signature TEXT NOT NULL,
        source TEXT NOT NULL,
        verified INTEGER NOT NULL,
        PRIMARY KEY (feed, epoch, round, sensor)
      ) STRICT, WITHOUT ROWID;
      -- Two values under one key for one round: evidence that ejects the sensor.
      CREATE TABLE equivocation (
        feed TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        round INTEGER NOT NULL,
        sensor INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
        value TEXT NOT NULL,
        signature TEXT NOT NULL,
        PRIMARY KEY (feed, epoch, round, sensor)
      ) STRICT;
      -- Nothing is dropped silently: what was refused, whole, with the reason.
      CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY,
        received_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        device TEXT,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        bytes BLOB NOT NULL
      ) STRICT;
      CREATE INDEX quarantine_age ON quarantine (received_at);
      -- The sensor sets as last read from the chain, so that a start does not wait for it.
      CREATE TABLE registry (feed TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
    `,
  },
  {
    name: "oracle-2",
    sql: `
      -- How far each recording has been played; moved in the transaction that stores the line.
      CREATE TABLE replay (file TEXT PRIMARY KEY, mark TEXT NOT NULL, lines INTEGER NOT NULL) STRICT;
    `,
  },
];

/** Why a message or a value was set aside. */
export type Refusal =
  | "malformed"
  | "topic"
  | "unknown-device"
  | "wrong-algorithm"
  | "signature"
  | "sequence-reuse"
  | "clock-ahead"
  | "too-old"
  | "unknown-measurement"
  | "not-a-number"
  | "unit"
  | "range"
  | "rate"
  | "stuck"
  | "attestation-malformed"
  | "attestation-mismatch"
  | "attestation-signature"
  | "attestation-future"
  | "equivocation";

export interface StoredAttestation {
  readonly sensor: number;
  readonly round: number;
  readonly observedAt: number;
  readonly value: bigint;
  readonly signature: Hex;
  readonly verified: boolean;
}

interface AttestationRow {
  readonly sensor: number;
  readonly round: number;
  readonly observed_at: number;
  readonly value: string;
  readonly signature: string;
  readonly verified: number;
}

const toAttestation = (row: AttestationRow): StoredAttestation => ({
  sensor: row.sensor,
  round: row.round,
  observedAt: row.observed_at,
  value: BigInt(row.value),
  signature: row.signature as Hex,
  verified: row.verified === 1,
});

export interface DeviceRow {
  readonly id: DeviceId;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly messages: number;
  readonly last_at: number;
  readonly point: Uint8Array | null;
  readonly online: number | null;
}

export type Store = ReturnType<typeof createStore>;

/** The oracle's tables. Its methods do not open transactions: the caller decides what belongs together. */
export function createStore(database: Database) {
  const { sql } = database;
  const s = {
    message: sql.prepare("SELECT digest FROM message WHERE device = ? AND seq = ?"),
    addMessage: sql.prepare(
      "INSERT INTO message (device, seq, digest, received_at, source, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    addReading: sql.prepare(
      "INSERT OR IGNORE INTO reading (feed, device, observed_at, seq, value) VALUES (?, ?, ?, ?, ?)",
    ),
    device: sql.prepare("SELECT * FROM device WHERE id = ?"),
    devices: sql.prepare("SELECT * FROM device ORDER BY id"),
    sawDevice: sql.prepare(`
      INSERT INTO device (id, first_seq, last_seq, messages, last_at) VALUES (?1, ?2, ?2, 1, ?3)
      ON CONFLICT (id) DO UPDATE SET first_seq = min(first_seq, ?2), last_seq = max(last_seq, ?2),
        messages = messages + 1, last_at = ?3`),
    learn: sql.prepare("UPDATE device SET point = ? WHERE id = ?"),
    online: sql.prepare("UPDATE device SET online = ? WHERE id = ?"),
    lastReadings: sql.prepare(
      "SELECT value, observed_at FROM reading WHERE feed = ? AND device = ? ORDER BY observed_at DESC, seq DESC LIMIT ?",
    ),
    window: sql.prepare(
      "SELECT device, value FROM reading WHERE feed = ? AND observed_at >= ? AND observed_at < ? ORDER BY observed_at, seq",
    ),
    attestation: sql.prepare("SELECT * FROM attestation WHERE feed = ? AND epoch = ? AND round = ? AND sensor = ?"),
    addAttestation: sql.prepare(
      "INSERT INTO attestation (feed, epoch, round, sensor, observed_at, value, signature, source, verified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    dropAttestation: sql.prepare("DELETE FROM attestation WHERE feed = ? AND epoch = ? AND round = ? AND sensor = ?"),
    verified: sql.prepare(
      "UPDATE attestation SET verified = 1 WHERE feed = ? AND epoch = ? AND round = ? AND sensor = ?",
    ),
    rounds: sql.prepare(
      "SELECT round, count(*) AS n FROM attestation WHERE feed = ? AND epoch = ? AND round > ? GROUP BY round ORDER BY round DESC LIMIT ?",
    ),
    ofRound: sql.prepare("SELECT * FROM attestation WHERE feed = ? AND epoch = ? AND round = ? ORDER BY sensor"),
    equivocation: sql.prepare(
      "INSERT OR IGNORE INTO equivocation (feed, epoch, round, sensor, observed_at, value, signature) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    equivocations: sql.prepare("SELECT *, 0 AS verified FROM equivocation WHERE feed = ? AND epoch = ? AND round = ?"),
    quarantine: sql.prepare(
      "INSERT INTO quarantine (received_at, source, device, reason, detail, bytes) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    registry: sql.prepare("SELECT json FROM registry WHERE feed = ?"),
    setRegistry: sql.prepare("INSERT OR REPLACE INTO registry (feed, json) VALUES (?, ?)"),
    replay: sql.prepare("SELECT mark, lines FROM replay WHERE file = ?"),
    setReplay: sql.prepare("INSERT OR REPLACE INTO replay (file, mark, lines) VALUES (?, ?, ?)"),
    prune: [
      sql.prepare("DELETE FROM message WHERE received_at < ?1"),
      sql.prepare("DELETE FROM quarantine WHERE received_at < ?1"),
      sql.prepare("DELETE FROM attestation WHERE observed_at < ?1 / 1000"),
      sql.prepare("DELETE FROM reading WHERE observed_at < ?1"),
    ],
    pruneJunk: sql.prepare("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?"),
  };
  return {
    messageDigest: (device: DeviceId, seq: number): Uint8Array | undefined =>
      (s.message.get(device, seq) as { digest: Uint8Array } | undefined)?.digest,
    addMessage(device: DeviceId, seq: number, digest: Uint8Array, at: number, source: string, bytes: Uint8Array): void {
      s.addMessage.run(device, seq, digest, at, source, bytes);
      s.sawDevice.run(device, seq, at);
    },
    /** `observedAt` in milliseconds. */
    addReading(feed: FeedId, device: DeviceId, observedAt: number, seq: number, value: number): void {
      s.addReading.run(feed, device, observedAt, seq, value);
    },
    device: (id: DeviceId) => s.device.get(id) as unknown as DeviceRow | undefined,
    devices: () => s.devices.all() as unknown as DeviceRow[],
    learnPoint: (id: DeviceId, point: Uint8Array) => void s.learn.run(point, id),
    setOnline: (id: DeviceId, online: boolean) => void s.online.run(online ? 1 : 0, id),
    /** The newest values first. */
    lastReadings: (feed: FeedId, device: DeviceId, limit: number) =>
      s.lastReadings.all(feed, device, limit) as { value: number; observed_at: number }[],
    /** Values observed in `[from, to)` (milliseconds), by device. */
    window(feed: FeedId, from: number, to: number): Map<DeviceId, number[]> {
      const result = new Map<DeviceId, number[]>();
      for (const { device, value } of s.window.all(feed, from, to) as { device: DeviceId; value: number }[])
        result.set(device, [...(result.get(device) ?? []), value]);
      return result;
    },
    attestation(feed: FeedId, epoch: number, round: number, sensor: number): StoredAttestation | undefined {
      const row = s.attestation.get(feed, epoch, round, sensor) as AttestationRow | undefined;
      return row && toAttestation(row);
    },
    addAttestation(feed: FeedId, epoch: number, entry: StoredAttestation, source: string): void {
      s.addAttestation.run(
        feed,
        epoch,
        entry.round,
        entry.sensor,
        entry.observedAt,
        String(entry.value),
        entry.signature,
        source,
        entry.verified ? 1 : 0,
      );
    },
    markVerified: (feed: FeedId, epoch: number, round: number, sensor: number) =>
      void s.verified.run(feed, epoch, round, sensor),
    dropAttestation: (feed: FeedId, epoch: number, round: number, sensor: number) =>
      void s.dropAttestation.run(feed, epoch, round, sensor),
    /** Rounds after `after` with how many attestations each has, newest first. */
    rounds: (feed: FeedId, epoch: number, after: number, limit: number) =>
      s.rounds.all(feed, epoch, after, limit) as { round: number; n: number }[],
    ofRound: (feed: FeedId, epoch: number, round: number) =>
      (s.ofRound.all(feed, epoch, round) as unknown as AttestationRow[]).map(toAttestation),
    /** Keeps the second value; true when it is the first evidence of this. */
    addEquivocation: (feed: FeedId, epoch: number, entry: StoredAttestation): boolean =>
      s.equivocation.run(feed, epoch, entry.round, entry.sensor, entry.observedAt, String(entry.value), entry.signature)
        .changes === 1,
    equivocations: (feed: FeedId, epoch: number, round: number) =>
      (s.equivocations.all(feed, epoch, round) as unknown as AttestationRow[]).map(toAttestation),
    quarantine(at: number, source: string, device: string | null, reason: Refusal, detail: string, bytes: Uint8Array) {
      s.quarantine.run(at, source, device, reason, detail, bytes);
    },
    registry: (feed: FeedId) => (s.registry.get(feed) as { json: string } | undefined)?.json,
    setRegistry: (feed: FeedId, json: string) => void s.setRegistry.run(feed, json),
    /** Where a recording goes on; `mark` tells it from another of the same name. */
    replay: (file: string) => s.replay.get(file) as { mark: string; lines: number } | undefined,
    setReplay: (file: string, { mark, lines }: { mark: string; lines: number }) =>
      void s.setReplay.run(file, mark, lines),
    /** Forgets what is older than `before` (milliseconds), and all but the newest quarantined messages. */
    prune(before: number, maxQuarantined: number): { rows: number; junk: number } {
      const rows = s.prune.reduce((sum, statement) => sum + Number(statement.run(before).changes), 0);
      return { rows, junk: Number(s.pruneJunk.run(maxQuarantined).changes) };
    },
  };
}
