import { type FeedConfig, type FeedId, hashReading, type SensorKey } from "@publica/sdk/foundation";
import type { Hex } from "viem";
import { type OracleConfig, oracleConfigSchema } from "../../src/oracle/config.ts";
import { createIntake, type Intake } from "../../src/oracle/intake.ts";
import { NODE_MIGRATIONS } from "../../src/oracle/node.ts";
import { createRegistry, type Registry } from "../../src/oracle/registry.ts";
import { createFleet, type VirtualDevice } from "../../src/oracle/simulate.ts";
import { createStore, type Store } from "../../src/oracle/store.ts";
import { createRpc, type Database, openDatabase, silentLogger } from "../../src/runtime/index.ts";

export const FEED: FeedId = `0x${"fe".repeat(32)}`;
export const FEEDS_ADDRESS = `0x${"c0".repeat(20)}` as const;
export const CHAIN_ID = 31337;

export type Recording = OracleConfig["replay"][number];

export interface IntakeFixture {
  readonly database: Database;
  readonly store: Store;
  readonly registry: Registry;
  readonly intake: Intake;
  readonly fleet: VirtualDevice[];
  readonly context: { chainId: number; address: Hex; feed: FeedId; epoch: number };
  close(): void;
}

const settings = (feed: object) =>
  oracleConfigSchema.parse({
    chain: { id: CHAIN_ID, rpc: ["http://127.0.0.1:1"], sensorFeeds: FEEDS_ADDRESS },
    key: { environment: "NONE" },
    feeds: [{ id: FEED, name: "rain", measurement: "rain", unit: "mm", round: 10, ...feed }],
  });

/** An intake whose registry was remembered rather than read: no chain is needed. */
export function createIntakeFixture(
  path: string,
  options: {
    now?: () => number;
    feed?: object;
    devices?: number;
    config?: Partial<FeedConfig>;
    durability?: "FULL" | "NORMAL";
    migrate?: boolean;
  } = {},
): IntakeFixture {
  const fleet = createFleet(
    11,
    Array.from({ length: options.devices ?? 4 }, () => "honest" as const),
  );
  const database = openDatabase(path, NODE_MIGRATIONS, { durability: options.durability ?? "NORMAL" });
  const store = createStore(database);
  const keys: SensorKey[] = fleet.map(({ signer }) => signer.key);
  const config: FeedConfig = {
    epoch: 1,
    nextEpochAt: 0,
    quorum: 3,
    sensors: keys.length,
    decimals: 1,
    deviationBps: 1_000,
    heartbeat: 3_600,
    historySize: 256,
    minPlausible: 0n,
    maxPlausible: 1_000n,
    ...options.config,
  };
  store.setRegistry(
    FEED,
    JSON.stringify({ config, inForce: keys, scheduled: [] }, (_, value: unknown) =>
      typeof value === "bigint" ? `bigint:${value}` : value,
    ),
  );
  const { feeds, clock } = settings(options.feed ?? {});
  const rpc = createRpc({ urls: ["http://127.0.0.1:1"], chainId: CHAIN_ID });
  const registry = createRegistry({ rpc, store, sensorFeeds: FEEDS_ADDRESS, feeds });
  const intake = createIntake({
    database,
    store,
    registry,
    clock,
    log: silentLogger(),
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  const context = { chainId: CHAIN_ID, address: FEEDS_ADDRESS, feed: FEED, epoch: 1 } as const;
  return { database, store, registry, intake, fleet, context, close: () => database.close() };
}

export { hashReading };
