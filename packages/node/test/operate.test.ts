import { writeFileSync } from "node:fs";
import { Writable } from "node:stream";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import pino from "pino";
import { parseEnvelope, sealEnvelope } from "../src/oracle/envelope.ts";
import { oracleRoutes } from "../src/oracle/ingest/http.ts";
import { startOracleNode } from "../src/oracle/node.ts";
import type { Rounds } from "../src/oracle/rounds.ts";
import { encodeSenml } from "../src/oracle/senml.ts";
import {
  act,
  BEHAVIOURS,
  connectMqtt,
  createFleet,
  readCsvColumn,
  runSimulation,
  type VirtualDevice,
} from "../src/oracle/simulate.ts";
import { RICH_KEY, startAnvil } from "./support/anvil.ts";
import { deployFeed, nodeConfig, sensorIndex, until } from "./support/feed.ts";
import { temporaryFolder, thrown } from "./support/folder.ts";
import { createIntakeFixture } from "./support/intake.ts";

describe("operation", function () {
  // Only a limit against hanging, far above what a busy machine needs.
  this.timeout(900_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let open: (() => unknown)[];
  beforeEach(() => {
    folder = temporaryFolder();
    open = [];
  });
  afterEach(async () => {
    for (const close of open.reverse()) await close();
    folder.remove();
  });

  it("takes messages over HTTP, one or many, says what became of each, and 503 to what is not on disk", async () => {
    const { intake, registry, database, fleet, close } = createIntakeFixture(folder.path("node.db"));
    open.push(close);
    const post = oracleRoutes(intake, registry, {} as Rounds)["POST /v1/messages"];
    if (post === undefined) throw new Error("no such route");
    const send = async (body: string | Uint8Array, contentType = "application/json") =>
      post({ url: new URL("http://node/v1/messages"), contentType, body: Buffer.from(body) });
    const [device] = fleet as [VirtualDevice];
    const message = (sequence: number, note = ""): Uint8Array => {
      const entries = [
        { n: "rain", u: "mm", t: Date.now() / 1_000, v: 1 },
        ...(note === "" ? [] : [{ n: "note", vs: note }]),
      ];
      return sealEnvelope(device.key, sequence, encodeSenml(entries, "json"), "json");
    };
    const first = message(1);
    expect(await send(first)).to.deep.equal({ status: 200, body: { outcomes: [{ stored: true, refused: [] }] } });
    const many = [first, message(2)].map((bytes) => Buffer.from(bytes).toString());
    const reply = await send(`${many.join("\n")}\n\nnonsense\n`, "application/x-ndjson");
    expect((reply.body as { outcomes: object[] }).outcomes.map((outcome) => Object.keys(outcome)[1])).to.deep.equal([
      "duplicate",
      "refused",
      "quarantined",
    ]);
    const pages = (database.sql.prepare("PRAGMA page_count").get() as { page_count: number }).page_count;
    database.sql.exec(`PRAGMA max_page_count = ${pages + 1}`);
    expect((await send(message(3, "x".repeat(60_000)))).status).to.equal(503);
    expect(database.sql.prepare("SELECT count(*) AS n FROM message").get()).to.include({ n: 2 });
  });

  it("virtual devices behave as they are called, the same for the same seed", async () => {
    const context = { chainId: 1, address: `0x${"11".repeat(20)}`, feed: `0x${"22".repeat(32)}`, epoch: 1 } as const;
    const live = async (seed: number): Promise<string[][]> => {
      const fleet = createFleet(seed, BEHAVIOURS);
      const random = createRandom(seed);
      const sent: string[][] = fleet.map(() => []);
      for (let round = 1; round <= 8; round++) {
        const situation = {
          context,
          measurement: "rain",
          unit: "mm",
          decimals: 1,
          round,
          observedAt: round * 10,
          truth: 10,
          noise: 0,
        };
        for (const [index, device] of fleet.entries()) {
          const messages = await act(device, index, situation, random);
          const values = messages.map((bytes) => {
            const { payload } = parseEnvelope(bytes);
            const [entry] =
              device.format === "json" ? (JSON.parse(Buffer.from(payload).toString()) as { v: number }[]) : [];
            return entry?.v ?? "";
          });
          sent[index]?.push(values.join());
        }
      }
      return sent;
    };
    const [honest, drift, silent, liar, duplicate, burst] = await live(3);
    expect(honest).to.deep.equal(Array(8).fill("10"));
    expect(drift).to.deep.equal(["10.1", "10.2", "10.3", "10.4", "10.5", "10.6", "10.7", "10.8"]);
    expect(silent?.filter((text) => text === "").length).to.be.within(1, 8);
    expect(liar?.every((text) => text === "")).to.equal(true);
    expect(duplicate).to.deep.equal(Array(8).fill("10,10"));
    expect(burst).to.deep.equal(["", "", "", "10,10,10,10", "", "", "", "10,10,10,10"]);
    expect(await live(3)).to.deep.equal([honest, drift, silent, liar, duplicate, burst]);
  });

  it("a simulation takes its truth from a CSV's column, and names what is wrong with it", () => {
    const file = folder.path("seattle.csv");
    writeFileSync(file, '\uFEFFdate,precipitation,"wind, m/s"\r\n2012-01-01,0.0,"4.7"\r\n2012-01-02,10.9,4.5\r\n');
    expect(readCsvColumn(file, "precipitation")).to.deep.equal([0, 10.9]);
    expect(readCsvColumn(file, "wind, m/s")).to.deep.equal([4.7, 4.5]);
    expect(thrown(() => readCsvColumn(file, "snow")).message).to.contain('no column "snow"');
    expect(thrown(() => readCsvColumn(folder.path("none.csv"), "snow")).message).to.contain("cannot read");
    writeFileSync(file, "date,rain\n2012-01-01,wet\n");
    expect(thrown(() => readCsvColumn(file, "rain")).message).to.contain("line 2");
  });

  it("is not ready while a report waits for more than half of the heartbeat; no log line holds a key or signed bytes", async () => {
    const anvil = await startAnvil(["--no-mining"]);
    open.push(() => anvil.close());
    let [mining, ended, shift] = [true, false, 0];
    const miner = (async () => {
      while (!ended) {
        if (mining) await anvil.rpc("anvil_mine", "0x1");
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    open.push(() => {
      ended = true;
      return miner;
    });
    const fleet = createFleet(12, ["honest", "honest", "honest"]);
    const HEARTBEAT = 200;
    const keys = fleet.map(({ signer }) => signer.key);
    const fixture = await deployFeed(anvil, keys, 3, { heartbeat: HEARTBEAT });
    process.env.PUBLICA_OPERATE_KEY = RICH_KEY;
    let lines = "";
    const stream = new Writable({
      write(chunk: Buffer, _, done) {
        lines += chunk.toString();
        done();
      },
    });
    const config = nodeConfig(fixture, [anvil.url], folder.path("node.db"), { key: "PUBLICA_OPERATE_KEY" });
    const node = await startOracleNode(config, {
      log: pino({ level: "trace" }, stream),
      now: () => Date.now() + shift,
    });
    delete process.env.PUBLICA_OPERATE_KEY;
    open.push(() => node.stop());
    await until("the feed to be known", () => node.status().ready || undefined);
    mining = false;
    const link = await connectMqtt(node.mqttUrl as string, fleet);
    open.push(() => link.close());
    await runSimulation({
      ...{ measurement: "rain", unit: "mm", decimals: 1, roundSeconds: 1, noise: 0, seed: 7, links: [link], fleet },
      context: fixture.context,
      sensorOf: sensorIndex(fleet),
      truth: (n) => (n < 1 ? 10 : undefined),
    });
    await until("the report to be on its way", () => node.status().journal.broadcast > 0 || undefined);
    const ready = async (): Promise<string> => (await fetch(`${node.url}/readyz`)).text();
    expect(await ready()).to.contain('"ready":true');
    shift = (HEARTBEAT / 2 + 1) * 1_000;
    expect(await ready()).to.contain("a report waits for more than half of the heartbeat");
    mining = true;
    await until("it to be ready again", async () => (await ready()).includes('"ready":true') || undefined);
    expect(lines.toLowerCase()).to.contain("report queued").and.not.to.contain(RICH_KEY.slice(2));
    expect(lines, "no signed bytes").not.to.match(/0x02f8/i);
  });
});
