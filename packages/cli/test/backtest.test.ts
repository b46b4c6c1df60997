import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { publica } from "./harness.ts";

const SEATTLE = fileURLToPath(new URL("../../../node_modules/vega-datasets/data/seattle-weather.csv", import.meta.url));

interface Tested {
  readonly seasons: readonly { year: number; days: number; index: string; payoutBps: number }[];
  readonly expectedLoss: number;
  readonly standardDeviation: number;
  readonly worst: number;
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
      shares.push(share / 10_000);
    }
    expect(tested.seasons.map(({ year }) => year)).to.deep.equal([2012, 2013, 2014, 2015]);
    const mean = shares.reduce((a, b) => a + b) / 4;
    expect(tested.expectedLoss).to.be.closeTo(mean, 1e-12);
    expect(tested.worst).to.equal(Math.max(...shares));
    expect(tested.standardDeviation).to.be.closeTo(
      Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / 3),
      1e-12,
    );
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

Of a sum insured of 1,000
  paid           in 1 of 1 seasons
  expected loss  500 a season (50.00 %): the premium without loading
  deviation      0 (0.00 %)
  worst season   500 (50.00 %)

Seasons in the file: 1. So few say little about rare events: load the premium accordingly.
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
