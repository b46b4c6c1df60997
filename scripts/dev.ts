// npm run dev: a chain with the suite on it, and an oracle node with five virtual sensors that feeds it, until Ctrl-C.
import { profile } from "./lib/fastBuild.ts";
import { connectMqtt, createFleet, runSimulation, type VirtualDevice } from "@publica/node/oracle";
import { addressOf, createFeed, type FeedDescription, feedIdOf, PublicaError, tryReadFeed } from "@publica/sdk";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { createTestClient, http } from "viem";
import { waitForTransactionReceipt } from "viem/actions";
import { build } from "./build.ts";
import { createActors } from "./lib/actors.ts";
import { ChainProblem, connectLocal, startLocalChain } from "./lib/chain.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { addressesPath, deploySuite } from "./lib/deployment.ts";
import { startLocalNodes } from "./lib/oracleNodes.ts";
import { QUORUM } from "./lib/rain.ts";
import { ROOT } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";
import { readSeattleRain } from "./lib/weather.ts";

const USAGE = `Usage: npm run dev -- [--every SECONDS]

Keeps a chain with the whole suite running on this machine (port 8545 if it is free) and an oracle node that reports a
day of Seattle's rain to a live feed every few seconds (default 3), until Ctrl-C: five virtual sensors send to it over
MQTT. Accounts and keys are Hardhat's well-known
ones; deploy/deployments/dev/addresses.json has the addresses.

Example: npm run dev -- --every 1`;

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: { every: { type: "string", default: "3" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const every = Number(values.every);
  if (!/^\d+$/.test(values.every) || every < 1 || every > 3_600)
    throw new UsageError("--every takes 1 to 3600 seconds");

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const line = new ProgressLine();
  await build(profile);
  const local = await startLocalChain();
  const ends: (() => Promise<unknown>)[] = [() => local.close()];
  try {
    line.update("deploying the suite with Ignition");
    const connection = await connectLocal(local.url);
    const deployment = await deploySuite({
      connection,
      network: "localhost",
      deploymentId: "dev",
      fresh: true,
      demonstration: true,
    });
    line.done(`chain ${deployment.chainId} at ${local.url}, addresses in ${relative(ROOT, addressesPath("dev"))}`);

    const client = await connection.viem.getPublicClient();
    const { operator } = await createActors(connection);
    const rain = readSeattleRain();
    const fleet = createFleet(1, ["honest", "honest", "honest", "honest", "honest"]);
    const description: FeedDescription = {
      name: "Precipitation, Seattle, replayed",
      unit: "0.1 mm",
      decimals: 1,
      minPlausible: 0n,
      maxPlausible: 5_000n,
      heartbeat: 10 * every,
      deviationBps: 0,
      historySize: 512,
    };
    const feed = feedIdOf(description);
    const address = addressOf(deployment, "SensorFeeds");
    const keys = fleet.map(({ signer }) => signer.key);
    await waitForTransactionReceipt(client, {
      hash: await createFeed(operator.client, { address, description, keys, quorum: QUORUM }),
    });
    // The node believes the chain only once it is final.
    await createTestClient({ mode: "hardhat", transport: http(local.url) }).mine({ blocks: 4 });
    const context = { chainId: deployment.chainId, address, feed, epoch: 1 };
    const { nodes, close } = await startLocalNodes({ url: local.url, context, count: 1, roundSeconds: every });
    ends.push(close);
    const link = await connectMqtt(nodes[0]?.node.mqttUrl ?? "", fleet);
    ends.push(() => link.close());

    console.log(
      table(
        ["contract", "address"],
        Object.entries(deployment.contracts).map(([name, { address: at }]) => [name, at]),
      ),
    );
    console.log(`live feed ${pc.bold(feed)}`);
    console.log(
      `oracle node ${pc.bold(nodes[0]?.node.url ?? "")} ${pc.dim("/v1/status, /metrics, /readyz")}\n${pc.dim("Ctrl-C stops everything.")}`,
    );
    await runSimulation({
      context,
      measurement: "rain",
      unit: "mm",
      decimals: 1,
      roundSeconds: every,
      fleet,
      sensorOf: (device: VirtualDevice) => fleet.indexOf(device),
      truth: (n) => (rain[n % rain.length]?.value ?? 0) / 10,
      noise: 0.1,
      links: [link],
      seed: 1,
      signal: stop.signal,
      async onRound(_, truth) {
        const { round } = await tryReadFeed(client, { address, feed });
        const onChain = round === undefined ? "nothing yet" : `${(Number(round.value) / 10).toFixed(1)} mm`;
        line.update(`measured ${truth.toFixed(1)} mm, on chain ${onChain}`);
      },
    });
    line.done("stopped: node and chain are closed");
    return 0;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}, [ChainProblem, PublicaError]);
