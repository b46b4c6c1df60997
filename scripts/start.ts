// npm start: the main job. A season of real weather insured, measured, decided and paid on a chain of its own.
import { profile } from "./lib/fastBuild.ts";
import { PublicaError } from "@publica/sdk";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { createActors } from "./lib/actors.ts";
import { ChainProblem, connectLocal, connectNetwork, createClock, startLocalChain } from "./lib/chain.ts";
import { ProgressLine } from "./lib/console.ts";
import { addressesPath, deploySuite } from "./lib/deployment.ts";
import { type RainStory, tellRainStory } from "./lib/rain.ts";
import { printRainStory } from "./lib/rainReport.ts";
import { ROOT } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";
import { readSeattleRain, yearsOf } from "./lib/weather.ts";

const USAGE = `Usage: npm start -- [--season YEAR] [--seed N] [--network NAME [--day-seconds N]] [--json]

Builds the suite, starts a chain on this machine, deploys to it and tells the insurance story on the real daily rain of
Seattle: five sensors sign each day's reading, one falls silent, one lies; three farmers hold policies; what the data
trigger is paid with no human hand.

  --season YEAR      2012 to 2015 (default 2014)
  --seed N           whole number that fixes the sensors' keys and noise (default 1)
  --network NAME     use a network of hardhat.config.ts instead of an own chain; needs a funded account there
  --day-seconds N    length of a day of the story where time cannot be moved (default 5)
  --json             print the result as JSON and nothing else

Example: npm start -- --season 2013 --seed 7`;

function wholeNumber(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new UsageError(`--${name} takes a whole number from ${low} to ${high}, not "${text}"`);
  return value;
}

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      season: { type: "string", default: "2014" },
      seed: { type: "string", default: "1" },
      network: { type: "string" },
      "day-seconds": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const rain = readSeattleRain();
  const years = yearsOf(rain);
  const year = wholeNumber("season", values.season, Math.min(...years), Math.max(...years));
  const seed = wholeNumber("seed", values.seed, 0, 2 ** 32 - 1);
  if (values["day-seconds"] !== undefined && values.network === undefined)
    throw new UsageError("--day-seconds goes with --network");
  const slowDay = wholeNumber("day-seconds", values["day-seconds"] ?? "5", 1, 86_400);

  const started = Date.now();
  const line = new ProgressLine();
  // Before the build, which takes minutes on a fresh clone: whatever is wrong with the network is said at once.
  const remote = values.network === undefined ? undefined : await connectNetwork(values.network);
  await build(profile);
  const local = remote === undefined ? await startLocalChain() : undefined;
  try {
    const connection = remote ?? (await connectLocal(local?.url ?? ""));
    const network = values.network ?? "localhost";
    line.update("deploying the suite with Ignition");
    const deploymentId =
      local === undefined
        ? `${network}-${Number(await connection.provider.request({ method: "eth_chainId" }))}`
        : "start";
    const deployment = await deploySuite({
      connection,
      network,
      deploymentId,
      fresh: local !== undefined,
      demonstration: true,
    });
    const path = relative(ROOT, addressesPath(deploymentId));
    line.done(
      `${Object.keys(deployment.contracts).length} contracts on chain ${deployment.chainId}${local === undefined ? "" : ` at ${local.url}`}, addresses in ${path}`,
    );

    const client = await connection.viem.getPublicClient();
    const clock = await createClock(client);
    const actors = await createActors(connection);
    const told = Date.now();
    const story: RainStory = await tellRainStory({
      client,
      clock,
      deployment,
      operator: actors.operator,
      actor: actors.fund,
      rain,
      year,
      seed,
      daySeconds: clock.canTravel ? 86_400 : slowDay,
      progress: (text) => line.update(text),
    });
    await actors.close();
    line.done(`${story.days} days told in ${((Date.now() - told) / 1000).toFixed(1)} s`);
    if (values.json) console.log(JSON.stringify({ ...story, addresses: path }, null, 2));
    else {
      printRainStory(story);
      console.log(pc.dim(`\n${((Date.now() - started) / 1000).toFixed(1)} s in all. What to try next:`));
      console.log(`  npm start -- --season 2013 --seed 7   ${pc.dim("another year, other noise: who is paid then?")}`);
      console.log(
        `  npm run dev                           ${pc.dim("a chain and an oracle node that stay, for your own front-end")}`,
      );
      console.log(`  npm run story -- --help               ${pc.dim("the other scenarios, told step by step")}`);
      console.log(`  npm test                              ${pc.dim("what all this rests on")}`);
    }
    return 0;
  } finally {
    await local?.close();
  }
}, [ChainProblem, PublicaError]);
