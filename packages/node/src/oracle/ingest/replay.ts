import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../../runtime/log.ts";
import { readPrivateKey } from "../../runtime/keys.ts";
import { problem, reasonOf } from "../../runtime/problem.ts";
import type { OracleConfig } from "../config.ts";
import { csvColumns, parseNumber, parseTime } from "../csv.ts";
import { type DeviceKey, openDeviceKey, sealEnvelope } from "../envelope.ts";
import type { Intake, Message } from "../intake.ts";
import { encodeSenml } from "../senml.ts";
import type { Store } from "../store.ts";

type Recording = OracleConfig["replay"][number];
type Rows = NonNullable<Recording["rows"]>;

/** How far a recording has come. */
export interface ReplayState {
  readonly file: string;
  /** Lines done, of this run and of those before. */
  lines: number;
  ended: boolean;
  /** Why it cannot be played. */
  error?: string;
}

export interface Replay extends ReplayState {
  /** Resolves at the end of the file, or soon after `signal`. */
  readonly done: Promise<void>;
}

export interface ReplayOptions {
  readonly intake: Intake;
  readonly store: Store;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now?: () => number;
  /** Most lines in one transaction. */
  readonly window?: number;
}

/** What a line says; without a time it is not waited for. */
interface Entry {
  readonly at: number | undefined;
  /** Made when its time has come. */
  make(now: number): Pick<Message, "bytes" | "defect">;
}

const RETRY_MS = 1_000;
/** Node's timers cannot wait for longer than 2³¹ milliseconds. */
const LONGEST_TIMER_MS = 86_400_000;

/** The key under which the bare rows of a CSV are taken in. */
export function rowsKey({ key, curve }: Rows): DeviceKey {
  if ("remote" in key) {
    throw problem(
      "NodeConfigInvalid",
      "the key of a recording's rows cannot be a remote transaction signer",
      "Give replay.rows.key as a keystore file.",
    );
  }
  return openDeviceKey(curve === "p256" ? "ES256" : "ES256K", readPrivateKey(key));
}

/**
 * Plays recordings into the intake, each `speed` times as fast as it was taken (0: at once). It reads on
 * when what it read is on disk, a few lines a transaction, so nothing piles up and live messages have their turn. The place
 * reached is moved in the very transaction that stores the lines: after a kill none is lost and none counts twice.
 */
export function startReplays(recordings: readonly Recording[], options: ReplayOptions): Replay[] {
  const keys = recordings.map(({ rows }) => (rows === undefined ? undefined : rowsKey(rows)));
  const ids = keys.flatMap((key) => (key === undefined ? [] : [key.id]));
  if (new Set(ids).size < ids.length || new Set(recordings.map(({ file }) => file)).size < recordings.length) {
    throw problem(
      "NodeConfigInvalid",
      "a file, or a key of rows, is named in two recordings",
      "Give each recording under replay its own file and its own key.",
    );
  }
  return recordings.map((recording, index) => {
    const state: ReplayState = { file: recording.file, lines: 0, ended: false };
    const done = play(recording, keys[index], state, options).then(
      () => {
        if (options.signal.aborted) return;
        state.ended = true;
        options.log.info({ file: recording.file, lines: state.lines }, "recording ended");
      },
      (error: unknown) => {
        if (options.signal.aborted) return;
        state.error = reasonOf(error);
        options.log.error({ file: recording.file, reason: state.error }, "recording cannot be played");
      },
    );
    return Object.assign(state, { done });
  });
}

async function play(
  recording: Recording,
  key: DeviceKey | undefined,
  state: ReplayState,
  { intake, store, log, signal, now = Date.now, window = 64 }: ReplayOptions,
): Promise<void> {
  const { file, speed } = recording;
  const csv = recording.rows !== undefined || /\.csv$/i.test(file);
  let number = 0;
  let header = "";
  let mark: string | undefined;
  let read = readRecorded;
  let clock: { first: number; started: number } | undefined;
  /** Lines whose time has come, and the last one's number. */
  let due: Message[] = [];
  let last = 0;
  for await (const line of linesOf(file)) {
    signal.throwIfAborted();
    number += 1;
    if (csv && number === 1) {
      header = line;
      read = csvReader(recording, header, key, store);
      continue;
    }
    if (mark === undefined) {
      // Tells a recording that has grown from another that took its name.
      mark = createHash("sha256").update(`${header}\n${line}`).digest("hex");
      const known = store.replay(file);
      if (known?.mark === mark) state.lines = known.lines;
    }
    if (number <= state.lines || line.trim() === "") continue;
    const { at, make } = read(line);
    if (at !== undefined && speed > 0) {
      clock ??= { first: at, started: now() };
      const time = clock.started + (at - clock.first) / speed;
      if (time > now()) await deliver();
      for (let wait = time - now(); wait > 0; wait = time - now())
        await pause(Math.min(wait, LONGEST_TIMER_MS), undefined, { signal });
    }
    const { bytes, defect } = make(now());
    const detail = defect === undefined ? {} : { defect: `line ${number}: ${defect}` };
    const reached = { mark, lines: number };
    due.push({ source: "replay", bytes, ...detail, also: () => store.setReplay(file, reached) });
    last = number;
    if (due.length >= window) await deliver();
  }
  await deliver();

  /** Until it is on disk: a full disk makes the recording wait, as it makes devices wait. */
  async function deliver(): Promise<void> {
    while (due.length > 0) {
      try {
        await intake.offerAll(due);
        state.lines = last;
        due = [];
      } catch (error) {
        log.error({ file, reason: reasonOf(error) }, "recorded lines are not stored yet");
        await pause(RETRY_MS, undefined, { signal });
      }
    }
  }
}

/** A line as `publica-node export` writes it, or a bare envelope; what is neither is for the intake to set aside. */
function readRecorded(line: string): Entry {
  try {
    const { at, message } = JSON.parse(line) as { at?: unknown; message?: unknown };
    if (typeof message === "string")
      return {
        at: typeof at === "number" ? at : undefined,
        make: () => ({ bytes: Buffer.from(message, "base64") }),
      };
  } catch {
    // Not JSON.
  }
  return { at: undefined, make: () => ({ bytes: Buffer.from(line) }) };
}

/** Reads the rows of a CSV: envelopes (columns `at` and `message`), or bare values that `key` answers for. */
function csvReader(
  { file, rows }: Recording,
  header: string,
  key: DeviceKey | undefined,
  store: Store,
): (line: string) => Entry {
  const cell = csvColumns(file, header, rows === undefined ? ["at", "message"] : [rows.time, rows.value]);
  const bad = (line: string, defect: string): Entry => ({
    at: undefined,
    make: () => ({ bytes: Buffer.from(line), defect }),
  });
  if (rows === undefined || key === undefined) {
    return (line) => {
      const [at, message] = cell(line) ?? [];
      if (message === undefined) return bad(line, "not a row of this file");
      return { at: parseTime(at ?? ""), make: () => ({ bytes: Buffer.from(message, "base64") }) };
    };
  }
  // Only what was stored has used a number, so the next one is free also after a kill.
  let sequence = store.device(key.id)?.last_seq ?? 0;
  return (line) => {
    const [timeText, valueText] = cell(line) ?? [];
    if (timeText === undefined || valueText === undefined) return bad(line, "not a row of this file");
    const at = parseTime(timeText);
    const v = parseNumber(valueText);
    if (at === undefined) return bad(line, `"${timeText}" is not a time`);
    if (v === undefined) return bad(line, `"${valueText}" is not a number`);
    return {
      at,
      make(now) {
        const entry = {
          n: `urn:dev:publica:${key.id}:${rows.measurement}`,
          t: (rows.restamp ? now : at) / 1_000,
          v,
          ...(rows.unit === undefined ? {} : { u: rows.unit }),
        };
        sequence += 1;
        return { bytes: sealEnvelope(key, sequence, encodeSenml([entry], "json"), "json") };
      },
    };
  };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  let first = true;
  for await (const chunk of createReadStream(file, "utf8") as AsyncIterable<string>) {
    const lines = (rest + (first ? chunk.replace(/^\uFEFF/, "") : chunk)).split("\n");
    first = false;
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
