import { sensorFeedsAbi } from "@publica/sdk/abi";
import {
  assembleReport,
  equivocationProof,
  type FeedId,
  type FeedRound,
  median,
  type SignedReading,
  verifyReading,
} from "@publica/sdk/foundation";
import { type Address, encodeFunctionData, type Hex, hexToBigInt, keccak256, encodePacked } from "viem";
import type { Database } from "../runtime/database.ts";
import type { Journal } from "../runtime/journal.ts";
import type { Logger } from "../runtime/log.ts";
import type { FeedState } from "./registry.ts";
import type { Store, StoredAttestation } from "./store.ts";
import { toScaled } from "./units.ts";

/** Why a report is posted. */
export type Reason = "first" | "heartbeat" | "deviation" | "trigger";

/** What the node thinks of a feed at a moment. */
export interface Decision {
  readonly round: number;
  readonly value: bigint;
  readonly attestations: number;
  /** Undefined: nothing to post. */
  readonly reason: Reason | undefined;
  /** Milliseconds at which it is this node's turn. */
  readonly turnAt: number;
}

const DEVIATION_UNIT = 10_000n;
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * Whether `value`, observed at `observedAt`, should be posted after `latest`: the contract's rule, but early enough that
 * the heartbeat never lapses, and at once when a trigger lies between the two values.
 */
export function reasonToPost(
  state: FeedState,
  latest: FeedRound | undefined,
  value: bigint,
  observedAt: number,
  fallbackSeconds: number,
): Reason | undefined {
  if (latest === undefined) return "first";
  const { deviationBps, heartbeat, decimals } = state.config;
  const crossed = state.settings.triggers.some((trigger) => {
    const level = toScaled(trigger, decimals);
    return latest.value < level !== value < level;
  });
  if (crossed) return "trigger";
  const change = absolute(value - latest.value) * DEVIATION_UNIT;
  if (deviationBps === 0 ? change > 0n : change >= absolute(latest.value) * BigInt(deviationBps) && change > 0n)
    return "deviation";
  // Before it lapses (at most half of it): a round until there are values, one to gather them, one for the chain, and time
  // for every node to fail in turn.
  const margin = Math.min(heartbeat / 2, 3 * state.settings.round + fallbackSeconds);
  return observedAt - latest.observedAt >= heartbeat - margin ? "heartbeat" : undefined;
}

/** This node's place in a round's order: 0 posts at once, each other waits its turns. */
export function rankInRound(feed: FeedId, round: number, me: Address, others: readonly Address[]): number {
  const order = [...new Set([me, ...others].map((account) => account.toLowerCase()))].sort();
  const first = hexToBigInt(keccak256(encodePacked(["bytes32", "uint32"], [feed, round]))) % BigInt(order.length);
  return (order.indexOf(me.toLowerCase()) - Number(first) + order.length) % order.length;
}

export const reportKey = (feed: FeedId, round: number): string => `report:${feed}:${round}`;

export interface RoundsOptions {
  readonly database: Database;
  readonly store: Store;
  readonly journal: Journal;
  readonly account: Address;
  readonly peers: readonly Address[];
  readonly staggerSeconds: number;
  readonly log: Logger;
  readonly now?: () => number;
  readonly onRefused?: (reason: "attestation-signature" | "equivocation", feed: FeedId, sensor: number) => void;
  readonly onPost?: (state: FeedState, decision: Decision) => void;
  /** Has the committee sign a round, for feeds that are reported that way; undefined when it does not. */
  readonly attest?: (
    state: FeedState,
    readings: readonly SignedReading[],
  ) => Promise<{ readonly to: Address; readonly data: Hex } | undefined>;
}

export interface Rounds {
  /** Checks what came in for the feed's open rounds, decides, and writes a report into the journal when it is time. */
  tick(state: FeedState, latest: FeedRound | undefined): Promise<Decision | undefined>;
  /** Takes attestations a peer gave; each is checked before it is kept. Returns how many were new. */
  adopt(state: FeedState, source: string, offered: readonly SignedReading[]): Promise<number>;
  /** Verified attestations of one round. */
  held(state: FeedState, round: number): SignedReading[];
  /** Verified attestations of the newest rounds after `after`, for peers. */
  share(state: FeedState, after: number): SignedReading[];
}

/** Open rounds looked at; older ones are superseded anyway. */
const OPEN_ROUNDS = 3;

export function createRounds(options: RoundsOptions): Rounds {
  const { database, store, journal, account, peers, staggerSeconds, log, now = Date.now } = options;
  /** When a round was first seen to have a quorum. */
  const completeAt = new Map<string, number>();

  async function verifyRound(state: FeedState, round: number): Promise<SignedReading[]> {
    const { feed, epoch } = state.context;
    const sound: SignedReading[] = [];
    for (const entry of store.ofRound(feed, epoch, round)) {
      const key = state.sensors[entry.sensor];
      if (key === undefined) continue;
      if (!entry.verified) {
        const valid = await verifyReading(state.context, key, entry);
        database.transaction(() => {
          if (valid) store.markVerified(feed, epoch, round, entry.sensor);
          else {
            store.dropAttestation(feed, epoch, round, entry.sensor);
            const evidence = Buffer.from(JSON.stringify({ ...entry, value: String(entry.value), feed, epoch }));
            store.quarantine(
              now(),
              "round",
              null,
              "attestation-signature",
              `sensor ${entry.sensor}, round ${round}`,
              evidence,
            );
          }
        });
        if (!valid) {
          options.onRefused?.("attestation-signature", feed, entry.sensor);
          continue;
        }
      }
      sound.push(entry);
    }
    return sound;
  }

  async function post(state: FeedState, readings: readonly SignedReading[], decision: Decision): Promise<void> {
    const key = reportKey(state.context.feed, decision.round);
    if (journal.find(key) !== undefined) return;
    const submission =
      state.settings.committee === undefined ? direct(state, readings) : await options.attest?.(state, readings);
    if (submission === undefined || !journal.enqueue({ key, ...submission })) return;
    log.info(
      { feed: state.settings.name, round: decision.round, value: String(decision.value), reason: decision.reason },
      "report queued",
    );
    options.onPost?.(state, decision);
  }

  function direct(state: FeedState, readings: readonly SignedReading[]): { to: Address; data: Hex } {
    const report = assembleReport(state.context, state.config.quorum, readings);
    const data = encodeFunctionData({
      abi: sensorFeedsAbi,
      functionName: "submit",
      args: [report.feed, report.data],
    });
    return { to: state.context.address, data };
  }

  /** Reports that a later round on chain has overtaken are not worth their gas. */
  function cancelOvertaken(state: FeedState, latest: FeedRound): void {
    const prefix = `report:${state.context.feed}:`;
    for (const tx of journal.inState("queued", "signed", "broadcast")) {
      if (tx.cancelled || !tx.key.startsWith(prefix) || Number(tx.key.slice(prefix.length)) > latest.round) continue;
      journal.cancel(tx.key, `round ${latest.round} is on chain`);
    }
  }

  async function keep(state: FeedState, source: string, reading: SignedReading): Promise<boolean> {
    const { feed, epoch } = state.context;
    const key = state.sensors[reading.sensor];
    const timely =
      reading.observedAt === reading.round * state.settings.round && reading.observedAt <= now() / 1000 + 30;
    if (key === undefined || !timely) return false;
    const known = store.attestation(feed, epoch, reading.round, reading.sensor);
    if (known?.verified && known.value === reading.value) return false;
    if (!(await verifyReading(state.context, key, reading))) {
      log.warn({ source, sensor: reading.sensor, round: reading.round }, "a peer gave a forged attestation");
      options.onRefused?.("attestation-signature", feed, reading.sensor);
      return false;
    }
    const entry: StoredAttestation = { ...reading, verified: true };
    if (known !== undefined && known.value !== reading.value) {
      // What is stored unchecked may be the forgery; what is checked twice is a proof.
      const knownIsSound = known.verified || (await verifyReading(state.context, key, { ...known }));
      if (knownIsSound) {
        database.transaction(() => store.addEquivocation(feed, epoch, entry));
        accuse(state, { ...known }, reading);
        return false;
      }
    }
    return database.transaction(() => {
      if (known !== undefined) store.dropAttestation(feed, epoch, reading.round, reading.sensor);
      store.addAttestation(feed, epoch, entry, source);
      return true;
    });
  }

  /** Two values under one key for one round: the chain ejects the sensor. */
  function accuse(state: FeedState, first: SignedReading, second: SignedReading): void {
    const key = state.sensors[first.sensor];
    if (key === undefined) return;
    const proof = equivocationProof(state.context, key, first, second);
    const data = encodeFunctionData({
      abi: sensorFeedsAbi,
      functionName: "proveEquivocation",
      args: [proof.feed, proof.key, proof.round, proof.epoch, proof.first, proof.second],
    });
    const { feed } = state.context;
    const added = journal.enqueue({
      key: `equivocation:${feed}:${first.sensor}:${state.context.epoch}`,
      to: state.context.address,
      data,
    });
    if (!added) return;
    log.warn({ feed: state.settings.name, sensor: first.sensor, round: first.round }, "a sensor signed two values");
    options.onRefused?.("equivocation", feed, first.sensor);
  }

  async function accuseKnown(state: FeedState, round: number): Promise<void> {
    const { feed, epoch } = state.context;
    for (const second of store.equivocations(feed, epoch, round)) {
      const first = store.attestation(feed, epoch, round, second.sensor);
      const key = state.sensors[second.sensor];
      if (first === undefined || key === undefined) continue;
      if (!(await verifyReading(state.context, key, first))) continue;
      if (await verifyReading(state.context, key, second)) accuse(state, first, second);
    }
  }

  return {
    async tick(state, latest) {
      const { feed, epoch } = state.context;
      const { quorum, sensors } = state.config;
      if (latest !== undefined) cancelOvertaken(state, latest);
      const open = store.rounds(feed, epoch, latest?.round ?? 0, OPEN_ROUNDS);
      for (const { round, n } of open) {
        await accuseKnown(state, round);
        if (n < quorum) continue;
        const readings = await verifyRound(state, round);
        if (readings.length < quorum) continue;
        const value = median(readings.map((reading) => reading.value));
        const observedAt = round * state.settings.round;
        const reason = reasonToPost(state, latest, value, observedAt, staggerSeconds * peers.length);
        const mark = `${feed}:${epoch}:${round}`;
        const since = completeAt.get(mark) ?? now();
        completeAt.set(mark, since);
        if (completeAt.size > 1_000) for (const old of [...completeAt.keys()].slice(0, 500)) completeAt.delete(old);
        const alive = state.sensors.filter((key) => key !== undefined).length;
        const urgent = reason === "trigger" || readings.length >= Math.min(alive, sensors);
        const ready = urgent ? since : Math.max(since, (observedAt + state.settings.grace) * 1000);
        const turnAt = ready + rankInRound(feed, round, account, peers) * staggerSeconds * 1000;
        const decision = { round, value, attestations: readings.length, reason, turnAt };
        // One report of a feed on its way is enough; the next round is judged against what it brings.
        const under = journal
          .inState("queued", "signed", "broadcast", "mined")
          .some(
            (tx) =>
              tx.key.startsWith(`report:${feed}:`) &&
              !tx.cancelled &&
              tx.success !== false &&
              Number(tx.key.split(":")[2]) > (latest?.round ?? 0),
          );
        if (reason !== undefined && now() >= turnAt && !under) await post(state, readings, decision);
        return decision;
      }
      return undefined;
    },
    async adopt(state, source, offered) {
      let added = 0;
      for (const reading of offered.slice(0, OPEN_ROUNDS * state.sensors.length))
        if (await keep(state, source, reading)) added += 1;
      return added;
    },
    held(state, round) {
      const { feed, epoch } = state.context;
      return store.ofRound(feed, epoch, round).filter(({ verified }) => verified);
    },
    share(state, after) {
      const { feed, epoch } = state.context;
      return store
        .rounds(feed, epoch, after, OPEN_ROUNDS)
        .flatMap(({ round }) => store.ofRound(feed, epoch, round))
        .filter(({ verified }) => verified);
    },
  };
}

/** A reading as it travels between nodes. */
export interface SharedReading {
  readonly sensor: number;
  readonly round: number;
  readonly observedAt: number;
  readonly value: string;
  readonly signature: Hex;
}
