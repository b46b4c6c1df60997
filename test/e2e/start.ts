import { existsSync, readFileSync } from "node:fs";
import { createRandom, parseDeployment } from "@publica/sdk";
import { expect } from "chai";
import type { RainStory } from "../../scripts/lib/rain.ts";
import { runScript } from "../utils/process.ts";

/** The outcome computed a second way, from the CSV alone: no code shared with the story but the seeded randomness. */
function recompute(year: number, seed: number): { readings: number[][]; payouts: { index: number; bps: number }[] } {
  const csv = readFileSync(
    new URL("../../node_modules/vega-datasets/data/seattle-weather.csv", import.meta.url),
    "utf8",
  );
  const rows = csv
    .split("\n")
    .map((line) => line.split(","))
    .filter(([date = ""]) => date >= `${year}-04-01` && date <= `${year}-09-30`)
    .map(([date = "", mm = ""]) => ({ month: Number(date.slice(5, 7)), tenths: Number(mm.replace(".", "")) }));
  expect(rows).to.have.length(183);

  const random = createRandom(seed);
  const readings = rows.map(({ tenths }, day) => {
    const noise = [0, 1, 2, 3, 4].map(() => Math.floor(random() * 3) - 1);
    const wet = noise.map((n) => (tenths > 0 ? Math.max(0, tenths + n) : 0));
    if (day >= 91 && tenths === 0) wet[4] = 600; // the quarry lies in the second half
    if (day >= 61) wet.splice(2, 1); // the river mill is silent after a third
    return wet;
  });
  const medians = readings.map(
    (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN,
  );
  const summer = medians
    .filter((_, day) => [6, 7, 8].includes(rows[day]?.month ?? 0))
    .reduce((sum, value) => sum + value, 0);
  const wetDays = medians.filter((value) => value > 50).length;
  const wettest = Math.max(...medians.filter((_, day) => rows[day]?.month === 9));
  const share = (steps: number, all: number): number => Math.floor((Math.max(0, Math.min(steps, all)) * 10_000) / all);
  return {
    readings,
    payouts: [
      { index: summer, bps: share(900 - summer, 500) },
      { index: wetDays, bps: share(wetDays - 18, 10) },
      { index: wettest, bps: share(wettest - 300, 300) },
    ],
  };
}

describe("npm start", () => {
  for (const [year, seed] of [
    [2013, 7],
    [2015, 3],
  ] as const) {
    it(`pays in ${year} exactly what an independent recomputation from the CSV says`, async () => {
      const { code, stdout, stderr } = await runScript("start.ts", [
        "--season",
        String(year),
        "--seed",
        String(seed),
        "--json",
      ]);
      expect(code, stderr).to.equal(0);
      const story = JSON.parse(stdout) as RainStory & { addresses: string };
      const { readings, payouts } = recompute(year, seed);

      let paidInAll = 0n;
      let premiums = 0n;
      for (const [i, policy] of story.policies.entries()) {
        const expected = payouts[i] ?? { index: Number.NaN, bps: Number.NaN };
        expect(Number(policy.index), policy.product).to.equal(expected.index);
        expect(policy.payoutBps, policy.product).to.equal(expected.bps);
        const owed = (BigInt(policy.sumInsured) * BigInt(expected.bps)) / 10_000n;
        expect(BigInt(policy.paid), policy.product).to.equal(owed);
        paidInAll += owed;
        premiums += BigInt(policy.premium);
      }
      const { before, after } = story.pool;
      expect(BigInt(after.totalAssets) - BigInt(before.totalAssets)).to.equal(premiums - paidInAll);
      expect(after.locked).to.equal("0");
      expect(after.unearned).to.equal("0");

      expect(story.sensors.map((sensor) => sensor.readings)).to.deep.equal(
        [183, 183, 61, 183, 183],
        "the silent sensor speaks for a third of the season",
      );
      const lies = readings.filter((values, day) => day >= 91 && values.at(-1) === 600).length;
      expect(story.sensors.map((sensor) => sensor.lies)).to.deep.equal([0, 0, 0, 0, lies]);
      expect(story.sensors.at(-1)?.outvoted).to.equal(lies);

      const path = new URL(`../../${story.addresses}`, import.meta.url);
      expect(existsSync(path)).to.equal(true);
      const deployment = parseDeployment(readFileSync(path, "utf8"));
      expect(Object.keys(deployment.contracts)).to.include.members(["SensorFeeds", "PolicyBook", "UnderwritingPool"]);
    });
  }

  const wrong: [args: string[], says: RegExp][] = [
    [["--season", "2016"], /from 2012 to 2015, not "2016"/],
    [["--season", "dry"], /not "dry"/],
    [["--seed", "-1"], /--seed/],
    [["--seed", "1.5"], /whole number/],
    [["--day-seconds", "3"], /goes with --network/],
    [["--nope"], /--nope/],
    [["extra"], /extra/],
  ];
  for (const [args, says] of wrong) {
    it(`answers ${args.join(" ")} with its usage and exit code 2`, async () => {
      const { code, stdout, stderr } = await runScript("start.ts", args);
      expect(code).to.equal(2);
      expect(stderr).to.match(says);
      expect(stderr).to.contain("Usage: npm start");
      expect(stdout).to.equal("");
    });
  }

  it("explains itself with --help", async () => {
    const { code, stdout } = await runScript("start.ts", ["--help"]);
    expect(code).to.equal(0);
    expect(stdout).to.contain("Example: npm start");
  });
});
