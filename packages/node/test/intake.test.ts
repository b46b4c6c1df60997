import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { signReading } from "@publica/sdk/foundation";
import { Aedes } from "aedes";
import { expect } from "chai";
import mqtt, { type MqttClient } from "mqtt";
import { encodeAttestation, roundAt } from "../src/oracle/attestation.ts";
import { openDeviceKey, sealEnvelope } from "../src/oracle/envelope.ts";
import { ingestLines } from "../src/oracle/ingest/lines.ts";
import { startMqtt } from "../src/oracle/ingest/mqtt.ts";
import type { Outcome } from "../src/oracle/intake.ts";
import { encodeSenml, type SenmlEntry } from "../src/oracle/senml.ts";
import { topicOf, type VirtualDevice } from "../src/oracle/simulate.ts";
import { silentLogger } from "../src/runtime/index.ts";
import { freePort } from "./support/anvil.ts";
import { kill, says, start as startChild } from "./support/child.ts";
import { until } from "./support/feed.ts";
import { temporaryFolder } from "./support/folder.ts";
import { createIntakeFixture, FEED, type IntakeFixture } from "./support/intake.ts";

const NOW = 1_800_000_000_000;
const reasonsOf = (outcome: Outcome): string[] =>
  outcome.kind === "stored" ? [...outcome.refused] : outcome.kind === "quarantined" ? [outcome.reason] : [outcome.kind];

describe("intake", function () {
  // Only a limit against hanging, far above what a busy machine needs.
  this.timeout(300_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let fixture: IntakeFixture;
  let clock: number;

  const open = (options: Parameters<typeof createIntakeFixture>[1] = {}): void => {
    fixture?.close();
    fixture = createIntakeFixture(folder.path("node.db"), { now: () => clock, ...options });
  };
  beforeEach(() => {
    clock = NOW;
    folder = temporaryFolder();
    open();
  });
  afterEach(() => {
    fixture.close();
    fixture = undefined as unknown as IntakeFixture;
    folder.remove();
  });

  const device = (index = 0): VirtualDevice => fixture.fleet[index] as VirtualDevice;
  const seal = (entries: SenmlEntry[], index = 0, sequence = device(index).sequence++): Uint8Array =>
    sealEnvelope(device(index).key, sequence, encodeSenml(entries, device(index).format), device(index).format);
  const rain = (v: number, extra: SenmlEntry = {}): SenmlEntry => ({
    n: "rain",
    u: "mm",
    t: clock / 1000,
    v,
    ...extra,
  });
  const offer = (bytes: Uint8Array, claimed?: string): Promise<Outcome> =>
    fixture.intake.offer({ source: "test", bytes, ...(claimed === undefined ? {} : { claimed }) });
  const count = (table: string): number =>
    (fixture.database.sql.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
  const attested = async (value: bigint, index = 0, shift = 0) => {
    const { round, observedAt } = roundAt(clock / 1000 + shift, 10);
    const signed = await signReading(fixture.context, device(index).signer, index, { round, observedAt, value });
    return encodeAttestation({ ...signed, feed: FEED, epoch: 1 });
  };

  it("stores messages of both curves in both encodings", async () => {
    for (const index of [0, 1, 2, 3]) {
      const outcome = await offer(seal([rain(1.5)], index));
      expect(reasonsOf(outcome), `device ${index}`).to.deep.equal([]);
    }
    expect(count("message")).to.equal(4);
    expect(count("reading")).to.equal(4);
    expect(new Set(fixture.fleet.map(({ key, format }) => `${key.algorithm}${format}`)).size).to.equal(4);
  });

  it("learns a secp256k1 device's point from its first message, and keeps it", async () => {
    await offer(seal([rain(1)], 1));
    expect(fixture.store.device(device(1).key.id)?.point?.length).to.equal(64);
    open();
    expect(fixture.registry.device(fixture.fleet[1]?.key.id ?? "0x")?.key).not.to.equal(undefined);
  });

  it("takes a message once, however often it comes, and notices another under the same number", async () => {
    const message = seal([rain(1)]);
    await offer(message);
    expect((await offer(message)).kind).to.equal("duplicate");
    expect(reasonsOf(await offer(seal([rain(2)], 0, 1)))).to.deep.equal(["sequence-reuse"]);
    expect(count("message")).to.equal(1);
    expect(count("quarantine")).to.equal(1);
  });

  it("knows how many numbers a device skipped, until they come late", async () => {
    for (const sequence of [1, 2, 5]) await offer(seal([rain(sequence)], 0, sequence));
    const missing = () => {
      const row = fixture.store.device(device().key.id);
      return row === undefined ? Number.NaN : row.last_seq - row.first_seq + 1 - row.messages;
    };
    expect(missing()).to.equal(2);
    await offer(seal([rain(3)], 0, 3));
    expect(missing()).to.equal(1);
  });

  const refusals: Record<string, () => Uint8Array | [Uint8Array, string]> = {
    malformed: () => Buffer.from("hello"),
    topic: () => [seal([rain(1)]), device(1).key.id],
    "unknown-device": () => {
      const key = openDeviceKey("ES256", `0x${"77".repeat(32)}`);
      return sealEnvelope(key, 1, encodeSenml([rain(1)], "json"), "json");
    },
    "wrong-algorithm": () => {
      const text = JSON.parse(Buffer.from(seal([rain(1)])).toString()) as { protected: string };
      const header = JSON.parse(Buffer.from(text.protected, "base64url").toString()) as object;
      text.protected = Buffer.from(JSON.stringify({ ...header, alg: "ES256K" })).toString("base64url");
      return Buffer.from(JSON.stringify(text));
    },
    signature: () => {
      const text = JSON.parse(Buffer.from(seal([rain(1)])).toString()) as { payload: string };
      text.payload = Buffer.from(encodeSenml([rain(9)], "json")).toString("base64url");
      return Buffer.from(JSON.stringify(text));
    },
    "clock-ahead": () => seal([rain(1, { t: clock / 1000 + 31 })]),
    "too-old": () => seal([rain(1, { t: clock / 1000 - 7 * 86_400 - 1 })]),
    "unknown-measurement": () => seal([rain(1, { n: "wind" })]),
    unit: () => seal([rain(1, { u: "Cel" })]),
    "not-a-number": () => seal([{ n: "rain", u: "mm", t: clock / 1000, vs: "wet" }]),
    "attestation-malformed": () => seal([rain(1), { n: "publica-attestation", vd: Uint8Array.of(1) }]),
  };
  for (const [reason, make] of Object.entries(refusals)) {
    it(`sets aside with its reason: ${reason}`, async () => {
      const made = make();
      const outcome = await (Array.isArray(made) ? offer(made[0], made[1]) : offer(made));
      expect(reasonsOf(outcome)).to.deep.equal([reason]);
      expect(fixture.database.sql.prepare("SELECT reason FROM quarantine").all()).to.deep.equal([
        Object.assign(Object.create(null), { reason }),
      ]);
    });
  }

  it("believes the clock exactly up to its tolerance", async () => {
    expect(reasonsOf(await offer(seal([rain(1, { t: clock / 1000 + 30 })])))).to.deep.equal([]);
    expect(reasonsOf(await offer(seal([rain(1, { t: clock / 1000 - 7 * 86_400 })])))).to.deep.equal([]);
  });

  it("sets aside what is out of range, too fast or stuck, and keeps the good values of the same message", async () => {
    open({ feed: { limits: { min: 0, max: 100, ratePerHour: 60, stuckAfter: 3 } } });
    expect(reasonsOf(await offer(seal([rain(100)])))).to.deep.equal([]);
    clock += 60_000;
    expect(reasonsOf(await offer(seal([rain(100.1), rain(99)])))).to.deep.equal(["range"]);
    clock += 60_000;
    expect(reasonsOf(await offer(seal([rain(97.9)])))).to.deep.equal(["rate"]);
    expect(reasonsOf(await offer(seal([rain(98)])))).to.deep.equal([]);
    for (const expected of [[], [], ["stuck"]]) {
      clock += 60_000;
      expect(reasonsOf(await offer(seal([rain(98)])))).to.deep.equal(expected);
    }
    // The judgement survives a restart.
    open({ feed: { limits: { stuckAfter: 3 } } });
    device().sequence = 100;
    clock += 60_000;
    expect(reasonsOf(await offer(seal([rain(98)])))).to.deep.equal(["stuck"]);
  });

  it("normalises units", async () => {
    await offer(seal([rain(0.0123, { u: "m" })]));
    const row = fixture.database.sql.prepare("SELECT value FROM reading").get() as { value: number };
    expect(row.value).to.be.closeTo(12.3, 1e-9);
  });

  it("keeps an attestation that says what was measured, and sets aside one that does not", async () => {
    expect(reasonsOf(await offer(seal([rain(1.5), await attested(15n)])))).to.deep.equal([]);
    expect(count("attestation")).to.equal(1);
    expect(reasonsOf(await offer(seal([rain(1.5), await attested(16n, 1)], 1)))).to.deep.equal([
      "attestation-mismatch",
    ]);
    expect(reasonsOf(await offer(seal([rain(1.5), await attested(15n, 2, 41)], 2)))).to.deep.equal([
      "attestation-future",
    ]);
  });

  it("two values signed for one round are evidence, and the first stays", async () => {
    await offer(seal([rain(1.5), await attested(15n)]));
    expect(reasonsOf(await offer(seal([rain(1.7), await attested(17n)])))).to.deep.equal(["equivocation"]);
    expect(count("equivocation")).to.equal(1);
    const { round } = roundAt(clock / 1000, 10);
    expect(fixture.store.attestation(FEED, 1, round, 0)?.value).to.equal(15n);
  });

  it("does not acknowledge what a full disk refuses, and goes on when there is room", async () => {
    fixture.database.sql.exec(`PRAGMA max_page_count = ${pages() + 1}`);
    const big = () => seal([rain(1), { n: "note", vs: "x".repeat(60_000) }]);
    const failed = await offer(big()).then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    expect(failed).to.equal("NodeDiskFull");
    expect(count("message")).to.equal(0);
    fixture.database.sql.exec("PRAGMA max_page_count = 1000000");
    expect((await offer(big())).kind).to.equal("stored");
  });
  const pages = (): number =>
    (fixture.database.sql.prepare("PRAGMA page_count").get() as { page_count: number }).page_count;

  it("takes JSON lines, and sets a bad line aside", async () => {
    device().sequence = 1;
    const lines = [0, 1, 0].map((index) => Buffer.from(seal([rain(1)], index)).toString());
    const taken = await ingestLines(
      Readable.from([`${lines[0]}\n${lines[1]}\n\n{"broken\n${lines[2]}\n`]),
      fixture.intake,
      "stdin",
      silentLogger(),
    );
    expect(taken).to.equal(4);
    expect(count("message")).to.equal(3);
    expect(count("quarantine")).to.equal(1);
  });

  describe("over MQTT", function () {
    this.timeout(1_800_000);
    /** What a failed test would leave open. */
    let open: (() => unknown)[];
    beforeEach(() => {
      open = [];
    });
    afterEach(async () => {
      for (const close of open.reverse()) await close();
    });

    for (const [name, { version, start }] of Object.entries(brokers())) {
      // Shown as pending where it is not installed: a skipped proof must be seen.
      if (start === undefined) {
        it.skip(`through an external broker that restarts (${name}: not installed, apt-get install mosquitto)`);
        continue;
      }
      it(`loses nothing through an external broker that restarts (${name}), and acknowledges after the commit`, async () => {
        const port = await freePort();
        let stop = await start(port, folder.path("broker"));
        open.push(() => stop());
        const ingest = await startMqtt({
          settings: { url: `mqtt://127.0.0.1:${port}`, clientId: "node", version },
          intake: fixture.intake,
          log: silentLogger(),
          onState: () => {},
        });
        open.push(() => ingest.close());
        await until("the connection", () => ingest.connected() || undefined);
        const options = { clientId: "device", clean: false, reconnectPeriod: 100, protocolVersion: version };
        const sender = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options);
        sender.on("error", () => {});
        open.push(() => sender.endAsync(true));
        const send = (v: number) => sender.publishAsync(topicOf(device()), Buffer.from(seal([rain(v)])), { qos: 1 });
        await until("the subscription", async () => {
          await send(0);
          return count("message") > 0 ? true : undefined;
        });
        await stop();
        const before = count("message");
        const late = send(1);
        stop = await start(port, folder.path("broker"));
        await late;
        await until("what was sent while it was away, and more", async () => {
          await send(2);
          return count("message") > before + 1 ? true : undefined;
        });
      });
    }

    it("kill -9 under load: every acknowledged message is there, none twice", async () => {
      const FULL = process.env.PUBLICA_FULL === "1";
      const rounds = FULL ? 20 : 3;
      const perRound = FULL ? 1_000 : 300;
      const path = folder.path("killed.db");
      const port = await freePort();
      let child: ChildProcess | undefined;
      const receive = async (): Promise<void> => {
        child = startChild("receiver.ts", [path, String(port)]);
        await says(child, "ready");
      };
      const end = async (): Promise<void> => {
        if (child !== undefined) await kill(child);
      };
      open.push(end);
      await receive();
      clock = Date.now();
      const clients: MqttClient[] = await Promise.all(
        fixture.fleet.map(({ key }) =>
          mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: key.id, clean: false, reconnectPeriod: 50 }),
        ),
      );
      for (const client of clients) {
        client.on("error", () => {});
        open.push(() => client.endAsync(true));
      }
      for (let round = 0; round < rounds; round++) {
        const sent = Array.from({ length: perRound }, (_, i) =>
          clients[i % 4]?.publishAsync(topicOf(device(i % 4)), Buffer.from(seal([rain(i)], i % 4)), { qos: 1 }),
        );
        // Killed while messages are between the socket and the disk.
        await Promise.race([
          Promise.all(sent.slice(0, perRound / 3)),
          new Promise((resolve) => setTimeout(resolve, 2_000)),
        ]);
        await end();
        await receive();
        await Promise.all(sent);
      }
      await end();
      fixture.close();
      fixture = createIntakeFixture(path);
      expect(count("message")).to.equal(rounds * perRound);
      expect(count("quarantine")).to.equal(0);
    });
  });
});

/** The brokers at hand: aedes always, Mosquitto where it is installed (`apt-get install mosquitto`). */
function brokers(): Record<
  string,
  { version: 4 | 5; start: ((port: number, folder: string) => Promise<() => Promise<void>>) | undefined }
> {
  const aedes = async (port: number): Promise<() => Promise<void>> => {
    const broker = await Aedes.createBroker();
    const server = createServer(broker.handle);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return () =>
      new Promise((resolve) => {
        broker.close(() => server.close(() => resolve()));
      });
  };
  const program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find(existsSync);
  const external = "Mosquitto, MQTT 5";
  if (program === undefined) {
    return { aedes: { version: 4, start: aedes }, [external]: { version: 5, start: undefined } };
  }
  const mosquitto = async (port: number, folder: string): Promise<() => Promise<void>> => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "mosquitto.conf");
    const lines = [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${folder}/`,
      // As root it would change to an account that cannot write here.
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const child = spawn(program, ["-c", file], { stdio: "ignore" });
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await until(
      "mosquitto",
      () =>
        new Promise<true | undefined>((resolve) => {
          const socket = connect(port, "127.0.0.1");
          socket.once("connect", () => {
            socket.destroy();
            resolve(true);
          });
          socket.once("error", () => resolve(undefined));
        }),
    );
    return () => {
      child.kill("SIGTERM");
      return ended;
    };
  };
  return { aedes: { version: 4, start: aedes }, [external]: { version: 5, start: mosquitto } };
}
