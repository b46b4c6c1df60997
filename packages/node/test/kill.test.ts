import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import mqtt from "mqtt";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { stringify } from "yaml";
import { roundAt } from "../src/oracle/attestation.ts";
import { parseEnvelope } from "../src/oracle/envelope.ts";
import { act, createFleet, topicOf } from "../src/oracle/simulate.ts";
import { type Anvil, freePort, RICH_KEY, startAnvil } from "./support/anvil.ts";
import { deployFeed, until } from "./support/feed.ts";
import { temporaryFolder } from "./support/folder.ts";

const CLI = new URL("../src/oracle/cli.ts", import.meta.url).pathname;
const ROUNDS = 20;

describe("a whole node killed on a chain", function () {
  this.timeout(1_800_000);
  let anvil: Anvil;
  let folder: ReturnType<typeof temporaryFolder>;
  let child: ChildProcess | undefined;

  beforeEach(async () => {
    anvil = await startAnvil(["--block-time", "0.2"]);
    folder = temporaryFolder();
  });
  afterEach(async () => {
    child?.kill("SIGKILL");
    await anvil.close();
    folder.remove();
  });

  /** `publica-node run` as a user starts it; resolves when it takes messages. */
  async function start(config: string): Promise<void> {
    const process_ = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", CLI, "run", "--config", config],
      { env: { ...process.env, PUBLICA_KILL_KEY: RICH_KEY }, stdio: ["ignore", "ignore", "pipe"] },
    );
    child = process_;
    await new Promise<void>((resolve, reject) => {
      process_.once("exit", (code) => reject(new Error(`the node ended with ${code}`)));
      createInterface({ input: process_.stderr }).on("line", (line) => {
        if (line.includes("node runs")) resolve();
      });
    });
  }

  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    child?.kill("SIGKILL");
    await ended;
  };

  it(`${ROUNDS} times kill -9 under load: no acknowledged message lost, no round reported twice, no nonce stuck`, async () => {
    const fleet = createFleet(11, ["honest", "honest", "honest", "honest"]);
    const keys = fleet.map(({ signer }) => signer.key);
    const fixture = await deployFeed(anvil, keys, 3, { deviationBps: 0 });
    const [httpPort, mqttPort] = [await freePort(), await freePort()];
    const config = folder.path("node.yaml");
    writeFileSync(
      config,
      stringify({
        chain: {
          id: anvil.chainId,
          rpc: [anvil.url],
          sensorFeeds: fixture.context.address,
          finality: 3,
          poll: 0.2,
          fees: { bumpAfter: 2, dayBudgetEther: 10 },
        },
        key: { environment: "PUBLICA_KILL_KEY" },
        database: folder.path("node.db"),
        http: { port: httpPort },
        mqtt: { embedded: { port: mqttPort } },
        feeds: [{ id: fixture.context.feed, name: "rain", measurement: "rain", unit: "mm", round: 1, grace: 0.2 }],
        stagger: 1,
      }),
    );
    await start(config);
    const random = createRandom(5);
    const sender = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, {
      clientId: "devices",
      clean: false,
      reconnectPeriod: 50,
    });
    sender.on("error", () => {});
    /** device:sequence of what the broker acknowledged. */
    const acknowledged = new Set<string>();
    let pending = 0;
    let sending = true;
    const load = (async () => {
      let before = 0;
      while (sending) {
        const { round, observedAt } = roundAt(Date.now() / 1_000, 1);
        if (round !== before) {
          before = round;
          const truth = 10 + (round % 7);
          const situation = {
            context: fixture.context,
            measurement: "rain",
            unit: "mm",
            decimals: 1,
            round,
            observedAt,
          };
          for (const [index, device] of fleet.entries()) {
            for (const bytes of await act(device, index, { ...situation, truth, noise: 0.1 }, random)) {
              const { device: id, sequence } = parseEnvelope(bytes);
              pending += 1;
              sender.publish(topicOf(device), Buffer.from(bytes), { qos: 1 }, (error) => {
                pending -= 1;
                if (!error) acknowledged.add(`${id}:${sequence}`);
              });
            }
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let round = 0; round < ROUNDS; round++) {
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.floor(random() * 1_500)));
      await kill();
      await start(config);
    }
    const started = Date.now() / 1_000;
    await until("reports after the last kill", async () => {
      const latest = await fixture.latest();
      return latest !== undefined && latest.observedAt > started ? true : undefined;
    });
    sending = false;
    await load;
    await until("the last acknowledgements", () => (pending === 0 ? true : undefined));
    await sender.endAsync(true);

    type Counts = Record<"queued" | "signed" | "broadcast" | "mined" | "final" | "dropped", number>;
    const status = async () =>
      (await (await fetch(`http://127.0.0.1:${httpPort}/v1/status`)).json()) as { journal: Counts; alerts: object };
    const { journal, alerts } = await until("everything to be final", async () => {
      const seen = await status();
      const { queued, signed, broadcast, mined } = seen.journal;
      return queued + signed + broadcast + mined === 0 ? seen : undefined;
    });
    const { address } = privateKeyToAccount(RICH_KEY);
    const [latest, waiting] = await Promise.all(
      ["latest", "pending"].map((tag) => anvil.rpc<Hex>("eth_getTransactionCount", address, tag)),
    );
    expect(waiting, "no nonce is stuck").to.equal(latest);
    expect(alerts, "every nonce was its own").to.not.have.property("foreign-nonce");
    child?.kill("SIGTERM");
    await new Promise((resolve) => child?.once("exit", resolve));
    const database = new DatabaseSync(folder.path("node.db"), { readOnly: true });
    const stored = database.prepare("SELECT device, seq, count(*) AS n FROM message GROUP BY device, seq").all() as {
      device: string;
      seq: number;
      n: number;
    }[];
    const txs = database
      .prepare("SELECT key, success FROM tx WHERE state = 'final' AND cancelled = 0 AND key LIKE 'report:%'")
      .all() as { key: string; success: number }[];
    database.close();
    const onDisk = new Set(stored.map(({ device, seq }) => `${device}:${seq}`));
    expect(acknowledged.size).to.be.greaterThan(4 * ROUNDS);
    expect(
      [...acknowledged].filter((id) => !onDisk.has(id)),
      "acknowledged and lost",
    ).to.deep.equal([]);
    expect(
      stored.filter(({ n }) => n > 1),
      "stored twice",
    ).to.deep.equal([]);
    expect(txs.length).to.be.greaterThan(5);
    expect(
      txs.filter(({ success }) => success !== 1),
      "a report that reverted",
    ).to.deep.equal([]);
    expect(new Set(txs.map(({ key }) => key)).size).to.equal(txs.length);
    expect(journal.final).to.be.at.least(txs.length);
  });
});
