import { readFileSync } from "node:fs";
import {
  accountSensor,
  createRandom,
  type FeedContext,
  p256Sensor,
  type Random,
  type SensorSigner,
  signReading,
} from "@publica/sdk/foundation";
import mqtt from "mqtt";
import { type Hex, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { problem, reasonOf } from "../runtime/problem.ts";
import { encodeAttestation, roundAt } from "./attestation.ts";
import { csvColumns, parseNumber } from "./csv.ts";
import { type DeviceKey, openDeviceKey, sealEnvelope } from "./envelope.ts";
import { encodeSenml, type SenmlEntry } from "./senml.ts";
import { toScaled } from "./units.ts";

export const BEHAVIOURS = ["honest", "drift", "silent", "liar", "duplicate", "burst"] as const;
/**
 * How a virtual device behaves: `drift` is off by a little more each round, `silent` says nothing half of the time, `liar`
 * claims ten times the truth, `duplicate` sends everything twice, `burst` keeps four rounds back and sends them at once.
 */
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface VirtualDevice {
  readonly key: DeviceKey;
  readonly signer: SensorSigner;
  readonly behaviour: Behaviour;
  readonly format: "json" | "cbor";
  sequence: number;
  held: Uint8Array[];
  drift: number;
}

/** Makes `count` devices; the same seed makes the same keys. Curves alternate, and so do the two encodings. */
export function createFleet(seed: number, behaviours: readonly Behaviour[], firstSequence = 1): VirtualDevice[] {
  return behaviours.map((behaviour, index) => {
    const privateKey: Hex = keccak256(toHex(`publica virtual device ${seed} ${index}`));
    const algorithm = index % 2 === 0 ? "ES256" : "ES256K";
    return {
      key: openDeviceKey(algorithm, privateKey),
      signer: algorithm === "ES256" ? p256Sensor(privateKey) : accountSensor(privateKeyToAccount(privateKey)),
      behaviour,
      format: index % 4 < 2 ? "json" : "cbor",
      sequence: firstSequence,
      held: [],
      drift: 0,
    };
  });
}

export interface Situation {
  readonly context: FeedContext;
  readonly measurement: string;
  readonly unit: string;
  readonly decimals: number;
  readonly round: number;
  readonly observedAt: number;
  /** What an honest device sees, before its noise. */
  readonly truth: number;
  /** Greatest honest noise. */
  readonly noise: number;
}

/** What the device sends in this round: no message, one or several. `sensor` is its index in the feed. */
export async function act(
  device: VirtualDevice,
  sensor: number,
  situation: Situation,
  random: Random,
): Promise<Uint8Array[]> {
  const { context, measurement, unit, decimals, round, observedAt, truth, noise } = situation;
  const step = 10 ** -decimals;
  const jitter = (random() * 2 - 1) * noise;
  const mute = random() < 0.5;
  if (device.behaviour === "silent" && mute) return [];
  if (device.behaviour === "drift") device.drift += step;
  const felt = device.behaviour === "liar" ? truth * 10 + 100 * step : truth + jitter + device.drift;
  const scaled = toScaled(felt, decimals);
  const value = Number((Number(scaled) * step).toFixed(decimals));
  const attestation = await signReading(context, device.signer, sensor, { round, observedAt, value: scaled });
  const entries: SenmlEntry[] = [
    { bn: `urn:dev:publica:${device.key.id}:`, bt: observedAt, n: measurement, u: unit, v: value },
    encodeAttestation({ ...attestation, feed: context.feed, epoch: context.epoch }),
  ];
  const message = sealEnvelope(device.key, device.sequence++, encodeSenml(entries, device.format), device.format);
  if (device.behaviour === "duplicate") return [message, message];
  if (device.behaviour !== "burst") return [message];
  device.held.push(message);
  return device.held.length < 4 ? [] : device.held.splice(0);
}

const ACK_TIMEOUT_MS = 5_000;

const rejectAfter = (ms: number): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error("not acknowledged yet")), ms).unref();
  });

/** A way to deliver messages; resolves when the receiver has them on disk. */
export interface Link {
  deliver(device: VirtualDevice, message: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export const topicOf = (device: VirtualDevice, tenant = "demo", site = "field"): string =>
  `v1/${tenant}/${site}/${device.key.id}/up`;

/** One MQTT connection a device, as real devices have; QoS 1, and a last will. */
export async function connectMqtt(url: string, fleet: readonly VirtualDevice[]): Promise<Link> {
  const clients = new Map(
    await Promise.all(
      fleet.map(async (device) => {
        const state = topicOf(device).replace(/up$/, "state");
        const client = await mqtt.connectAsync(url, {
          clientId: device.key.id,
          clean: false,
          reconnectPeriod: 300,
          will: { topic: state, payload: Buffer.from("offline"), qos: 1, retain: true },
        });
        client.on("error", () => {});
        return [device.key.id, client] as const;
      }),
    ),
  );
  return {
    async deliver(device, message) {
      const client = clients.get(device.key.id);
      if (client === undefined) throw new Error("not of this fleet");
      // The client keeps the message until it is acknowledged, however long that takes; the caller does not wait for ever.
      const acknowledged = client.publishAsync(topicOf(device), Buffer.from(message), { qos: 1 });
      acknowledged.catch(() => {});
      await Promise.race([acknowledged, rejectAfter(client.connected ? ACK_TIMEOUT_MS : 0)]);
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.endAsync(true)));
    },
  };
}

export function connectHttp(url: string): Link {
  return {
    async deliver(_, message) {
      const response = await fetch(new URL("/v1/messages", url), { method: "POST", body: Buffer.from(message) });
      if (!response.ok) throw new Error(`the node answered ${response.status}`);
      await response.arrayBuffer();
    },
    close: () => Promise.resolve(),
  };
}

export interface SimulationOptions {
  readonly context: FeedContext;
  readonly measurement: string;
  readonly unit: string;
  readonly decimals: number;
  readonly roundSeconds: number;
  readonly fleet: readonly VirtualDevice[];
  /** Index of each device in the feed. */
  readonly sensorOf: (device: VirtualDevice) => number;
  /** What is true in the n-th round of the run; undefined ends the run. */
  readonly truth: (n: number) => number | undefined;
  readonly noise: number;
  readonly links: readonly Link[];
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onRound?: (round: number, truth: number, messages: number, failed: number) => unknown;
}

/** Runs the fleet in real time, a message a device and round, to every link. Returns how many messages were delivered. */
export async function runSimulation(options: SimulationOptions): Promise<number> {
  const { context, roundSeconds, fleet, links, truth } = options;
  const random = createRandom(options.seed);
  let delivered = 0;
  let last = Math.floor(Date.now() / 1_000 / roundSeconds);
  const ended = (): boolean => options.signal?.aborted === true;
  for (let n = 0; !ended(); n++) {
    const value = truth(n);
    if (value === undefined) break;
    while (Math.floor(Date.now() / 1_000 / roundSeconds) <= last && !ended())
      await new Promise((resolve) => setTimeout(resolve, 20));
    if (ended()) break;
    const { round, observedAt } = roundAt(Date.now() / 1_000, roundSeconds);
    last = round;
    const { measurement, unit, decimals, noise } = options;
    const situation = { context, measurement, unit, decimals, round, observedAt, truth: value, noise };
    const sendings: Promise<number>[] = [];
    for (const device of fleet) {
      for (const message of await act(device, options.sensorOf(device), situation, random)) {
        const sent = Promise.allSettled(links.map((link) => link.deliver(device, message)));
        sendings.push(sent.then((results) => results.filter(({ status }) => status === "fulfilled").length));
      }
    }
    const arrivals = await Promise.all(sendings);
    const messages = arrivals.length;
    delivered += arrivals.filter((arrived) => arrived > 0).length;
    const failed = arrivals.reduce((sum, arrived) => sum + links.length - arrived, 0);
    await options.onRound?.(round, value, messages, failed);
  }
  return delivered;
}

/** The values of one column of a CSV with a header line, in the file's order. */
export function readCsvColumn(path: string, column: string): number[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw problem("NodeCsvInvalid", `cannot read ${path} (${reasonOf(error)})`, "Check the path.");
  }
  const [header = "", ...lines] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const cell = csvColumns(path, header, [column]);
  return lines
    .map((line, at) => ({ line, number: at + 2 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => {
      const value = parseNumber(cell(line)?.[0] ?? "");
      if (value === undefined)
        throw problem("NodeCsvInvalid", `${path}, line ${number}: no number in column "${column}"`, "Mend the line.");
      return value;
    });
}
