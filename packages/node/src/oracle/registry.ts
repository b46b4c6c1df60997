import type {
  CommitteeConfig,
  CommitteeKey,
  FeedConfig,
  FeedContext,
  FeedId,
  SensorKey,
} from "@publica/sdk/foundation";
import { attestedFeedAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import type { KeyObject } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, type Hex, decodeFunctionResult, encodeFunctionData, hexToBytes, numberToHex, toHex } from "viem";
import { isHex, type Rpc } from "../runtime/rpc.ts";
import type { CommitteeState } from "./committee.ts";
import type { FeedSettings } from "./config.ts";
import { type Algorithm, type DeviceId, deviceIdOf, publicKeyObject } from "./envelope.ts";
import type { Store } from "./store.ts";

/** What the chain says about a feed, as of a final block. */
export interface FeedState {
  readonly settings: FeedSettings;
  readonly context: FeedContext;
  readonly config: FeedConfig;
  /** The sensors in force by index; undefined: ejected. */
  readonly sensors: readonly (SensorKey | undefined)[];
  readonly indexOf: ReadonlyMap<DeviceId, number>;
  /** The feed's committee, when this node is to serve in it. */
  readonly committee?: CommitteeState;
}

/** A device whose messages are taken. */
export interface Device {
  readonly id: DeviceId;
  readonly algorithm: Algorithm;
  /** Undefined for a secp256k1 device that has not spoken yet: the chain knows its address only. */
  key: KeyObject | undefined;
  /** Feeds it may speak to. */
  readonly feeds: ReadonlySet<FeedId>;
}

export interface Registry {
  feed(id: FeedId): FeedState | undefined;
  feeds(): readonly FeedState[];
  device(id: DeviceId): Device | undefined;
  devices(): readonly Device[];
  /** Reads the sets at `block` (latest if undefined) and remembers them. */
  refresh(block: bigint | undefined): Promise<void>;
  /** Whether a scheduled set has come into force since the last look. */
  outdated(unixSeconds: number): boolean;
}

interface Snapshot {
  readonly config: FeedConfig;
  readonly inForce: readonly SensorKey[];
  readonly scheduled: readonly SensorKey[];
  readonly committee?: { readonly config: CommitteeConfig; readonly keys: readonly CommitteeKey[] };
}

export interface RegistryOptions {
  readonly rpc: Rpc;
  readonly store: Store;
  readonly sensorFeeds: Address;
  readonly attestedFeed?: Address;
  readonly feeds: readonly FeedSettings[];
}

const isPresent = (key: SensorKey): boolean => BigInt(key.x) !== 0n;

/** The devices the chain allows (those in force and those about to be), cached in the database across starts. */
export function createRegistry({ rpc, store, sensorFeeds, attestedFeed, feeds }: RegistryOptions): Registry {
  let states = new Map<FeedId, FeedState>();
  let devices = new Map<DeviceId, Device>();
  let nextEpochAt = Number.POSITIVE_INFINITY;

  async function read<T>(
    functionName: "configOf" | "sensorsOf" | "scheduledSensorsOf",
    feed: FeedId,
    block: bigint | undefined,
  ): Promise<T | undefined> {
    const data = encodeFunctionData({ abi: sensorFeedsAbi, functionName, args: [feed] });
    const tag = block === undefined ? "latest" : numberToHex(block);
    const result = await rpc.request("eth_call", [{ to: sensorFeeds, data }, tag], isHex);
    // No contract at this block: it is younger than finality.
    if (result === "0x") return undefined;
    return decodeFunctionResult({ abi: sensorFeedsAbi, functionName, data: result }) as T;
  }

  async function readCommittee(
    { id, committee }: FeedSettings,
    block: bigint | undefined,
  ): Promise<Snapshot["committee"] | undefined> {
    if (committee === undefined || attestedFeed === undefined) return undefined;
    const ask = async <T>(
      functionName: "configOf" | "committeeOf",
      args: readonly unknown[],
    ): Promise<T | undefined> => {
      const call = { abi: attestedFeedAbi, functionName, args } as Parameters<typeof encodeFunctionData>[0];
      const tag = block === undefined ? "latest" : numberToHex(block);
      const data = encodeFunctionData(call);
      const result = await rpc.request("eth_call", [{ to: attestedFeed, data }, tag], isHex);
      if (result === "0x") return undefined;
      return decodeFunctionResult({ abi: attestedFeedAbi, functionName, data: result }) as T;
    };
    const config = await ask<CommitteeConfig>("configOf", [id]);
    if (config === undefined || config.epoch === 0) return undefined;
    const keys = await ask<CommitteeKey[]>("committeeOf", [id, config.version]);
    return keys === undefined ? undefined : { config, keys };
  }

  function toCommittee(feed: FeedId, known: Snapshot["committee"]): { committee?: CommitteeState } {
    if (known === undefined || attestedFeed === undefined) return {};
    const { epoch, quorum, tolerance } = known.config;
    return {
      committee: {
        context: { chainId: rpc.chainId, address: attestedFeed, feed, epoch },
        quorum,
        tolerance,
        keys: known.keys.map((key) => (key.x === 0n ? undefined : key)),
      },
    };
  }

  function keyOf(device: DeviceId, key: SensorKey): KeyObject | undefined {
    if (key.curve === 1) return publicKeyObject("ES256", hexToBytes(key.x), hexToBytes(key.y));
    const point = store.device(device)?.point;
    return point ? publicKeyObject("ES256K", point.subarray(0, 32), point.subarray(32)) : undefined;
  }

  function adopt(snapshots: ReadonlyMap<FeedId, Snapshot>): void {
    const nextStates = new Map<FeedId, FeedState>();
    const nextDevices = new Map<DeviceId, Device & { feeds: Set<FeedId> }>();
    const allow = (id: DeviceId, algorithm: Algorithm, feed: FeedId, key: () => KeyObject | undefined): void => {
      const known = nextDevices.get(id) ?? {
        id,
        algorithm,
        key: devices.get(id)?.key ?? key(),
        feeds: new Set<FeedId>(),
      };
      known.feeds.add(feed);
      nextDevices.set(id, known);
    };
    nextEpochAt = Number.POSITIVE_INFINITY;
    for (const settings of feeds) {
      const feed = settings.id as FeedId;
      for (const { curve, publicKey } of settings.own?.devices ?? []) {
        const { key, id } = localDevice(curve, publicKey as Hex);
        allow(id, curve === "p256" ? "ES256" : "ES256K", feed, () => key);
      }
      const snapshot = snapshots.get(feed);
      if (snapshot === undefined) continue;
      const { config, inForce, scheduled } = snapshot;
      if (config.nextEpochAt > 0) nextEpochAt = Math.min(nextEpochAt, config.nextEpochAt);
      const present = inForce.map((key) => (isPresent(key) ? key : undefined));
      const indexOf = new Map<DeviceId, number>();
      for (const [index, key] of present.entries()) if (key !== undefined) indexOf.set(deviceIdOf(key), index);
      nextStates.set(feed, {
        settings,
        context: { chainId: rpc.chainId, address: sensorFeeds, feed, epoch: config.epoch },
        config,
        sensors: present,
        indexOf,
        ...toCommittee(feed, snapshot.committee),
      });
      for (const key of [...inForce, ...scheduled].filter(isPresent)) {
        const id = deviceIdOf(key);
        allow(id, key.curve === 1 ? "ES256" : "ES256K", feed, () => keyOf(id, key));
      }
    }
    states = nextStates;
    devices = nextDevices;
  }

  function remembered(): Map<FeedId, Snapshot> {
    const snapshots = new Map<FeedId, Snapshot>();
    for (const { id } of feeds) {
      const json = store.registry(id as FeedId);
      if (json !== undefined) snapshots.set(id as FeedId, JSON.parse(json, revive) as Snapshot);
    }
    return snapshots;
  }

  adopt(remembered());
  return {
    feed: (id) => states.get(id),
    feeds: () => [...states.values()],
    device: (id) => devices.get(id),
    devices: () => [...devices.values()],
    outdated: (unixSeconds) => unixSeconds >= nextEpochAt,
    async refresh(block) {
      const snapshots = remembered();
      for (const settings of feeds) {
        const feed = settings.id as FeedId;
        const config = await read<FeedConfig>("configOf", feed, block);
        // Not created yet at this block: what is remembered, if anything, stays.
        if (config === undefined || config.epoch === 0) continue;
        const [inForce, scheduled] = await Promise.all([
          read<SensorKey[]>("sensorsOf", feed, block),
          read<SensorKey[]>("scheduledSensorsOf", feed, block),
        ]);
        const committee = await readCommittee(settings, block);
        const snapshot = {
          config,
          inForce: inForce ?? [],
          scheduled: scheduled ?? [],
          ...(committee === undefined ? {} : { committee }),
        };
        snapshots.set(feed, snapshot);
        store.setRegistry(feed, JSON.stringify(snapshot, preserve));
      }
      adopt(snapshots);
    },
  };
}

const preserve = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `bigint:${value}` : value);
const revive = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.startsWith("bigint:") ? BigInt(value.slice(7)) : value;

/** A device known by its public key in the configuration. */
export function localDevice(curve: "secp256k1" | "p256", publicKey: Hex): { id: DeviceId; key: KeyObject } {
  const Point = curve === "p256" ? p256.Point : secp256k1.Point;
  const { x, y } = Point.fromBytes(hexToBytes(publicKey)).toAffine();
  const [xBytes, yBytes] = [x, y].map((part) => hexToBytes(toHex(part, { size: 32 }))) as [Uint8Array, Uint8Array];
  const id = deviceIdOf({ curve: 1, x: toHex(xBytes), y: toHex(yBytes) });
  return { id, key: publicKeyObject(curve === "p256" ? "ES256" : "ES256K", xBytes, yBytes) };
}
