import { attestedFeedAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import {
  accountSensor,
  type CommitteeSigner,
  committeeSigner,
  type FeedId,
  type FeedRound,
  median,
  p256Sensor,
  type SensorSigner,
  signReading,
} from "@publica/sdk/foundation";
import {
  decodeFunctionResult,
  encodeFunctionData,
  getAbiItem,
  getAddress,
  parseEther,
  parseGwei,
  toEventHash,
  toFunctionSelector,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { openDatabase } from "../runtime/database.ts";
import type { FeePolicy } from "../runtime/fees.ts";
import { createFollower, FOLLOWER_MIGRATIONS } from "../runtime/follower.ts";
import { startHttp } from "../runtime/http.ts";
import { createJournal, JOURNAL_MIGRATIONS, type TxState } from "../runtime/journal.ts";
import { openSigner, readPrivateKey } from "../runtime/keys.ts";
import type { Logger } from "../runtime/log.ts";
import { startLoop } from "../runtime/loop.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { problem, reasonOf } from "../runtime/problem.ts";
import { createRpc, isHex } from "../runtime/rpc.ts";
import { createSubmitter, type SubmitterAlert, type SubmitterEdge } from "../runtime/submitter.ts";
import { roundAt } from "./attestation.ts";
import { createCommittee } from "./committee.ts";
import type { OracleConfig } from "./config.ts";
import { deviceIdOf } from "./envelope.ts";
import { oracleRoutes } from "./ingest/http.ts";
import { startMqtt } from "./ingest/mqtt.ts";
import { type Replay, type ReplayState, startReplays } from "./ingest/replay.ts";
import { createIntake, type Intake } from "./intake.ts";
import { askMember, askPeer } from "./peers.ts";
import { createRegistry, type FeedState } from "./registry.ts";
import { createRounds, type Decision, type Rounds } from "./rounds.ts";
import { createStore, ORACLE_MIGRATIONS } from "./store.ts";
import { toScaled } from "./units.ts";

export const NODE_MIGRATIONS = [...JOURNAL_MIGRATIONS, ...FOLLOWER_MIGRATIONS, ...ORACLE_MIGRATIONS];

/** What a node can be asked at any time; also served at `/v1/status`. */
export interface NodeStatus {
  readonly account: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly head: string | undefined;
  readonly endpoints: readonly { readonly name: string; readonly failures: number; readonly head: string }[];
  readonly feeds: readonly {
    readonly name: string;
    readonly id: FeedId;
    readonly epoch: number;
    readonly sensors: number;
    readonly quorum: number;
    readonly decimals: number;
    readonly round: number | undefined;
    readonly value: string | undefined;
    readonly observedAt: number | undefined;
    readonly pendingRound: number | undefined;
    readonly attestations: number | undefined;
  }[];
  readonly journal: Readonly<Record<TxState, number>>;
  readonly messages: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly replays: readonly ReplayState[];
  readonly reorgs: number;
  readonly alerts: Readonly<Record<string, number>>;
}

export interface OracleNode {
  readonly intake: Intake;
  /** Address of the HTTP server. */
  readonly url: string;
  /** Address of the embedded broker, if there is one. */
  readonly mqttUrl: string | undefined;
  status(): NodeStatus;
  /** Takes no more messages, finishes what is under way, closes; a second call does nothing. What the chain still owes is in the journal. */
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly log: Logger;
  readonly now?: () => number;
  /** For tests and the story. */
  readonly onEdge?: (edge: SubmitterEdge) => void;
  readonly onPost?: (state: FeedState, decision: Decision) => void;
}

const REPORTED_TOPICS: readonly (string | undefined)[] = [
  toEventHash(getAbiItem({ abi: sensorFeedsAbi, name: "FeedReported" })),
  toEventHash(getAbiItem({ abi: attestedFeedAbi, name: "AttestedReported" })),
];
/** The chain's clock stands at its last block's: a value of this very moment is taken with the next one. */
const TOO_EARLY = toFunctionSelector("FeedObservationInFuture(uint40)").slice(2);
const ROUND_LOOP_MS = 400;
const MAINTENANCE_MS = 3_600_000;
const PEER_TIMEOUT_MS = 1_500;
/** A member checks every device's signature before it answers. */
const MEMBER_TIMEOUT_MS = 3_000;
const MAX_QUARANTINED = 100_000;
const JOURNAL_DAYS = 30;
/** A head that has not been seen for this long makes the node not ready. */
const HEAD_TIMEOUT_MS = 120_000;

/** The fee policy a configuration asks for. */
export function feePolicyOf(fees: OracleConfig["chain"]["fees"]): FeePolicy {
  return {
    maxFeePerGas: parseGwei(String(fees.maxFeeGwei)),
    minTip: parseGwei(String(fees.minTipGwei)),
    maxTip: parseGwei(String(fees.maxTipGwei)),
    bumpAfterMs: fees.bumpAfter * 1_000,
    bumpPermille: Math.ceil(fees.bumpPercent * 10),
    dayBudget: parseEther(String(fees.dayBudgetEther)),
  };
}

/** Starts a node: it runs until `stop`. */
export async function startOracleNode(config: OracleConfig, options: NodeOptions): Promise<OracleNode> {
  const { log, now = Date.now } = options;
  const signer = openSigner(config.key);
  const own = ownSigners(config);
  const committeeSigners = committeeSignersOf(config);
  const database = openDatabase(config.database, NODE_MIGRATIONS, { durability: config.durability });
  /** What was started, to be stopped in the opposite order. */
  const running: (() => Promise<unknown> | undefined)[] = [async () => database.close()];
  const stop = async (): Promise<void> => {
    for (const end of running.splice(0).reverse()) await end();
  };
  try {
    const counts = { messages: {}, refused: {}, alerts: {}, reorgs: 0 } as {
      messages: Record<string, number>;
      refused: Record<string, number>;
      alerts: Record<string, number>;
      reorgs: number;
    };
    const count = (table: Record<string, number>, key: string): void => {
      table[key] = (table[key] ?? 0) + 1;
    };
    const metrics = createMetrics();
    const meter = {
      messages: metrics.counter("messages_total", "Messages taken in, by what became of them", ["outcome"]),
      refused: metrics.counter("refused_total", "Messages and values set aside, by reason", ["reason"]),
      posts: metrics.counter("reports_total", "Reports queued, by feed and reason", ["feed", "reason"]),
      alerts: metrics.counter("alerts_total", "Conditions an operator should look at", ["kind"]),
      rpcFailures: metrics.counter("rpc_failures_total", "Failed requests, by endpoint", ["endpoint"]),
      reorgs: metrics.counter("reorgs_total", "Chain reorganisations seen"),
      waiting: metrics.gauge("intake_waiting", "Messages not yet on disk"),
      journal: metrics.gauge("journal", "Transactions, by state", ["state"]),
      queueAge: metrics.gauge("queue_age_seconds", "Age of the oldest transaction not yet mined"),
      committed: metrics.gauge("committed_ether", "Ether spent or at risk in the last 24 hours"),
      age: metrics.gauge("feed_age_seconds", "Age of the observation on chain", ["feed"]),
      missing: metrics.gauge("messages_missing", "Numbers skipped by devices and not delivered since"),
      offline: metrics.gauge("devices_offline", "Devices whose last will says that they are gone"),
      head: metrics.gauge("head", "Latest block"),
    };

    const rpc = createRpc({
      urls: config.chain.rpc,
      chainId: config.chain.id,
      now,
      onFailure(endpoint, reason) {
        meter.rpcFailures.inc({ endpoint });
        log.debug({ endpoint, reason }, "endpoint failed");
      },
    });
    const sensorFeeds = getAddress(config.chain.sensorFeeds);
    const store = createStore(database);
    const attestedFeed = config.chain.attestedFeed === undefined ? undefined : getAddress(config.chain.attestedFeed);
    const registry = createRegistry({
      rpc,
      store,
      sensorFeeds,
      ...(attestedFeed === undefined ? {} : { attestedFeed }),
      feeds: config.feeds,
    });
    const journal = createJournal(database, signer.address, now);
    const latest = new Map<FeedId, FeedRound>();
    const pending = new Map<FeedId, Decision>();
    let replays: readonly Replay[] = [];
    let storeFailing = false;
    let registryBlock: bigint | undefined;
    let registryStale = true;
    let head: { number: bigint; seenAt: number } | undefined;

    const intake = createIntake({
      database,
      store,
      registry,
      clock: config.clock,
      log,
      now,
      known: () => registry.feeds().length > 0,
      onCommit(outcomes) {
        storeFailing = false;
        for (const outcome of outcomes) {
          meter.messages.inc({ outcome: outcome.kind });
          count(counts.messages, outcome.kind);
          const reasons =
            outcome.kind === "stored" ? outcome.refused : outcome.kind === "duplicate" ? [] : [outcome.reason];
          for (const reason of reasons) {
            meter.refused.inc({ reason });
            count(counts.refused, reason);
          }
        }
      },
      onFailure() {
        storeFailing = true;
      },
    });
    running.push(() => intake.drain());

    const alert = (kind: SubmitterAlert): void => {
      meter.alerts.inc({ kind });
      count(counts.alerts, kind);
    };
    const committee = createCommittee(
      {
        signers: committeeSigners,
        peers: config.peers.map(({ url }) => url),
        ask: (peer, question, body) => askMember(peer, question, body, MEMBER_TIMEOUT_MS, log),
        adopt: (state, source, readings) => rounds.adopt(state, source, readings),
        held: (state, round) => rounds.held(state, round),
        log,
        now,
      },
      (id) => registry.feed(id),
    );
    const rounds: Rounds = createRounds({
      attest: (state, readings) => committee.lead(state, readings),
      database,
      store,
      journal,
      account: signer.address,
      peers: config.peers.map(({ account }) => getAddress(account)),
      staggerSeconds: config.stagger,
      log,
      now,
      onRefused(reason) {
        meter.refused.inc({ reason });
        count(counts.refused, reason);
      },
      onPost(state, decision) {
        meter.posts.inc({ feed: state.settings.name, reason: decision.reason ?? "" });
        options.onPost?.(state, decision);
      },
    });
    const submitter = createSubmitter({
      rpc,
      journal,
      signer,
      fees: feePolicyOf(config.chain.fees),
      finalityDepth: config.chain.finality,
      log,
      now,
      later: (_, { message, data }) => `${message} ${JSON.stringify(data)}`.includes(TOO_EARLY),
      onAlert: alert,
      ...(options.onEdge === undefined ? {} : { onEdge: options.onEdge }),
    });
    const follower = createFollower({
      rpc,
      database,
      addresses: attestedFeed === undefined ? [sensorFeeds] : [sensorFeeds, attestedFeed],
      finalityDepth: config.chain.finality,
      log,
      onHead(block) {
        head = { number: block.number, seenAt: now() };
        meter.head.set(Number(block.number));
        if (registry.outdated(block.timestamp)) registryStale = true;
        registryBlock = block.number - BigInt(config.chain.finality);
      },
      onReorg() {
        meter.reorgs.inc();
        counts.reorgs += 1;
      },
      onFinal(logs) {
        // Reports are the chain's daily bread; anything else the contract says may concern the sensor sets.
        if (logs.some(({ topics }) => !REPORTED_TOPICS.includes(topics[0]))) registryStale = true;
      },
    });

    async function readLatest(): Promise<void> {
      for (const { context, settings } of registry.feeds()) {
        const to = settings.committee === undefined ? sensorFeeds : attestedFeed;
        // Both lanes are read the same way.
        const data = encodeFunctionData({ abi: sensorFeedsAbi, functionName: "tryRead", args: [context.feed] });
        const answer = await rpc.request("eth_call", [{ to, data }, "latest"], isHex);
        const [round] = decodeFunctionResult({ abi: sensorFeedsAbi, functionName: "tryRead", data: answer });
        if (round.round === 0) latest.delete(context.feed);
        else latest.set(context.feed, round);
      }
    }

    async function chainTurn(): Promise<void> {
      await follower.step();
      if (registryStale || registry.feeds().length < config.feeds.length) {
        await registry.refresh(registryBlock === undefined || registryBlock < 0n ? 0n : registryBlock);
        registryStale = false;
      }
      await readLatest();
      await submitter.step();
      observe();
    }

    async function roundTurn(): Promise<void> {
      for (const state of registry.feeds()) {
        const { feed, epoch } = state.context;
        await signOwn(state);
        const after = latest.get(feed)?.round ?? 0;
        await Promise.all(
          config.peers.map(async ({ url }) => {
            const offered = await askPeer(url, { feed, epoch, after }, PEER_TIMEOUT_MS, log);
            if (offered !== undefined) await rounds.adopt(state, url, offered);
          }),
        );
        const decision = await rounds.tick(state, latest.get(feed));
        if (decision === undefined) pending.delete(feed);
        else pending.set(feed, decision);
      }
      // What was just decided need not wait for the next look at the chain.
      if (journal.inState("queued").length > 0) await submitter.step();
    }

    /** When this node is a sensor itself: signs the window's median, once a round, stored before anyone sees it. */
    async function signOwn(state: FeedState): Promise<void> {
      const key = own.get(state.context.feed);
      const sensor = key && state.indexOf.get(deviceIdOf(key.key));
      if (key === undefined || sensor === undefined) return;
      const { feed, epoch } = state.context;
      const { round, observedAt } = roundAt(now() / 1_000, state.settings.round);
      if (store.attestation(feed, epoch, round, sensor) !== undefined) return;
      const window = store.window(feed, (observedAt - state.settings.round) * 1_000, observedAt * 1_000);
      const scale = (value: number) => toScaled(value, state.config.decimals);
      const perDevice = [...window.values()].map((values) => median(values.map(scale)));
      if (perDevice.length === 0) return;
      const reading = { round, observedAt, value: median(perDevice) };
      const signed = await signReading(state.context, key, sensor, reading);
      database.transaction(() => store.addAttestation(feed, epoch, { ...signed, verified: true }, "self"));
    }

    function queueAgeMs(): number {
      const oldest = Math.min(...journal.inState("queued", "signed", "broadcast").map(({ createdAt }) => createdAt));
      return Number.isFinite(oldest) ? now() - oldest : 0;
    }

    function notReady(): string[] {
      const reasons: string[] = [];
      const heartbeat = Math.min(...registry.feeds().map(({ config: { heartbeat } }) => heartbeat));
      if (registry.feeds().length < config.feeds.length) reasons.push("not every feed is known from the chain yet");
      if (head === undefined || now() - head.seenAt > HEAD_TIMEOUT_MS) reasons.push("no endpoint shows the chain");
      if (Number.isFinite(heartbeat) && queueAgeMs() > (heartbeat * 1_000) / 2)
        reasons.push("a report waits for more than half of the heartbeat");
      if (storeFailing) reasons.push("the database cannot be written");
      if (mqtt?.connected() === false) reasons.push("the MQTT broker is not connected");
      return reasons;
    }

    function observe(): void {
      for (const [state, n] of Object.entries(journal.counts())) meter.journal.set({ state }, n);
      meter.waiting.set(intake.waiting());
      meter.queueAge.set(queueAgeMs() / 1_000);
      meter.committed.set(Number(journal.committedSince(now() - 86_400_000)) / 1e18);
      for (const { settings, context } of registry.feeds()) {
        const observedAt = latest.get(context.feed)?.observedAt;
        if (observedAt !== undefined) meter.age.set({ feed: settings.name }, now() / 1_000 - observedAt);
      }
      const devices = store.devices();
      meter.missing.set(devices.reduce((sum, row) => sum + row.last_seq - row.first_seq + 1 - row.messages, 0));
      meter.offline.set(devices.filter(({ online }) => online === 0).length);
    }

    function status(): NodeStatus {
      const reasons = notReady();
      return {
        account: signer.address,
        ready: reasons.length === 0,
        reasons,
        head: head === undefined ? undefined : String(head.number),
        endpoints: rpc.status().map(({ name, failures, head: seen }) => ({ name, failures, head: String(seen) })),
        feeds: registry.feeds().map(({ settings, context, config: { epoch, quorum, decimals }, sensors }) => {
          const round = latest.get(context.feed);
          const open = pending.get(context.feed);
          return {
            name: settings.name,
            id: context.feed,
            epoch,
            sensors: sensors.filter((key) => key !== undefined).length,
            quorum,
            decimals,
            round: round?.round,
            value: round === undefined ? undefined : String(round.value),
            observedAt: round?.observedAt,
            pendingRound: open?.round,
            attestations: open?.attestations,
          };
        }),
        journal: journal.counts(),
        messages: { ...counts.messages },
        refused: { ...counts.refused },
        replays: replays.map(({ done: _, ...state }) => state),
        reorgs: counts.reorgs,
        alerts: { ...counts.alerts },
      };
    }

    const mqtt =
      config.mqtt === false
        ? undefined
        : await startMqtt({
            settings: config.mqtt,
            intake,
            log,
            onState: (device, online) => database.transaction(() => store.setOnline(device, online)),
          });
    running.push(() => mqtt?.close());
    const http = await startHttp({
      ...config.http,
      metrics,
      notReady,
      log,
      routes: {
        ...oracleRoutes(intake, registry, rounds),
        ...committee.routes,
        "GET /v1/status": () => ({ status: 200, body: status() }),
      },
    });
    running.push(() => http.close());

    await chainTurn().catch((error: unknown) =>
      log.warn(
        { reason: reasonOf(error) },
        registry.feeds().length > 0
          ? "the chain cannot be read yet; messages are taken all the same"
          : "the chain cannot be read yet; no message is taken until it can",
      ),
    );
    const maintenance = startLoop(
      "maintenance",
      MAINTENANCE_MS,
      async () => {
        const removed = database.transaction(() => store.prune(now() - config.retention * 1_000, MAX_QUARANTINED));
        journal.prune(JOURNAL_DAYS);
        if (removed.junk > 0)
          log.warn({ removed: removed.junk }, "quarantine is full, its oldest entries were removed");
      },
      log,
    );
    const chain = startLoop("chain", config.chain.poll * 1_000, chainTurn, log);
    const deciding = startLoop("rounds", ROUND_LOOP_MS, roundTurn, log);
    running.push(
      () => maintenance.stop(),
      () => chain.stop(),
      () => deciding.stop(),
    );
    const replaying = new AbortController();
    replays = startReplays(config.replay, { intake, store, log, now, signal: replaying.signal });
    running.push(() => {
      replaying.abort();
      return Promise.all(replays.map(({ done }) => done));
    });
    log.info({ account: signer.address, http: http.url, mqtt: mqtt?.url, feeds: config.feeds.length }, "node runs");
    /** What was so when the node ended. */
    let last: NodeStatus | undefined;
    return {
      intake,
      url: http.url,
      mqttUrl: mqtt?.url,
      status: () => last ?? status(),
      async stop() {
        last ??= { ...status(), ready: false, reasons: ["stopped"] };
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The keys under which this node is a sensor itself, by feed. */
function ownSigners(config: OracleConfig): Map<FeedId, SensorSigner> {
  const signers = new Map<FeedId, SensorSigner>();
  for (const { id, own } of config.feeds) {
    if (own === undefined) continue;
    if ("remote" in own.key) {
      throw problem(
        "NodeConfigInvalid",
        "a feed's own key cannot be a remote transaction signer",
        "Give feeds.own.key as a keystore file.",
      );
    }
    const privateKey = readPrivateKey(own.key);
    const signer = own.curve === "p256" ? p256Sensor(privateKey) : accountSensor(privateKeyToAccount(privateKey));
    signers.set(id.toLowerCase() as FeedId, signer);
  }
  return signers;
}

/** The keys under which this node serves in committees, by feed. */
function committeeSignersOf(config: OracleConfig): Map<FeedId, CommitteeSigner> {
  const signers = new Map<FeedId, CommitteeSigner>();
  for (const { id, committee } of config.feeds) {
    if (committee === undefined) continue;
    if ("remote" in committee.key) {
      throw problem(
        "NodeConfigInvalid",
        "a committee member's key cannot be a remote transaction signer",
        "Give feeds.committee.key as a keystore file.",
      );
    }
    signers.set(id as FeedId, committeeSigner(readPrivateKey(committee.key)));
  }
  return signers;
}
