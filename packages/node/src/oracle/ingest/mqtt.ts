import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { Aedes } from "aedes";
import mqtt, { type IPublishPacket } from "mqtt";
import type { Logger } from "../../runtime/log.ts";
import { problem, reasonOf } from "../../runtime/problem.ts";
import type { OracleConfig } from "../config.ts";
import type { DeviceId } from "../envelope.ts";
import type { Intake } from "../intake.ts";

/** `v1/{tenant}/{site}/{device}/up` carries messages, `…/state` (retained, last will) whether the device is there. */
const TOPIC = /^v1\/[^/]+\/[^/]+\/(0x[0-9a-f]{40})\/(up|state)$/;
const SUBSCRIPTIONS = ["v1/+/+/+/up", "v1/+/+/+/state"];

export interface MqttIngest {
  /** Address devices connect to, when the broker is ours. */
  readonly url: string | undefined;
  readonly connected: () => boolean;
  close(): Promise<void>;
}

export interface MqttOptions {
  readonly settings: Exclude<OracleConfig["mqtt"], false>;
  readonly intake: Intake;
  readonly log: Logger;
  readonly onState: (device: DeviceId, online: boolean) => void;
}

export function startMqtt(options: MqttOptions): Promise<MqttIngest> {
  return "embedded" in options.settings
    ? startBroker(options.settings.embedded, options)
    : startClient(options.settings, options);
}

/** Which device a topic belongs to, and what it carries; undefined when it is none of ours. */
function readTopic(topic: string): { device: DeviceId; kind: "up" | "state" } | undefined {
  const match = TOPIC.exec(topic.toLowerCase());
  return match === null ? undefined : { device: match[1] as DeviceId, kind: match[2] as "up" | "state" };
}

const isOnline = (payload: Uint8Array): boolean => Buffer.from(payload).toString() !== "offline";

/** The broker inside: a device's acknowledgement is sent when its message is on disk, so nothing else must be kept. */
async function startBroker(
  { host, port }: { host: string; port: number },
  { intake, log, onState }: MqttOptions,
): Promise<MqttIngest> {
  const broker = await Aedes.createBroker({ id: "publica-node" });
  broker.authorizePublish = (client, packet, done) => {
    const payload = Buffer.from(packet.payload);
    const target = readTopic(packet.topic);
    if (target?.kind === "state") {
      onState(target.device, isOnline(payload));
      done(null);
      return;
    }
    // Nobody needs the broker to remember it: it is in the database.
    packet.retain = false;
    // A topic that is none of ours is set aside like any other mistake: the sender may mean well.
    intake.offer({ source: "mqtt", bytes: payload, claimed: target?.device ?? packet.topic }).then(
      () => done(null),
      // Without an acknowledgement the device keeps the message and sends it again.
      () => {
        done(new Error("could not be stored"));
        client?.close();
      },
    );
  };
  const server: Server = createServer(broker.handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        problem(
          "NodePortTaken",
          `cannot listen for MQTT on ${host}:${port} (${reasonOf(error)})`,
          "Choose another mqtt.embedded.port, or stop what uses it.",
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  log.info({ host, port: bound }, "MQTT broker listens");
  return {
    url: `mqtt://${host}:${bound}`,
    connected: () => true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        broker.close();
      }),
  };
}

/** A client of someone else's broker, with a session that lasts while the node is away. */
async function startClient(
  settings: Extract<OracleConfig["mqtt"], { url: string }>,
  { intake, log, onState }: MqttOptions,
): Promise<MqttIngest> {
  const client = mqtt.connect(settings.url, {
    clientId: settings.clientId,
    clean: false,
    protocolVersion: settings.version,
    reconnectPeriod: 1_000,
    ...(settings.version === 5 ? { properties: { sessionExpiryInterval: 7 * 86_400 } } : {}),
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.passwordFile === undefined ? {} : { password: readFileSync(settings.passwordFile, "utf8").trim() }),
    // Not before `handleMessage` is in place.
    manualConnect: true,
  });
  client.handleMessage = (packet: IPublishPacket, done: (error?: Error) => void) => {
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const target = readTopic(packet.topic);
    if (target?.kind === "state") {
      onState(target.device, isOnline(payload));
      done();
      return;
    }
    intake.offer({ source: "mqtt", bytes: payload, claimed: target?.device ?? packet.topic }).then(
      () => done(),
      (error: unknown) => {
        // Not acknowledged: a new connection makes the broker deliver it again.
        log.error({ reason: reasonOf(error) }, "MQTT message not stored, reconnecting");
        done(new Error("could not be stored"));
        client.reconnect();
      },
    );
  };
  client.on("connect", () => {
    log.info({ broker: new URL(settings.url).host }, "MQTT connected");
    client.subscribe(SUBSCRIPTIONS, { qos: 1 });
  });
  client.on("error", (error) => log.warn({ reason: reasonOf(error) }, "MQTT"));
  client.connect();
  return { url: undefined, connected: () => client.connected, close: () => client.endAsync() };
}
