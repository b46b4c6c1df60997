import { expect } from "chai";
import { parseMachineReadings } from "../../scripts/lib/machineReadings.ts";

describe("machine readings from a CSV", () => {
  it("are unix seconds or ISO 8601 with whole values", () => {
    expect(parseMachineReadings("timestamp,value\n1700000000,-5\n2023-11-14T22:13:21Z,7\n\n")).to.deep.equal([
      { timestamp: 1_700_000_000, value: -5 },
      { timestamp: 1_700_000_001, value: 7 },
    ]);
  });

  const bad: readonly [string, string][] = [
    ["time,value\n1,1", "line 1"],
    ["timestamp,value\n", "line 2"],
    ["timestamp,value\nyesterday,1", "line 2"],
    ["timestamp,value\n1,1\n2,1.5", "line 3"],
    ["timestamp,value\n1,2147483648", "line 2"],
    ["timestamp,value\n2,1\n1,1", "line 3"],
    ["timestamp,value\n2,1,4", "line 2"],
  ];
  for (const [csv, line] of bad)
    it(`name the line of what is wrong: ${JSON.stringify(csv)}`, () => {
      expect(() => parseMachineReadings(csv)).to.throw(line);
    });
});
