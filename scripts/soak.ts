// npm run soak: three nodes under load and trouble for minutes; a report, and exit code 1 when a promise was broken.
import { act, connectMqtt, createFleet, type VirtualDevice } from "@publica/node/oracle";
import {
  addressOf,
  createFeed,
  createRandom,
  type FeedDescription,
  feedIdOf,
  PublicaError,
  tryReadFeed,
} from "@publica/sdk";
import { sensorFeedsAbi } from "@publica/sdk/abi";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { createTestClient, type Hex, http } from "viem";
import { waitForTransactionReceipt } from "viem/actions";
import { build } from "./build.ts";
import { createActors } from "./lib/actors.ts";
import { ChainProblem, connectLocal, startLocalChain } from "./lib/chain.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { deploySuite } from "./lib/deployment.ts";
import { startLocalNodes } from "./lib/oracleNodes.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run soak -- [--minutes N] [--seed N] [--counts]

Runs three oracle nodes, nine virtual devices of every behaviour and a chain that is reorganised now and then, for N
minutes (default 10). Ends with a table of what was promised and what was seen; exit code 1 when a promise was broken.
With --counts only what can be counted decides (nothing lost, nothing twice, no lie, no nonce stuck), so that the verdict
is the same on a slow machine; ages and memory are shown all the same.

Example: npm run soak -- --minutes 1 --seed 7`;

const ROUND_SECONDS = 2;
const HEARTBEAT = 30;
const QUORUM = 5;
const BEHAVIOURS = ["honest", "honest", "liar", "honest", "duplicate", "honest", "burst", "honest", "silent"] as const;
/** Rounds between two reorganisations. */
const REORG_EVERY = 12;
/** Growth after the first quarter beyond which something leaks. The chain keeps its history in this process as well. */
const GROWTH_MIB = 192;
/** Patience for the last transactions to become final. */
const SETTLE_SECONDS = 120;

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      counts: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const minutes = Number(values.minutes);
  if (!(minutes >= 0.5 && minutes <= 10_000)) throw new UsageError("--minutes takes a number from 0.5 to 10000");
  if (!/^\d{1,9}$/.test(values.seed)) throw new UsageError(`--seed takes a whole number, not "${values.seed}"`);
  const random = createRandom(Number(values.seed));
  await build("production");
  const line = new ProgressLine();
  const local = await startLocalChain();
  const ends: (() => Promise<unknown>)[] = [() => local.close()];
  try {
    const connection = await connectLocal(local.url);
    const options = { network: "localhost", deploymentId: "soak", fresh: true, demonstration: true };
    const deployment = await deploySuite({ connection, ...options });
    const client = await connection.viem.getPublicClient();
    const { operator } = await createActors(connection);
    const fleet = createFleet(Number(values.seed), BEHAVIOURS);
    const description: FeedDescription = {
      name: "Rain, soak",
      unit: "0.1 mm",
      decimals: 1,
      minPlausible: 0n,
      maxPlausible: 5_000n,
      heartbeat: HEARTBEAT,
      deviationBps: 200,
      historySize: 256,
    };
    const address = addressOf(deployment, "SensorFeeds");
    const keys = fleet.map(({ signer }) => signer.key);
    const hash = await createFeed(operator.client, { address, description, keys, quorum: QUORUM });
    await waitForTransactionReceipt(client, { hash });
    const feed = feedIdOf(description);
    const context = { chainId: deployment.chainId, address, feed, epoch: 1 };
    const chain = createTestClient({ mode: "hardhat", transport: http(local.url) });
    const beat = async (): Promise<void> => {
      await chain.setAutomine(false);
      await chain.setIntervalMining({ interval: 1 });
    };
    await chain.mine({ blocks: 5 });
    await beat();
    const { nodes, close } = await startLocalNodes({ url: local.url, context, count: 3, roundSeconds: ROUND_SECONDS });
    ends.push(close);
    const links = await Promise.all(nodes.map(({ node }) => connectMqtt(node.mqttUrl ?? "", fleet)));
    for (const link of links) ends.push(() => link.close());

    const end = Date.now() + minutes * 60_000;
    const memory = (): number => process.memoryUsage().rss / 2 ** 20;
    let [sent, unacknowledged, reorgs, oldest, early, rounds] = [0, 0, 0, 0, 0, 0];
    let truth = 20;
    let snapshot: Hex | undefined;
    let excused = 0;
    while (Date.now() < end) {
      const observedAt = Math.ceil(Date.now() / 1_000 / ROUND_SECONDS) * ROUND_SECONDS;
      await pause(Math.max(0, observedAt * 1_000 - Date.now()));
      rounds += 1;
      truth = Math.max(1, truth + random() * 4 - 2);
      const round = observedAt / ROUND_SECONDS;
      const situation = { context, measurement: "rain", unit: "mm", decimals: 1, round, observedAt, truth, noise: 0.1 };
      const deliveries: Promise<unknown>[] = [];
      for (const device of fleet as VirtualDevice[]) {
        for (const message of await act(device, fleet.indexOf(device), situation, random)) {
          for (const link of links) {
            sent += 1;
            deliveries.push(
              link.deliver(device, message).catch(() => {
                unacknowledged += 1;
              }),
            );
          }
        }
      }
      await Promise.all(deliveries);
      if (rounds % REORG_EVERY === REORG_EVERY - 3) snapshot = await chain.snapshot();
      if (rounds % REORG_EVERY === 0 && snapshot !== undefined) {
        await chain.revert({ id: snapshot });
        await beat();
        snapshot = undefined;
        reorgs += 1;
        // The feed is as old as the chain made it; the nodes have some rounds to mend it.
        excused = rounds + 3;
      }
      const { round: latest } = await tryReadFeed(client, { address, feed });
      if (latest !== undefined && rounds > excused) oldest = Math.max(oldest, observedAt - latest.observedAt);
      if (early === 0 && Date.now() > end - minutes * 45_000) early = memory();
      line.update(
        `${Math.max(0, Math.round((end - Date.now()) / 1_000))} s left, ${sent} messages, ${reorgs} reorganisations`,
      );
    }
    // What is under way comes to an end, however slow the machine is.
    const underWay = (): number =>
      nodes.reduce((sum, { node }) => {
        const { queued, signed, broadcast, mined } = node.status().journal;
        return sum + queued + signed + broadcast + mined;
      }, 0);
    for (let waited = 0; waited < SETTLE_SECONDS && underWay() > 0; waited++) await pause(1_000);
    line.done(`${rounds} rounds`);

    const statuses = nodes.map(({ node }) => node.status());
    const taken = statuses.reduce((sum, { messages }) => sum + Object.values(messages).reduce((a, b) => a + b, 0), 0);
    const reports = await client.getContractEvents({
      address,
      abi: sensorFeedsAbi,
      eventName: "FeedReported",
      fromBlock: 0n,
    });
    const lies = reports.filter(({ args: { value = 0n } }) => value > 1_000n).length;
    const stuck = underWay();
    const perRound = new Map<number, number>();
    for (const { args } of reports) perRound.set(args.round ?? 0, (perRound.get(args.round ?? 0) ?? 0) + 1);
    const twice = [...perRound.values()].filter((n) => n > 1).length;
    const counts = await Promise.all(
      nodes.flatMap(({ account }) =>
        (["latest", "pending"] as const).map((blockTag) => client.getTransactionCount({ address: account, blockTag })),
      ),
    );
    const holes = counts.filter((n, index) => index % 2 === 1 && n !== counts[index - 1]).length;
    const foreign = statuses.reduce((sum, { alerts }) => sum + (alerts["foreign-nonce"] ?? 0), 0);
    const growth = Math.max(0, memory() - early);
    // Whether a promise is about time, and so about the machine as well.
    const promises: [what: string, seen: string, kept: boolean, timed?: "timed"][] = [
      ["every acknowledged message is on disk", `${taken} of ${sent - unacknowledged}`, taken >= sent - unacknowledged],
      ["no round reported twice", String(twice), twice === 0],
      [`never older than the heartbeat of ${HEARTBEAT} s`, `${oldest} s`, oldest <= HEARTBEAT, "timed"],
      ["reports on chain", String(reports.length), reports.length > 0],
      ["no lie on chain", String(lies), lies === 0],
      ["no transaction stuck", String(stuck), stuck === 0],
      ["no hole in the nonces", String(holes), holes === 0],
      ["no nonce lost", String(foreign), foreign === 0],
      [`memory grows by at most ${GROWTH_MIB} MiB`, `${growth.toFixed(0)} MiB`, growth <= GROWTH_MIB, "timed"],
    ];
    console.log(
      table(
        ["promise", "seen", ""],
        promises.map(([what, seen, kept]) => [what, seen, kept ? pc.green("kept") : pc.red("broken")]),
      ),
    );
    console.log(
      table(
        ["node", "messages", "refused", "reports queued", "final", "reorgs"],
        nodes.map(({ name, posted, node }) => {
          const { messages, refused, journal, reorgs: seen } = node.status();
          const total = (record: Readonly<Record<string, number>>) => Object.values(record).reduce((a, b) => a + b, 0);
          return [
            name,
            String(total(messages)),
            String(total(refused)),
            String(posted.length),
            String(journal.final),
            String(seen),
          ];
        }),
      ),
    );
    return promises.every(([, , kept, timed]) => kept || (values.counts && timed)) ? 0 : 1;
  } finally {
    for (const stop of ends.reverse()) await stop();
  }
}, [ChainProblem, PublicaError]);
