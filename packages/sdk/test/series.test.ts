import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { createRandom, type DailySeriesFormat, parseDailySeries, SeriesError } from "../src/foundation/index.ts";

const format: DailySeriesFormat = {
  dateColumn: "date",
  valueColumn: "precipitation",
  unit: "mm",
  decimals: 1,
  plausible: [0, 500],
};

const good = "date,precipitation\n2014-06-01,0.0\n2014-06-02,10.9\n2014-06-03,3\n";

function failure(csv: string, options = format): SeriesError {
  try {
    parseDailySeries(csv, options);
  } catch (error) {
    if (error instanceof SeriesError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("parseDailySeries", () => {
  it("reads days in whole tenths of a millimetre", () => {
    expect(parseDailySeries(good, format)).to.deep.equal([
      { date: "2014-06-01", value: 0 },
      { date: "2014-06-02", value: 109 },
      { date: "2014-06-03", value: 30 },
    ]);
  });

  it("reads all 1,461 days of the real file", () => {
    const path = new URL("../../../node_modules/vega-datasets/data/seattle-weather.csv", import.meta.url);
    expect(parseDailySeries(readFileSync(path, "utf8"), format)).to.have.length(1461);
  });

  it("understands quotes, Windows line ends and a byte order mark", () => {
    const csv = '\uFEFF"date","note ""a""",precipitation\r\n2014-06-01,"dry, hot",0.0\r\n';
    expect(parseDailySeries(csv, format)).to.deep.equal([{ date: "2014-06-01", value: 0 }]);
  });

  const broken: [what: string, csv: string, line: number, message: RegExp][] = [
    ["a missing day", "date,precipitation\n2014-06-01,0\n2014-06-03,1\n", 3, /2014-06-02 is missing/],
    [
      "a missing day over a leap year's end of February",
      "date,precipitation\n2012-02-28,0\n2012-03-01,1\n",
      3,
      /2012-02-29 is missing/,
    ],
    ["a repeated date", "date,precipitation\n2014-06-01,0\n2014-06-01,1\n", 3, /twice/],
    ["dates out of order", "date,precipitation\n2014-06-02,0\n2014-06-01,1\n", 3, /after a later one/],
    ["a date that does not exist", "date,precipitation\n2014-02-30,0\n", 2, /not a date/],
    ["another date format", "date,precipitation\n01/06/2014,0\n", 2, /not a date/],
    ["values in another unit", "date,precipitation\n2014-06-01,2540\n", 2, /unit must be another/],
    ["a negative amount", "date,precipitation\n2014-06-01,-0.1\n", 2, /unit must be another/],
    ["a value with its unit", "date,precipitation\n2014-06-01,0.5in\n", 2, /not a number of mm/],
    ["more digits than the unit has", "date,precipitation\n2014-06-01,0.43\n", 2, /at most 1 decimals/],
    ["an empty value", "date,precipitation\n2014-06-01,\n", 2, /not a number/],
    ["scientific notation", "date,precipitation\n2014-06-01,1e2\n", 2, /not a number/],
    ["a short line", "date,precipitation\n2014-06-01\n", 2, /1 cells/],
    ["an empty line in the middle", "date,precipitation\n\n2014-06-01,0\n", 2, /1 cells/],
    ["no reading at all", "date,precipitation\n", 1, /no reading/],
    ["a column that is not there", "date,rain\n2014-06-01,0\n", 1, /no column "precipitation"/],
  ];
  for (const [what, csv, line, message] of broken) {
    it(`refuses ${what} and names the line`, () => {
      const error = failure(csv);
      expect(error.line).to.equal(line);
      expect(error.message).to.match(message);
      expect(error.message).to.contain(`line ${line}`);
      expect(error.remedy).to.match(/^[A-Z].*\.$/);
    });
  }

  it("gives back what was written, for any values", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 400 }), (tenths) => {
        const rows = tenths.map(
          (value, day) =>
            `${new Date(Date.UTC(2012, 0, 1 + day)).toISOString().slice(0, 10)},${(value / 10).toFixed(1)}`,
        );
        const parsed = parseDailySeries(["date,precipitation", ...rows].join("\n"), format);
        expect(parsed.map(({ value }) => value)).to.deep.equal(tenths);
      }),
    );
  });
});

describe("createRandom", () => {
  it("repeats with the seed and differs without", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, createRandom(seed));
    expect(draw(1)).to.deep.equal(draw(1));
    expect(draw(1)).to.not.deep.equal(draw(2));
  });

  it("is spread evenly over [0, 1)", () => {
    const random = createRandom(7);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const x = random();
      expect(x >= 0 && x < 1).to.equal(true);
      buckets[Math.floor(x * 10)] = (buckets[Math.floor(x * 10)] ?? 0) + 1;
    }
    for (const size of buckets) expect(size).to.be.within(9_600, 10_400);
  });
});
