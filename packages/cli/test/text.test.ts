import { stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { decimal, duration, pairs, relative, sparkline, utc } from "../src/lib/text.ts";

describe("text", () => {
  it("writes amounts with their decimal places, without trailing zeros", () => {
    expect(decimal(1_234_567n, 3)).to.equal("1,234.567");
    expect(decimal(1_230_000n, 3)).to.equal("1,230");
    expect(decimal(5n, 3)).to.equal("0.005");
    expect(decimal(-5n, 3)).to.equal("-0.005");
    expect(decimal(0n, 18)).to.equal("0");
    expect(decimal(1_000_000n, 0)).to.equal("1,000,000");
  });

  it("draws values from the least to the greatest, a gap where one is missing", () => {
    expect(sparkline([0, 7, undefined, 3])).to.equal("▁█ ▄");
    expect(sparkline([5, 5])).to.equal("▁▁");
    expect(sparkline([])).to.equal("");
  });

  it("says times in their largest sensible unit", () => {
    expect(duration(59)).to.equal("59 s");
    expect(duration(60)).to.equal("1 minute");
    expect(duration(7_200)).to.equal("2 hours");
    expect(duration(86_399)).to.equal("23 hours");
    expect(duration(-86_400)).to.equal("1 day");
    expect(relative(100, 160)).to.equal("1 minute ago");
    expect(relative(160, 100)).to.equal("in 1 minute");
    expect(utc(0)).to.equal("1970-01-01 00:00:00Z");
    expect(utc(2n ** 63n)).to.equal("9223372036854775808 s");
  });

  it("aligns pairs, leaves out what has no value and indents what has several lines", () => {
    const text = pairs([
      ["a", "1\n2"],
      ["long", "3"],
      ["none", undefined],
    ]);
    expect(stripVTControlCharacters(text)).to.equal("a     1\n      2\nlong  3");
  });
});
