// npm run dev: a chain with the suite on it and a bot that feeds it, until Ctrl-C.
import { createOracleBot } from "@publica/node/oracle";
import { addressOf, createFeed, type FeedDescription, feedIdOf, PublicaError, readFeedConfig } from "@publica/sdk";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { waitForTransactionReceipt } from "viem/actions";
import { build } from "./build.ts";
import { createActors } from "./lib/actors.ts";
import { ChainProblem, connectLocal, startLocalChain } from "./lib/chain.ts";
import { ProgressLine, table } from "./lib/console.ts";
import { addressesPath, deploySuite } from "./lib/deployment.ts";
import { QUORUM, reportDay, sensorSigner, sensorsOf } from "./lib/rain.ts";
import { ROOT } from "./lib/run.ts";
import { measure } from "./lib/sensors.ts";
import { command, UsageError } from "./lib/usage.ts";
import { readSeattleRain } from "./lib/weather.ts";

const USAGE = `Usage: npm run dev -- [--every SECONDS]

Keeps a chain with the whole suite running on this machine (port 8545 if it is free) and a bot that posts a day of
Seattle's rain to a live feed every few seconds (default 3), until Ctrl-C. Accounts and keys are Hardhat's well-known
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
  await build("production");
  const local = await startLocalChain();
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
    const { operator, fund } = await createActors(connection);
    const rain = readSeattleRain();
    // Live sensors without the story's misfortunes.
    const behaviours = sensorsOf(rain.length).map(({ name, curve }) => ({ name, curve }));
    const signers = behaviours.map(({ name, curve }) => sensorSigner(name, curve, 1));
    const keys = signers.map(({ key }) => key);
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
    await waitForTransactionReceipt(client, {
      hash: await createFeed(operator.client, { address, description, keys, quorum: QUORUM }),
    });
    const { epoch } = await readFeedConfig(client, { address, feed });
    const context = { chainId: deployment.chainId, address, feed, epoch };
    const bot = createOracleBot({ client: (await fund("Bot")).client, context, sensors: keys, quorum: QUORUM });
    const readings = measure(rain, behaviours, 1);

    console.log(
      table(
        ["contract", "address"],
        Object.entries(deployment.contracts).map(([name, { address: at }]) => [name, at]),
      ),
    );
    console.log(`live feed ${pc.bold(feed)}\n${pc.dim("Ctrl-C stops everything.")}`);
    for (let day = 0; !stop.signal.aborted; day++) {
      const today = rain[day % rain.length];
      const observedAt = Number((await client.getBlock()).timestamp);
      const { value } = await reportDay(bot, context, signers, day, observedAt, readings[day % rain.length] ?? []);
      line.update(`round ${day + 1}: ${today?.date ?? ""}  ${(Number(value) / 10).toFixed(1)} mm`);
      await pause(every * 1_000, stop.signal);
    }
    line.done("stopped: bot and chain are closed");
    return 0;
  } finally {
    await local.close();
  }
}, [ChainProblem, PublicaError]);

/** Waits, but not longer than until the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
