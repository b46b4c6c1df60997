import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import mqtt, { type MqttClient } from "mqtt";
import type { Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { stringify } from "yaml";
import { roundAt } from "../src/oracle/attestation.ts";
import { parseEnvelope } from "../src/oracle/envelope.ts";
import { act, createFleet, topicOf } from "../src/oracle/simulate.ts";
import { type Anvil, failures, freePort, RICH_KEY, startAnvil, stealNonce } from "./support/anvil.ts";
import { dies, ended, kill, says, start } from "./support/child.ts";
import { deployFeed, until } from "./support/feed.ts";
import { temporaryFolder } from "./support/folder.ts";
import type { Crash } from "./support/sender.ts";

const EDGES = ["before-sign", "signed", "broadcast", "accepted", "mined", "final"];
const FULL = process.env.PUBLICA_FULL === "1";
const { address: ACCOUNT } = privateKeyToAccount(RICH_KEY);

type Counts = Record<"queued" | "signed" | "broadcast" | "mined" | "final" | "dropped", number>;

describe("a whole node killed on a chain", function () {
  this.timeout(1_800_000);
  let anvil: Anvil;
  let folder: ReturnType<typeof temporaryFolder>;
  let child: ChildProcess | undefined;
  let sender: MqttClient | undefined;
  let sending: boolean;
  let load: Promise<void> | undefined;

  beforeEach(async () => {
    anvil = await startAnvil(["--block-time", "0.2"]);
    folder = temporaryFolder();
    sending = true;
  });
  afterEach(async () => {
    sending = false;
    await load?.catch(() => {});
    await sender?.endAsync(true);
    if (child !== undefined) await kill(child);
    await anvil.close();
    folder.remove();
  });

  /** The transactions of a node that is dead. */
  function transactions(where: string): { key: string; nonce: number; block_number: number; success: number }[] {
    const database = new DatabaseSync(folder.path("node.db"));
    try {
      return database.prepare(`SELECT * FROM tx WHERE ${where} ORDER BY nonce`).all() as never;
    } finally {
      database.close();
    }
  }

  it("kill -9 at every edge and at random under load: no acknowledged message lost, no round reported twice, no nonce stuck", async () => {
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
    const env = { PUBLICA_KILL_KEY: RICH_KEY };
    /** `publica-node run` as a user starts it; resolves when it takes messages. */
    const begin = async (): Promise<ChildProcess> => {
      child = start("../../src/oracle/cli.ts", ["run", "--config", config], env);
      await says(child, "node runs");
      return child;
    };
    const random = createRandom(5);

    sender = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, { clientId: "devices", clean: false, reconnectPeriod: 50 });
    sender.on("error", () => {});
    /** device:sequence of what the broker acknowledged. */
    const acknowledged = new Set<string>();
    let pending = 0;
    load = (async () => {
      let before = 0;
      while (sending) {
        const { round, observedAt } = roundAt(Date.now() / 1_000, 1);
        if (round !== before) {
          before = round;
          const situation = {
            context: fixture.context,
            measurement: "rain",
            unit: "mm",
            decimals: 1,
            round,
            observedAt,
          };
          for (const [index, device] of fleet.entries()) {
            const truth = 10 + (round % 7);
            for (const bytes of await act(device, index, { ...situation, truth, noise: 0.1 }, random)) {
              const { device: id, sequence } = parseEnvelope(bytes);
              pending += 1;
              sender?.publish(topicOf(device), Buffer.from(bytes), { qos: 1 }, (error) => {
                pending -= 1;
                if (!error) acknowledged.add(`${id}:${sequence}`);
              });
            }
          }
        }
        await pause(20);
      }
    })();

    /** Another process uses the nonce that was signed and not sent. */
    const steal = async (): Promise<void> => {
      const [signed] = transactions("state = 'signed'");
      await stealNonce(anvil, RICH_KEY, signed?.nonce ?? Number.NaN);
    };
    /** The block of the report that was just mined goes. */
    const reorganise = async (): Promise<void> => {
      const newest = transactions("state = 'mined'").at(-1)?.block_number ?? Number.NaN;
      const head = Number(await anvil.rpc<Hex>("eth_blockNumber"));
      await anvil.reorg(head - newest + 1);
    };
    const edges = (nth: number) => EDGES.map((edge) => ({ crash: { edge, nth } }));
    const rounds: { crash: Crash | undefined; after?: () => Promise<void> }[] = [
      ...edges(1),
      { crash: { edge: "signed", nth: 1 }, after: steal },
      { crash: { edge: "requeued", nth: 1 } },
      ...(FULL ? edges(2) : []),
      { crash: { edge: "mined", nth: 1 }, after: reorganise },
      { crash: { edge: "reopened", nth: 1 } },
      ...Array.from({ length: FULL ? 8 : 4 }, () => ({ crash: undefined })),
    ];
    for (const { crash, after } of rounds) {
      if (crash === undefined) {
        const running = await begin();
        const some = acknowledged.size + Math.floor(random() * 5);
        await until("messages to be taken", () => acknowledged.size >= some || undefined);
        await pause(random() * 800);
        expect(await kill(running)).to.equal("SIGKILL");
      } else {
        child = start("member.ts", [config, JSON.stringify(crash)], env);
        expect(await dies(child), JSON.stringify(crash)).to.equal("SIGKILL");
      }
      await after?.();
    }
    expect(rounds.length).to.equal(FULL ? 24 : 14);

    const last = await begin();
    const started = Date.now() / 1_000;
    await until("reports after the last kill", async () => {
      const latest = await fixture.latest();
      return latest !== undefined && latest.observedAt > started ? true : undefined;
    });
    sending = false;
    await load;
    await until("the last acknowledgements", () => (pending === 0 ? true : undefined));

    const status = async () =>
      (await (await fetch(`http://127.0.0.1:${httpPort}/v1/status`)).json()) as { journal: Counts; alerts: object };
    const { journal, alerts } = await until("everything to be final", async () => {
      const seen = await status();
      const { queued, signed, broadcast, mined } = seen.journal;
      return queued + signed + broadcast + mined === 0 ? seen : undefined;
    });
    const [latest, waiting] = await Promise.all(
      ["latest", "pending"].map((tag) => anvil.rpc<Hex>("eth_getTransactionCount", ACCOUNT, tag)),
    );
    expect(waiting, "no nonce is stuck").to.equal(latest);
    expect(journal.final + 1, "every nonce is its own but the stolen one").to.equal(Number(latest));
    expect(alerts, "the last process lost none").to.not.have.property("foreign-nonce");
    last.kill("SIGTERM");
    expect(await ended(last), "a graceful end").to.equal(0);

    const database = new DatabaseSync(folder.path("node.db"), { readOnly: true });
    const stored = database.prepare("SELECT device, seq, count(*) AS n FROM message GROUP BY device, seq").all() as {
      device: string;
      seq: number;
      n: number;
    }[];
    database.close();
    const onDisk = new Set(stored.map(({ device, seq }) => `${device}:${seq}`));
    expect(acknowledged.size).to.be.greaterThan(4 * 10);
    expect(
      [...acknowledged].filter((id) => !onDisk.has(id)),
      "acknowledged and lost",
    ).to.deep.equal([]);
    expect(
      stored.filter(({ n }) => n > 1),
      "stored twice",
    ).to.deep.equal([]);
    const reports = transactions("state = 'final' AND cancelled = 0 AND key LIKE 'report:%'");
    expect(reports.length).to.be.greaterThan(5);
    expect(new Set(reports.map(({ key }) => key)).size).to.equal(reports.length);
    // A second report of a round would have been refused by the contract, for the price of a failure.
    expect(await failures(anvil, ACCOUNT), "reverted").to.deep.equal([]);
  });
});
