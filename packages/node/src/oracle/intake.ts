import { createHash } from "node:crypto";
import type { FeedId } from "@publica/sdk/foundation";
import type { Database } from "../runtime/database.ts";
import type { Logger } from "../runtime/log.ts";
import { problem, reasonOf } from "../runtime/problem.ts";
import { ATTESTATION_NAME, type Attestation, decodeAttestation, roundAt } from "./attestation.ts";
import type { OracleConfig } from "./config.ts";
import {
  type DeviceId,
  type Envelope,
  EnvelopeError,
  parseEnvelope,
  publicKeyObject,
  recoverPoint,
  verifyEnvelope,
} from "./envelope.ts";
import type { Device, FeedState, Registry } from "./registry.ts";
import { parseSenml, SenmlError, type SenmlRecord } from "./senml.ts";
import type { Refusal, Store } from "./store.ts";
import { convertUnit, toScaled } from "./units.ts";

/** What became of a message. Whichever it is, it is on disk. */
export type Outcome =
  | { readonly kind: "stored"; readonly device: DeviceId; readonly refused: readonly Refusal[] }
  | { readonly kind: "duplicate"; readonly device: DeviceId }
  | { readonly kind: "quarantined"; readonly reason: Refusal; readonly detail: string };

export interface Message {
  /** Where it came from: `mqtt`, `http`, `stdin`, `replay`. */
  readonly source: string;
  readonly bytes: Uint8Array;
  /** The device the sender claims to be by other means (the topic), if any. */
  readonly claimed?: string;
  /** Why it is no message at all, when whoever read it knows better than the parser. */
  readonly defect?: string;
  /** Runs in the transaction that stores it, or sets it aside. */
  readonly also?: () => void;
}

export interface IntakeOptions {
  readonly database: Database;
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: OracleConfig["clock"];
  readonly log: Logger;
  readonly now?: () => number;
  /** Whether any feed's devices are known; before, nobody's message could be told from a stranger's, and none is taken. */
  readonly known?: () => boolean;
  /** Most messages in one database transaction. */
  readonly batch?: number;
  /** A batch could not be written; nothing of it was acknowledged. */
  readonly onFailure?: () => void;
  /** After each commit: what came in, for the metrics and for whoever waits for values. */
  readonly onCommit?: (outcomes: readonly Outcome[], feeds: ReadonlySet<FeedId>) => void;
}

export interface Intake {
  /** Resolves once the message is on disk, whatever was thought of it; rejects when it could not be written. */
  offer(message: Message): Promise<Outcome>;
  /** The same for several, all in one transaction. */
  offerAll(messages: readonly Message[]): Promise<Outcome[]>;
  /** Waits for everything offered. */
  drain(): Promise<void>;
  readonly waiting: () => number;
}

interface Waiting {
  readonly messages: readonly Message[];
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The last values of a device, to judge the next by. */
interface Trail {
  value: number;
  observedAt: number;
  repeats: number;
}

const isDatabaseError = (error: unknown): boolean => typeof error === "object" && error !== null && "errcode" in error;

class Refused extends Error {
  readonly reason: Refusal;
  constructor(reason: Refusal, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * Takes messages in: authenticates, judges, stores. Everything that waits when the database is free goes into one
 * transaction, so that full durability costs one disk flush for many messages.
 */
export function createIntake(options: IntakeOptions): Intake {
  const { database, store, registry, clock, log, now = Date.now, known = () => true, batch = 256, onCommit } = options;
  let queue: Waiting[] = [];
  let scheduled = false;
  let idle: (() => void)[] = [];
  const trails = new Map<string, Trail>();

  function trailOf(feed: FeedId, device: DeviceId, depth: number): Trail | undefined {
    const key = `${feed}${device}`;
    const known = trails.get(key);
    if (known !== undefined) return known;
    const last = store.lastReadings(feed, device, Math.max(1, depth));
    const [newest] = last;
    if (newest === undefined) return undefined;
    const different = last.findIndex(({ value }) => value !== newest.value);
    const trail = {
      value: newest.value,
      observedAt: newest.observed_at,
      repeats: different < 0 ? last.length : different,
    };
    trails.set(key, trail);
    return trail;
  }

  /** The device that signed; `point` when its key was learned from this very message. */
  function authenticate(envelope: Envelope, claimed: string | undefined): { sender: Device; point?: Uint8Array } {
    if (claimed !== undefined && claimed !== envelope.device)
      throw new Refused("topic", `sent as ${claimed}, signed as ${envelope.device}`);
    const device = registry.device(envelope.device);
    if (device === undefined) throw new Refused("unknown-device", `${envelope.device} is in no feed's set`);
    if (device.algorithm !== envelope.algorithm)
      throw new Refused("wrong-algorithm", `${envelope.algorithm} instead of ${device.algorithm}`);
    if (device.key === undefined) {
      const point = recoverPoint(envelope);
      if (point === undefined) throw new Refused("signature", "not signed by this device");
      device.key = publicKeyObject("ES256K", point.x, point.y);
      return { sender: device, point: Buffer.concat([point.x, point.y]) };
    }
    if (!verifyEnvelope(envelope, device.key)) throw new Refused("signature", "not signed by this device");
    return { sender: device };
  }

  function judge(state: FeedState, device: DeviceId, record: SenmlRecord, at: number): number {
    const { unit, limits } = state.settings;
    if (typeof record.value !== "number") throw new Refused("not-a-number", `${record.name} is not a number`);
    const value = convertUnit(record.value, record.unit ?? unit, unit);
    if (value === undefined) throw new Refused("unit", `${record.unit} cannot be turned into ${unit}`);
    const seconds = at / 1000;
    if (record.time > seconds + clock.maxAhead)
      throw new Refused("clock-ahead", `observed ${Math.round(record.time - seconds)} s in the future`);
    if (record.time < seconds - clock.maxAge)
      throw new Refused("too-old", `observed ${Math.round(seconds - record.time)} s ago`);
    if (value < limits.min || value > limits.max)
      throw new Refused("range", `${value} ${unit} is outside ${limits.min} … ${limits.max}`);
    const observedAt = Math.round(record.time * 1000);
    const trail = trailOf(state.context.feed, device, limits.stuckAfter);
    const newer = trail === undefined || observedAt > trail.observedAt;
    if (trail !== undefined && newer) {
      const hours = (observedAt - trail.observedAt) / 3_600_000;
      if (Math.abs(value - trail.value) > limits.ratePerHour * hours)
        throw new Refused("rate", `from ${trail.value} to ${value} ${unit} in ${Math.round(hours * 3600)} s`);
      if (limits.stuckAfter > 0 && value === trail.value && trail.repeats >= limits.stuckAfter)
        throw new Refused("stuck", `${value} ${unit} for the ${trail.repeats + 1}th time`);
    }
    if (newer) {
      const repeats = trail?.value === value ? trail.repeats + 1 : 1;
      trails.set(`${state.context.feed}${device}`, { value, observedAt, repeats });
    }
    return value;
  }

  function attest(device: DeviceId, attestation: Attestation, values: ReadonlyMap<FeedId, number[]>, at: number): void {
    const { feed, round, epoch, observedAt, value, signature } = attestation;
    const state = registry.feed(feed);
    const sensor = state?.indexOf.get(device);
    if (state === undefined || sensor === undefined || epoch !== state.config.epoch)
      throw new Refused("attestation-malformed", `feed ${feed}, epoch ${epoch}: not a sensor of it`);
    if (observedAt > at / 1000 + clock.maxAhead)
      throw new Refused("attestation-future", `round ${round} is observed at ${observedAt}`);
    if (roundAt(observedAt, state.settings.round).round !== round || observedAt !== round * state.settings.round)
      throw new Refused("attestation-malformed", `round ${round} is not observed at ${observedAt}`);
    // What is signed for the chain must be what was measured; a value that was refused is not signed for by this node.
    const stated = values.get(feed)?.some((measured) => toScaled(measured, state.config.decimals) === value);
    if (!stated) throw new Refused("attestation-mismatch", `${value} was signed, but not measured in this message`);
    const known = store.attestation(feed, epoch, round, sensor);
    if (known === undefined) {
      store.addAttestation(feed, epoch, { sensor, round, observedAt, value, signature, verified: false }, "device");
    } else if (known.value !== value) {
      store.addEquivocation(feed, epoch, { sensor, round, observedAt, value, signature, verified: false });
      throw new Refused("equivocation", `round ${round}: signed ${known.value} before, now ${value}`);
    }
  }

  /** Stores one message. Runs inside the batch's transaction. */
  function take({ source, bytes, claimed, defect }: Message, touched: Set<FeedId>): Outcome {
    const at = now();
    let device: DeviceId | null = null;
    try {
      if (defect !== undefined) throw new Refused("malformed", defect);
      const envelope = parseEnvelope(bytes);
      device = envelope.device;
      const { sender, point } = authenticate(envelope, claimed);
      const digest = createHash("sha256").update(envelope.signed).digest();
      const before = store.messageDigest(device, envelope.sequence);
      if (before !== undefined) {
        if (digest.equals(before)) return { kind: "duplicate", device };
        throw new Refused("sequence-reuse", `number ${envelope.sequence} was used for another message`);
      }
      const records = parseSenml(envelope.payload, at / 1000);
      store.addMessage(device, envelope.sequence, digest, at, source, bytes);
      if (point !== undefined) store.learnPoint(device, point);
      return {
        kind: "stored",
        device,
        refused: keepRecords(sender, envelope, records, { source, bytes }, at, touched),
      };
    } catch (error) {
      // The database's own trouble concerns the whole batch.
      if (isDatabaseError(error)) throw error;
      const expected = error instanceof Refused || error instanceof EnvelopeError || error instanceof SenmlError;
      if (!expected) log.error({ err: error }, "a message could not be judged");
      const reason = error instanceof Refused ? error.reason : "malformed";
      store.quarantine(at, source, device, reason, reasonOf(error), bytes);
      return { kind: "quarantined", reason, detail: reasonOf(error) };
    }
  }

  /** Judges each record by itself: one bad value does not take the good ones with it. */
  function keepRecords(
    sender: Device,
    envelope: Envelope,
    records: readonly SenmlRecord[],
    { source, bytes }: { source: string; bytes: Uint8Array },
    at: number,
    touched: Set<FeedId>,
  ): Refusal[] {
    const refused: Refusal[] = [];
    const values = new Map<FeedId, number[]>();
    const setAside = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused.push(error.reason);
        store.quarantine(at, source, sender.id, error.reason, error.message, bytes);
      }
    };
    const measurements = records.filter(({ name }) => !name.endsWith(ATTESTATION_NAME));
    for (const record of measurements) {
      setAside(() => {
        const measured = record.name.split(/[:/]/).at(-1);
        const state = registry
          .feeds()
          .find(({ settings, context }) => settings.measurement === measured && sender.feeds.has(context.feed));
        if (state === undefined) throw new Refused("unknown-measurement", `${record.name} belongs to no feed of it`);
        const { feed } = state.context;
        const value = judge(state, sender.id, record, at);
        store.addReading(feed, sender.id, Math.round(record.time * 1000), envelope.sequence, value);
        values.set(feed, [...(values.get(feed) ?? []), value]);
        touched.add(feed);
      });
    }
    for (const record of records.filter(({ name }) => name.endsWith(ATTESTATION_NAME))) {
      setAside(() => {
        const attestation = decodeAttestation(record);
        if (attestation === undefined) throw new Refused("attestation-malformed", "not an attestation");
        attest(sender.id, attestation, values, at);
      });
    }
    return refused;
  }

  function flush(): void {
    scheduled = false;
    let size = 0;
    const beyond = queue.findIndex(({ messages }) => {
      size += messages.length;
      return size > batch && size > messages.length;
    });
    const work = beyond < 0 ? queue : queue.slice(0, beyond);
    queue = beyond < 0 ? [] : queue.slice(beyond);
    if (queue.length > 0) schedule();
    const touched = new Set<FeedId>();
    try {
      const outcomes = database.transaction(() =>
        work.map(({ messages }) =>
          messages.map((message) => {
            const outcome = take(message, touched);
            message.also?.();
            return outcome;
          }),
        ),
      );
      work.forEach(({ resolve }, index) => {
        resolve(outcomes[index] as Outcome[]);
      });
      onCommit?.(outcomes.flat(), touched);
    } catch (error) {
      // What was learned from rolled-back rows is not known any more.
      trails.clear();
      log.error({ reason: reasonOf(error) }, "could not store, not acknowledged");
      options.onFailure?.();
      for (const { reject } of work) reject(error);
    }
    if (queue.length === 0) {
      for (const resolve of idle) resolve();
      idle = [];
    }
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  const offerAll = (messages: readonly Message[]): Promise<Outcome[]> =>
    new Promise((resolve, reject) => {
      if (!known()) {
        const remedy = "Senders deliver again; see that an endpoint answers and that the feeds exist.";
        reject(problem("NodeFeedsUnknown", "no feed's sensors are known from the chain yet", remedy));
        return;
      }
      queue.push({ messages, resolve, reject });
      schedule();
    });

  return {
    waiting: () => queue.reduce((sum, { messages }) => sum + messages.length, 0),
    offer: async (message) => (await offerAll([message]))[0] as Outcome,
    offerAll,
    drain: () =>
      queue.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idle.push(resolve);
          }),
  };
}
