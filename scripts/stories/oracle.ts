// Three nodes, seven devices, one feed: through a reorganisation, a node's death and a lie.
import { connectMqtt, createFleet, runSimulation, type VirtualDevice } from "@publica/node/oracle";
import { addressOf, createFeed, type FeedDescription, feedIdOf, tryReadFeed } from "@publica/sdk";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { createTestClient, http } from "viem";
import { waitForTransactionReceipt } from "viem/actions";
import { build } from "../build.ts";
import { createActors } from "../lib/actors.ts";
import { connectLocal, startLocalChain } from "../lib/chain.ts";
import { ProgressLine, table } from "../lib/console.ts";
import { deploySuite } from "../lib/deployment.ts";
import { type LocalNode, startLocalNodes } from "../lib/oracleNodes.ts";
import { UsageError } from "../lib/usage.ts";

const USAGE = `Usage: npm run story -- oracle [--seed N]

Three oracle nodes take the messages of seven virtual devices in over MQTT and keep a feed on a local chain fresh. On the
way the chain is reorganised, a node dies, and a device lies all along. Takes about a minute.

  --seed N   fixes the devices' keys and noise (default 1)

Example: npm run story -- oracle --seed 7`;

const ROUND_SECONDS = 2;
const DEVICES = ["honest", "honest", "honest", "liar", "duplicate", "honest", "drift"] as const;
const QUORUM = 4;

const sum = (record: Readonly<Record<string, number>>): number => Object.values(record).reduce((a, b) => a + b, 0);

const said = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([reason, n]) => `${reason} ${n}`)
    .join(", ") || "–";

/** One line a node: what came in, what was refused and why, what it posted. */
function nodesTable(nodes: readonly LocalNode[], dead: ReadonlySet<LocalNode>): string {
  return table(
    ["node", "messages", "twice", "refused, and why", "reports posted", "final", "reorgs"],
    nodes.map((local) => {
      const { messages, refused, journal, reorgs } = local.node.status();
      const name = dead.has(local) ? pc.dim(`${local.name} (dead)`) : local.name;
      return [
        name,
        String(sum(messages)),
        String(messages.duplicate ?? 0),
        said(refused),
        String(local.posted.length),
        String(journal.final),
        String(reorgs),
      ];
    }),
    [1, 2, 4, 5, 6],
  );
}

/** Draws over what it drew before on a terminal; prints nothing in a log, where the chapters print. */
function createScreen(): { draw: (text: string) => void; leave: () => void } {
  let height = 0;
  return {
    draw(text) {
      if (!process.stdout.isTTY) return;
      if (height > 0) process.stdout.write(`\x1b[${height}A\x1b[J`);
      process.stdout.write(`${text}\n`);
      height = text.split("\n").length;
    },
    leave() {
      height = 0;
    },
  };
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: "string", default: "1" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (!/^\d{1,9}$/.test(values.seed))
    throw new UsageError(`--seed takes a whole number, not "${values.seed}"\n\n${USAGE}`);
  const seed = Number(values.seed);
  await build("production");
  const line = new ProgressLine();
  line.update("starting a chain");
  const local = await startLocalChain();
  const ends: (() => Promise<unknown>)[] = [() => local.close()];
  const halt = new AbortController();
  try {
    const connection = await connectLocal(local.url);
    const deployment = await deploySuite({
      connection,
      network: "localhost",
      deploymentId: "story-oracle",
      fresh: true,
      demonstration: true,
    });
    const client = await connection.viem.getPublicClient();
    const { operator } = await createActors(connection);
    const fleet = createFleet(seed, DEVICES);
    const description: FeedDescription = {
      name: "Rain, demonstration field",
      unit: "0.1 mm",
      decimals: 1,
      minPlausible: 0n,
      maxPlausible: 5_000n,
      heartbeat: 20,
      deviationBps: 500,
      historySize: 256,
    };
    const address = addressOf(deployment, "SensorFeeds");
    const keys = fleet.map(({ signer }) => signer.key);
    const hash = await createFeed(operator.client, { address, description, keys, quorum: QUORUM });
    await waitForTransactionReceipt(client, { hash });
    const feed = feedIdOf(description);
    const context = { chainId: deployment.chainId, address, feed, epoch: 1 };

    // A block a second, as on a real chain: finality and reorganisations need blocks that come by themselves.
    const chain = createTestClient({ mode: "hardhat", transport: http(local.url) });
    await chain.mine({ blocks: 5 });
    await chain.setAutomine(false);
    await chain.setIntervalMining({ interval: 1 });

    const { nodes, close } = await startLocalNodes({
      url: local.url,
      context,
      count: 3,
      roundSeconds: ROUND_SECONDS,
      feed: { limits: { min: 0, max: 90 }, triggers: [30] },
    });
    ends.push(close);
    const links = await Promise.all(nodes.map(({ node }) => connectMqtt(node.mqttUrl ?? "", fleet)));
    for (const link of links) ends.push(() => link.close());
    line.done(
      `three nodes and ${fleet.length} devices; device 4 lies, device 5 says everything twice, device 7 drifts`,
    );

    const screen = createScreen();
    const dead = new Set<LocalNode>();
    let truth = 12;
    const latest = async () => (await tryReadFeed(client, { address, feed })).round;
    const feedLine = async (): Promise<string> => {
      const round = await latest();
      if (round === undefined) return `truth ${truth.toFixed(1)} mm · nothing on chain yet`;
      const value = (Number(round.value) / 10).toFixed(1);
      const age = Math.max(0, Math.round(Date.now() / 1_000) - round.observedAt);
      return `truth ${truth.toFixed(1)} mm · on chain ${pc.bold(`${value} mm`)} (round ${round.round}, ${age} s old)`;
    };
    const simulation = runSimulation({
      context,
      measurement: "rain",
      unit: "mm",
      decimals: 1,
      roundSeconds: ROUND_SECONDS,
      fleet,
      sensorOf: (device: VirtualDevice) => fleet.indexOf(device),
      truth: () => truth,
      noise: 0.1,
      // Each device knows two of the three nodes.
      links: links.map((link, index) => ({
        ...link,
        deliver: (device: VirtualDevice, message: Uint8Array) =>
          fleet.indexOf(device) % 3 === index ? Promise.resolve() : link.deliver(device, message),
      })),
      seed,
      signal: halt.signal,
    });
    ends.push(async () => {
      halt.abort();
      await simulation;
    });

    /** Draws until `done`, at most for `seconds`. */
    const watch = async (seconds: number, what: string, done: () => Promise<boolean> | boolean): Promise<void> => {
      const deadline = Date.now() + seconds * 1_000;
      for (;;) {
        screen.draw(`${nodesTable(nodes, dead)}\n${await feedLine()}`);
        if (await done()) break;
        if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      screen.leave();
      if (!process.stdout.isTTY) console.log(`${nodesTable(nodes, dead)}\n${await feedLine()}`);
    };
    const chapter = (title: string): void => console.log(`\n${pc.bold(pc.cyan(title))}`);

    chapter("1  Messages come in, a round is agreed, one node posts it");
    await watch(40, "the first report", async () => (await latest()) !== undefined);

    chapter("2  The rain gets heavier: the change is posted at once");
    const snapshot = await chain.snapshot();
    truth = 36;
    await watch(40, "the new value", async () => ((await latest())?.value ?? 0n) > 300n);

    chapter("3  The chain is reorganised: that report is gone, and comes back by itself");
    await chain.revert({ id: snapshot });
    await chain.setAutomine(false);
    await chain.setIntervalMining({ interval: 1 });
    console.log(`right after: ${await feedLine()}`);
    await watch(60, "the report again", async () => ((await latest())?.value ?? 0n) > 300n);

    chapter("4  A node dies; the others take its turns");
    const [, victim] = nodes;
    if (victim !== undefined) {
      dead.add(victim);
      await victim.node.stop();
    }
    const before = (await latest())?.round ?? 0;
    truth = 21;
    await watch(40, "a report without it", async () => {
      const round = await latest();
      return round !== undefined && round.round > before && round.value < 230n;
    });

    const end = await latest();
    chapter("What held");
    console.log(
      table(
        ["", ""],
        [
          ["value on chain", `${(Number(end?.value ?? 0n) / 10).toFixed(1)} mm; the truth is ${truth.toFixed(1)} mm`],
          ["the liar claimed", `${(truth * 10 + 10).toFixed(1)} mm: set aside as out of range, never in a report`],
          ["messages taken", String(nodes.reduce((total, { node }) => total + sum(node.status().messages), 0))],
          ["reports posted", nodes.map(({ name, posted }) => `${name}: ${posted.length}`).join(", ")],
        ],
      ),
    );
    console.log(pc.dim("\nTry it with your own devices: packages/node/README.md"));
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
