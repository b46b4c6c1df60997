import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import type { DeviceKey } from "../src/oracle/envelope.ts";
import { privateKeyToAccount } from "viem/accounts";
import { type OracleNode, startOracleNode } from "../src/oracle/node.ts";
import { accountKey } from "@publica/sdk/foundation";
import { roundAt } from "../src/oracle/attestation.ts";
import { act, connectMqtt, createFleet, runSimulation, type VirtualDevice } from "../src/oracle/simulate.ts";
import { createLogger, silentLogger } from "../src/runtime/index.ts";
import { type Anvil, freePort, startAnvil } from "./support/anvil.ts";
import { deployFeed, type FeedFixture, nodeConfig, OPERATOR_KEYS, sensorIndex, until } from "./support/feed.ts";
import { temporaryFolder } from "./support/folder.ts";

const SIMULATION = { measurement: "rain", unit: "mm", decimals: 1, roundSeconds: 1, noise: 0.1, seed: 7 };
/** A report is due three rounds and the stagger before it lapses: with rounds of five seconds, 17 seconds for a busy machine. */
const HEARTBEAT = 40;
const HEARTBEAT_ROUND = 5;

describe("oracle node on a chain", function () {
  this.timeout(1_800_000);
  let anvil: Anvil;
  let folder: ReturnType<typeof temporaryFolder>;
  let nodes: OracleNode[];
  let halt: AbortController;
  const environment = OPERATOR_KEYS.map((key, index) => {
    const name = `PUBLICA_TEST_KEY_${index}`;
    process.env[name] = key;
    return name;
  });

  beforeEach(async () => {
    anvil = await startAnvil(["--block-time", "0.2"]);
    folder = temporaryFolder();
    nodes = [];
    halt = new AbortController();
  });
  afterEach(async () => {
    halt.abort();
    for (const node of nodes) await node.stop();
    await anvil.close();
    folder.remove();
  });

  const start = async (fixture: FeedFixture, extra: Parameters<typeof nodeConfig>[3] = {}): Promise<OracleNode> => {
    const file = folder.path(`node${nodes.length}.db`);
    const config = nodeConfig(fixture, [anvil.url], file, { key: environment[0] as string, ...extra });
    const node = await startOracleNode(config, {
      log: process.env.DEBUG_NODE ? createLogger("debug") : silentLogger(),
    });
    nodes.push(node);
    return node;
  };

  it("turns sensor messages into reports; lies, silence and repetition change nothing", async () => {
    const fleet = createFleet(1, ["honest", "honest", "honest", "liar", "silent", "duplicate", "drift"]);
    const fixture = await deployFeed(
      anvil,
      fleet.map(({ signer }) => signer.key),
      4,
    );
    const node = await start(fixture, { feed: { limits: { max: 500 } } });
    const link = await connectMqtt(node.mqttUrl as string, fleet);
    const run = runSimulation({
      ...SIMULATION,
      context: fixture.context,
      fleet,
      sensorOf: sensorIndex(fleet),
      truth: (n) => (n < 4 ? 10 : 25),
      links: [link],
      signal: halt.signal,
    });
    await until("the first report", async () => (await fixture.latest())?.value);
    const value = await until("the change", async () => {
      const latest = await fixture.latest();
      return latest !== undefined && latest.value > 200n ? latest.value : undefined;
    });
    expect(Number(value)).to.be.within(248, 258);
    halt.abort();
    await run;
    await link.close();
    await until("it to be ready", () => node.status().ready || undefined);
    expect(node.status().messages.duplicate).to.be.greaterThan(0);
    await until("both to be known as mined", () => {
      const { mined, final } = node.status().journal;
      return mined + final > 1 ? true : undefined;
    });
  });

  it("waits for a chain whose clock is behind, and drops nothing", async () => {
    await anvil.close();
    const BEHIND = 6;
    anvil = await startAnvil(["--block-time", "0.2", "--timestamp", String(Math.floor(Date.now() / 1_000) - BEHIND)]);
    const fleet = createFleet(6, ["honest", "honest", "honest"]);
    const fixture = await deployFeed(
      anvil,
      fleet.map(({ signer }) => signer.key),
      3,
    );
    const node = await start(fixture);
    await until("the feed to be known", () => (node.status().ready ? true : undefined));
    const link = await connectMqtt(node.mqttUrl as string, fleet);
    await runSimulation({
      ...SIMULATION,
      context: fixture.context,
      fleet,
      sensorOf: sensorIndex(fleet),
      truth: (n) => (n < 1 ? 10 : undefined),
      links: [link],
    });
    await link.close();
    await until("the report", () => fixture.latest());
    expect(node.status().journal.dropped).to.equal(0);
  });

  it("reports again what a reorganisation took away, also when the node is restarted in between", async () => {
    const fleet = createFleet(2, ["honest", "honest", "honest", "honest"]);
    const fixture = await deployFeed(
      anvil,
      fleet.map(({ signer }) => signer.key),
      3,
    );
    const node = await start(fixture);
    await until("the feed to be known", () => (node.status().ready ? true : undefined));
    const link = await connectMqtt(node.mqttUrl as string, fleet);
    await runSimulation({
      ...SIMULATION,
      context: fixture.context,
      fleet,
      sensorOf: sensorIndex(fleet),
      truth: (n) => (n < 2 ? 10 : undefined),
      links: [link],
    });
    await link.close();
    const first = await until("the report", async () => (await fixture.latest())?.round);
    await anvil.reorg(2);
    await node.stop();
    nodes = [];
    const again = await startOracleNode(
      nodeConfig(fixture, [anvil.url], folder.path("node0.db"), { key: environment[0] as string }),
      { log: silentLogger() },
    );
    nodes.push(again);
    const second = await until("the report again", async () => (await fixture.latest())?.round);
    expect(second).to.equal(first);
    await until("finality", () => (again.status().journal.final > 0 ? true : undefined));
  });

  it("nodes that are sensors themselves sign their own window's median and gather the others' over HTTP", async () => {
    const fleet = createFleet(4, ["honest", "honest", "honest"]);
    const keys = OPERATOR_KEYS.map((key) => accountKey(privateKeyToAccount(key).address));
    const fixture = await deployFeed(anvil, keys, 3);
    const accounts = OPERATOR_KEYS.map((key) => privateKeyToAccount(key).address);
    const ports = [await freePort(), await freePort(), await freePort()];
    const devices = fleet.map(({ key }) => ({
      curve: key.algorithm === "ES256" ? "p256" : "secp256k1",
      publicKey: publicKeyOf(key),
    }));
    for (const [index, port] of ports.entries()) {
      await start(fixture, {
        key: environment[index] as string,
        http: { port },
        peers: accounts
          .map((account, i) => ({ account, url: `http://127.0.0.1:${ports[i]}` }))
          .filter((_, i) => i !== index),
        feed: { own: { key: { environment: environment[index] }, devices } },
      });
    }
    for (const node of nodes) await until("the feed", () => (node.status().ready ? true : undefined));
    const links = await Promise.all(nodes.map((node) => connectMqtt(node.mqttUrl as string, fleet)));
    const run = runSimulation({
      ...SIMULATION,
      context: fixture.context,
      fleet,
      sensorOf: sensorIndex(fleet),
      truth: () => 12,
      // Each node has one device of its own.
      links: links.map((link, node) => ({
        ...link,
        deliver: (device: VirtualDevice, message: Uint8Array) =>
          fleet.indexOf(device) === node ? link.deliver(device, message) : Promise.resolve(),
      })),
      signal: halt.signal,
    });
    const latest = await until("a report of all three", () => fixture.latest());
    expect(Number(latest.value)).to.be.within(118, 122);
    halt.abort();
    await run;
    for (const link of links) await link.close();
  });

  it("a node that is a sensor itself turns a CSV of bare values into reports", async () => {
    const [gateway] = createFleet(9, ["honest"]);
    if (gateway === undefined) throw new Error("no device");
    process.env.PUBLICA_GATEWAY_KEY = gateway.key.privateKey;
    const account = privateKeyToAccount(OPERATOR_KEYS[0] as Hex);
    const fixture = await deployFeed(anvil, [accountKey(account.address)], 1);
    const file = folder.path("rain.csv");
    const rows = Array.from({ length: 5_000 }, (_, n) => `${new Date(Date.UTC(2013, 3, 1, 0, n)).toISOString()},1.23`);
    writeFileSync(file, `time,rain cm\n${rows.join("\n")}\n`);
    const node = await start(fixture, {
      // A minute of the recording in a tenth of a second.
      replay: [
        {
          file,
          speed: 600,
          rows: {
            key: { environment: "PUBLICA_GATEWAY_KEY" },
            curve: "p256",
            time: "time",
            value: "rain cm",
            measurement: "rain",
            unit: "cm",
            restamp: true,
          },
        },
      ],
      feed: {
        own: {
          key: { environment: environment[0] },
          devices: [{ curve: "p256", publicKey: publicKeyOf(gateway.key) }],
        },
      },
    });
    delete process.env.PUBLICA_GATEWAY_KEY;
    const latest = await until("a report", () => fixture.latest());
    expect(Number(latest.value), "1.23 cm in tenths of a millimetre").to.equal(123);
    const [recording] = node.status().replays;
    expect(recording?.lines).to.be.greaterThan(2);
    expect(node.status().messages.stored).to.be.greaterThan(0);
  });

  it("a sensor that signs two values is ejected on chain", async () => {
    const fleet = createFleet(5, ["honest", "honest", "honest", "honest"]);
    const fixture = await deployFeed(
      anvil,
      fleet.map(({ signer }) => signer.key),
      3,
    );
    const node = await start(fixture);
    await until("the feed", () => (node.status().ready ? true : undefined));
    const [device] = fleet;
    if (device === undefined) throw new Error("no device");
    const { round, observedAt } = roundAt(Date.now() / 1_000, 1);
    for (const truth of [10, 20]) {
      const situation = { ...SIMULATION, context: fixture.context, round, observedAt, truth, noise: 0 };
      for (const bytes of await act(device, 0, situation, () => 0.5))
        await node.intake.offer({ source: "test", bytes });
    }
    await until("the ejection", async () => ((await fixture.sensors())[0] === undefined ? true : undefined));
    expect(node.status().refused.equivocation).to.be.greaterThan(0);
    await until(
      "the node to see the new set, once it is final",
      () => node.status().feeds[0]?.sensors === 3 || undefined,
    );
  });

  it("31 devices, 3 nodes, one Byzantine, one dead: the heartbeat is kept", async () => {
    const fleet = createFleet(
      3,
      Array.from({ length: 31 }, (_, i) => (i % 10 === 9 ? "liar" : i % 10 === 8 ? "silent" : "honest")),
    );
    const fixture = await deployFeed(
      anvil,
      fleet.map(({ signer }) => signer.key),
      16,
      { heartbeat: HEARTBEAT, deviationBps: 5_000 },
    );
    const byzantine = await startByzantine();
    const accounts = OPERATOR_KEYS.map((key) => privateKeyToAccount(key).address);
    const ports = [await freePort(), await freePort()];
    const peersOf = (self: number) => [
      ...ports.flatMap((port, i) => (i === self ? [] : [{ url: `http://127.0.0.1:${port}`, account: accounts[i] }])),
      { url: byzantine.url, account: accounts[2] },
    ];
    for (const index of [0, 1]) {
      await start(fixture, {
        key: environment[index] as string,
        http: { port: ports[index] },
        peers: peersOf(index),
        feed: { round: HEARTBEAT_ROUND, grace: 0.5 },
      });
    }
    for (const node of nodes) await until("the feed", () => (node.status().ready ? true : undefined));
    // Each device knows two of the three nodes; what it tells the Byzantine one is lost.
    const links = await Promise.all(nodes.map((node) => connectMqtt(node.mqttUrl as string, fleet)));
    const partial = links.map((link, node) => ({
      ...link,
      deliver: (device: VirtualDevice, message: Uint8Array) =>
        fleet.indexOf(device) % 3 === node ? Promise.resolve() : link.deliver(device, message),
    }));
    const ages: number[] = [];
    const run = runSimulation({
      ...SIMULATION,
      roundSeconds: HEARTBEAT_ROUND,
      context: fixture.context,
      fleet,
      sensorOf: sensorIndex(fleet),
      truth: (n) => 10 + (n % 2) / 10,
      links: partial,
      signal: halt.signal,
      onRound: async (round) => {
        const latest = await fixture.latest();
        if (latest !== undefined) ages.push(round * HEARTBEAT_ROUND - latest.observedAt);
      },
    });
    const first = await until("the first report", async () => (await fixture.latest())?.round);
    // One dies for good, in the middle of things.
    await nodes[1]?.stop();
    nodes = nodes.slice(0, 1);
    const rounds = new Set<number>();
    await until("two reports more", async () => {
      const latest = await fixture.latest();
      if (latest !== undefined && latest.round > first) rounds.add(latest.round);
      return rounds.size >= 2 ? true : undefined;
    });
    halt.abort();
    await run;
    for (const link of links) await link.close();
    expect(Math.max(...ages), "never older than the heartbeat").to.be.at.most(HEARTBEAT);
    expect(byzantine.asked).to.be.greaterThan(0);
    const latest = await fixture.latest();
    expect(Number(latest?.value), "liars do not move it").to.be.within(98, 103);
    expect(nodes[0]?.status().refused["attestation-signature"], "forgeries are seen").to.be.greaterThan(0);
    await byzantine.close();
  });
});

function publicKeyOf({ algorithm, privateKey }: DeviceKey): string {
  const curve = algorithm === "ES256" ? p256 : secp256k1;
  return bytesToHex(curve.getPublicKey(hexToBytes(privateKey)));
}

/** A peer that answers with forged, senseless and enormous attestations in turn. */
async function startByzantine() {
  const byzantine = { url: "", asked: 0, close: async () => {} };
  const server = createServer((request, response) => {
    byzantine.asked += 1;
    const after = Number(new URL(request.url ?? "/", "http://x").searchParams.get("after"));
    const round = Math.max(after + 1, Math.floor(Date.now() / 1_000 / HEARTBEAT_ROUND));
    const forged = Array.from({ length: 31 }, (_, sensor) => ({
      sensor,
      round,
      observedAt: HEARTBEAT_ROUND * round,
      value: "4999",
      signature: `0x${"ab".repeat(64)}`,
    }));
    const answers = [JSON.stringify({ attestations: forged }), "{", JSON.stringify({ attestations: [{ sensor: -1 }] })];
    response.end(answers[byzantine.asked % answers.length]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  byzantine.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  byzantine.close = () => new Promise((resolve) => server.close(() => resolve()));
  return byzantine;
}
