import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { publica } from "./harness.ts";

const SEATTLE = fileURLToPath(new URL("../../../node_modules/vega-datasets/data/seattle-weather.csv", import.meta.url));

interface Tested {
  readonly seasons: readonly { year: number; days: number; index: string; payoutBps: number }[];
  readonly burn: { readonly expected: number; readonly deviation: number; readonly valueAtRisk: number };
  readonly simulated: { readonly n: number; readonly expected: number; readonly tailValueAtRisk: number };
  readonly premium: { readonly premium: string; readonly rateBps: number };
}

function backtest(csv: string, ...args: string[]) {
  return publica(["insure", "backtest", "--csv", csv, ...args]);
}

describe("publica insure backtest", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "publica-backtest-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("pays in each summer of Seattle what the file says, computed a second way", async () => {
    const cover = ["--column", "precipitation", "--kind", "sum", "--from", "06-01", "--to", "08-31"];
    const { code, stdout } = await backtest(SEATTLE, ...cover, "--attachment", "90", "--exit", "40", "--json");
    expect(code).to.equal(0);
    const tested = JSON.parse(stdout) as Tested;
    const rows = readFileSync(SEATTLE, "utf8").split("\n");
    const shares: number[] = [];
    for (const { year, days, index, payoutBps } of tested.seasons) {
      const tenths = rows
        .map((row) => row.split(","))
        .filter(([date = ""]) => date >= `${year}-06-01` && date <= `${year}-08-31`)
        .reduce((sum, [, mm = ""]) => sum + Math.round(Number(mm) * 10), 0);
      const share = Math.floor((Math.min(500, Math.max(0, 900 - tenths)) * 10_000) / 500);
      expect({ days, index, payoutBps }).to.deep.equal({ days: 92, index: String(tenths), payoutBps: share });
      shares.push(share);
    }
    expect(tested.seasons.map(({ year }) => year)).to.deep.equal([2012, 2013, 2014, 2015]);
    const mean = shares.reduce((a, b) => a + b) / 4;
    expect(tested.burn.expected).to.be.closeTo(mean, 1e-9);
    expect(tested.burn.valueAtRisk).to.equal(Math.max(...shares));
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / 3;
    expect(tested.burn.deviation).to.be.closeTo(Math.sqrt(variance), 1e-9);
  });

  it("prices the same with the same seed, dearer with more loading, and along the trend when asked", async () => {
    const cover = ["--column", "precipitation", "--kind", "sum", "--from", "06-01", "--to", "08-31", "--json"];
    const run = async (...more: string[]): Promise<Tested> => {
      const bounds = ["--attachment", "90", "--exit", "40", "--draws", "300", "--sum", "20000"];
      const { code, stdout } = await backtest(SEATTLE, ...cover, ...bounds, ...more);
      expect(code, stdout).to.equal(0);
      return JSON.parse(stdout) as Tested;
    };
    const first = await run();
    expect(first).to.deep.equal(await run());
    expect(first.simulated.n).to.equal(300);
    expect((await run("--seed", "2")).simulated.expected).to.not.equal(first.simulated.expected);
    // Nothing but the expected loss: the greater mean of file and simulation, rounded up to a hundredth.
    const bare = await run("--loading", "0", "--capital-cost", "0");
    const expected = Math.max(first.burn.expected, first.simulated.expected);
    expect(Number(bare.premium.premium)).to.be.within(expected * 200 - 1e-6, expected * 200 + 1);
    const loaded = await run("--loading", "50", "--capital-cost", "0");
    expect(Number(loaded.premium.premium)).to.be.closeTo(expected * 300, 2);
    const capital = await run("--loading", "0", "--capital-cost", "10");
    expect(Number(capital.premium.premium)).to.be.greaterThan(Number(bare.premium.premium));
    const trend = await run("--trend");
    expect(trend.seasons.map(({ index }) => index)).to.not.deep.equal(first.seasons.map(({ index }) => index));
  });

  it("follows a winter into the next year and counts days against a negative threshold", async () => {
    const cover = ["--column", "temp_min", "--kind", "daysBelow", "--threshold", "-2.1"];
    const winter = ["--from", "11-01", "--to", "03-31", "--attachment", "2", "--exit", "6"];
    const { code, stdout, stderr } = await backtest(SEATTLE, ...cover, ...winter);
    expect(code, stderr).to.equal(0);
    const rows = readFileSync(SEATTLE, "utf8").split("\n");
    const frosts = [2012, 2013, 2014].map(
      (year) =>
        rows
          .map((row) => row.split(","))
          .filter(([date = ""]) => date >= `${year}-11-01` && date <= `${year + 1}-03-31`)
          .filter(([, , , low = ""]) => Number(low) < -2.1).length,
    );
    for (const [i, frost] of frosts.entries())
      expect(stdout).to.match(new RegExp(`│\\s+${2012 + i} │\\s+151 │\\s+${frost} │`));
    expect(stdout).to.contain("Seasons in the file: 3. So few say little");
  });

  it("prints the table people read", async () => {
    const csv = join(folder, "small.csv");
    writeFileSync(csv, "day,rain\n2020-01-01,1.5\n2020-01-02,2\n2021-01-01,0\n".replace("2021-01-01,0\n", ""));
    const { stdout } = await backtest(
      csv,
      ...["--column", "rain", "--date-column", "day", "--unit", "mm", "--kind", "maximum"],
      ...["--to", "01-02", "--attachment", "1", "--exit", "3", "--sum", "1000"],
    );
    expect(stdout).to.equal(`cover  maximum of rain, 01-01 to 01-02
pays   from 1 to 3 mm
file   2 days, 2020-01-01 to 2020-01-02

Seasons
  index   ▁
  payout  ▁
  ┌────────┬──────┬────────────┬─────────┬────────┐
  │ season │ days │ index (mm) │   share │ payout │
  ├────────┼──────┼────────────┼─────────┼────────┤
  │   2020 │    2 │          2 │ 50.00 % │    500 │
  └────────┴──────┴────────────┴─────────┴────────┘

Of a sum insured of 1,000, paid in 1 of 1 seasons
  ┌──────────────────────────┬───────────────┬────────────┬───────────────────────┬───────────────────────┐
  │ loss                     │      expected │  deviation │ 99 % of seasons below │ mean of the worst 1 % │
  ├──────────────────────────┼───────────────┼────────────┼───────────────────────┼───────────────────────┤
  │ seasons of the file      │ 500 (50.00 %) │ 0 (0.00 %) │         500 (50.00 %) │         500 (50.00 %) │
  │ 2,000 simulated (seed 1) │ 500 (50.00 %) │ 0 (0.00 %) │         500 (50.00 %) │         500 (50.00 %) │
  └──────────────────────────┴───────────────┴────────────┴───────────────────────┴───────────────────────┘

Premium, from the costlier of the two
  expected loss  500
  loading        100 (20 % of it)
  capital        0 (8 % a year)
  premium        600 (60.00 % of the sum insured)

Seasons in the file: 1. So few say little about rare events: load accordingly.
`);
  });

  const sum = ["--column", "rain", "--kind", "sum", "--attachment", "1"];
  const wrong: [what: string, csv: string, args: string[], says: RegExp][] = [
    [
      "a missing column",
      "date,wind\n2020-01-01,1\n",
      [...sum, "--exit", "2"],
      /no column "rain" \(there are date, wind\)/,
    ],
    ["a missing day", "date,rain\n2020-01-01,1\n2020-01-03,1\n", [...sum, "--exit", "2"], /line 3: the day 2020-01-02/],
    ["a value that is no number", "date,rain\n2020-01-01,T\n", [...sum, "--exit", "2"], /line 2: "T" is not a number/],
    ["a file without a whole season", "date,rain\n2020-01-01,1\n", [...sum, "--exit", "2"], /no whole season/],
    ["too many decimals", "date,rain\n2020-01-01,1\n", [...sum, "--exit", "2.25"], /--exit 2.25 is not a number/],
  ];
  for (const [what, text, args, says] of wrong) {
    it(`refuses ${what} and says how to mend it`, async () => {
      const csv = join(folder, "wrong.csv");
      writeFileSync(csv, text);
      const { code, stdout, stderr } = await backtest(csv, ...args);
      expect(code).to.equal(1);
      expect(stdout).to.equal("");
      expect(stderr).to.match(says);
      expect(stderr).to.match(/\n→ \S/);
    });
  }

  it("refuses a file that is not there", async () => {
    const { code, stderr } = await backtest(join(folder, "none.csv"), ...sum, "--exit", "2");
    expect(code).to.equal(1);
    expect(stderr).to.contain("cannot be read");
  });
});
