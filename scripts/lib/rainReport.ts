import pc from "picocolors";
import { table, thousands } from "./console.ts";
import type { PolicyOutcome, RainStory } from "./rain.ts";

const coins = (units: string | bigint): string => thousands(Number(BigInt(units) / 10_000n) / 100);

function measured({ unit }: PolicyOutcome, value: string): string {
  return unit === "mm" ? `${(Number(value) / 10).toFixed(1)} mm` : `${value} days`;
}

/** Prints the story's tables: policies, pool, sensors, gas. */
export function printRainStory(story: RainStory): void {
  const { policies, pool, sensors, costs } = story;
  console.log(
    `\n${pc.bold(`Growing season ${story.year}, Seattle: what the data triggered was paid, what they did not was not.`)}\n`,
  );
  console.log(
    table(
      ["farmer", "cover pays for", "measured", "starts at", "all at", "payout", "sum insured", "premium", "paid"],
      policies.map((policy) => [
        policy.farmer,
        `${pc.bold(policy.product)}: ${policy.says}`,
        measured(policy, policy.index),
        measured(policy, policy.attachment),
        measured(policy, policy.exit),
        policy.payoutBps === 0 ? pc.dim("not triggered") : pc.green(`${(policy.payoutBps / 100).toFixed(2)} %`),
        coins(policy.sumInsured),
        coins(policy.premium),
        policy.payoutBps === 0 ? pc.dim("0") : pc.green(coins(policy.paid)),
      ]),
      [2, 3, 4, 5, 6, 7, 8],
    ),
  );

  const { before, after } = pool;
  console.log(`\n${pc.bold("The underwriting pool")}, in play money`);
  console.log(
    table(
      ["", "investors own", "free", "bound by policies", "premium not yet earned"],
      [
        [
          "before the season",
          coins(before.totalAssets),
          coins(before.free),
          coins(before.locked),
          coins(before.unearned),
        ],
        ["after the payouts", coins(after.totalAssets), coins(after.free), coins(after.locked), coins(after.unearned)],
        ["change", signed(BigInt(after.totalAssets) - BigInt(before.totalAssets)), "", "", ""],
      ],
      [1, 2, 3, 4],
    ),
  );

  console.log(`\n${pc.bold("Five sensors, three signatures a report")}`);
  console.log(
    table(
      ["sensor", "key", "readings", "silent days", "lies", "outvoted"],
      sensors.map((sensor) => [
        sensor.name,
        sensor.curve,
        String(sensor.readings),
        sensor.silentDays === 0 ? pc.dim("0") : pc.yellow(String(sensor.silentDays)),
        sensor.lies === 0 ? pc.dim("0") : pc.red(String(sensor.lies)),
        sensor.lies === 0 ? pc.dim("–") : pc.green(`${sensor.outvoted} of ${sensor.lies}`),
      ]),
      [2, 3, 4, 5],
    ),
  );

  console.log(`\n${pc.bold("Gas")}`);
  console.log(
    table(
      ["step", "times", "least", "median", "most", "in all"],
      costs.map(({ step, times, least, median, most, total }) => [
        step,
        ...[times, least, median, most, total].map(thousands),
      ]),
      [1, 2, 3, 4, 5],
    ),
  );
}

function signed(units: bigint): string {
  const text = coins(units < 0n ? -units : units);
  return units < 0n ? pc.red(`−${text}`) : pc.green(`+${text}`);
}
