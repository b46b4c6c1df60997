import { expect } from "chai";
import { keccak256 } from "viem";
import {
  blockBootstrap,
  burnAnalysis,
  computePayout,
  detrend,
  encodeTerms,
  type IndexTerms,
  lossFigures,
  packArea,
  packSeason,
  packTiers,
  pricePolicy,
  type Season,
  seasonDigest,
  type SeriesTerms,
  unpackTiers,
} from "../src/insurance/index.ts";

const drought: IndexTerms = { kind: "sum", attachment: 100n, exit: 50n };
const season = (label: string, ...values: bigint[]): Season => ({ label, values });
const seasons = [season("2012", 60n, 60n), season("2013", 40n, 40n), season("2014", 20n, 20n)];
const loadings = { risk: 0.2, costOfCapital: 0.1, termYears: 0.5, fixedCost: 3n };

describe("insurance: pricing", () => {
  it("burns each past season with the code that settles", () => {
    expect(burnAnalysis(drought, seasons)).to.deep.equal([
      { label: "2012", index: 120n, payoutBps: 0n },
      { label: "2013", index: 80n, payoutBps: 4000n },
      { label: "2014", index: 40n, payoutBps: 10_000n },
    ]);
  });

  it("says mean, deviation, VaR and TVaR", () => {
    expect(lossFigures([0, 4000, 10_000], 0.5)).to.deep.equal({
      n: 3,
      expected: 14_000 / 3,
      deviation: Math.sqrt(((14_000 / 3) ** 2 + (2000 / 3) ** 2 + (16_000 / 3) ** 2) / 2),
      valueAtRisk: 4000,
      tailValueAtRisk: 7000,
    });
    expect(lossFigures([10, 20, 30]).valueAtRisk).to.equal(30);
    expect(() => lossFigures([])).to.throw("no season");
  });

  it("bootstraps the same figures from the same seed, and others from another", () => {
    const wide = seasons.map(({ label, values }) => season(label, ...Array.from({ length: 15 }, () => values).flat()));
    const terms: IndexTerms = { kind: "sum", attachment: 1500n, exit: 750n };
    const first = blockBootstrap({ terms, seasons: wide, seed: 1, block: 3, draws: 500 });
    expect(blockBootstrap({ terms, seasons: wide, seed: 1, block: 3, draws: 500 })).to.deep.equal(first);
    expect(blockBootstrap({ terms, seasons: wide, seed: 2, block: 3, draws: 500 })).not.to.deep.equal(first);
    expect(first.n).to.equal(500);
    expect(first.tailValueAtRisk).to.be.at.least(first.valueAtRisk);
    expect(first.valueAtRisk).to.be.at.least(first.expected);
    expect(() => blockBootstrap({ terms, seasons: [], seed: 1 })).to.throw("no season");
    expect(() => blockBootstrap({ terms, seasons: wide, seed: 1, block: 0 })).to.throw("block");
  });

  it("keeps each block in its place of the season", () => {
    const rising = [season("a", 1n, 2n, 3n, 4n), season("b", 1n, 2n, 3n, 4n)];
    const terms: IndexTerms = { kind: "sum", attachment: 10n, exit: 10n };
    expect(blockBootstrap({ terms, seasons: rising, seed: 7, block: 3, draws: 50 }).expected).to.equal(10_000);
  });

  it("brings past seasons to the level the trend has in the next one", () => {
    const warming = [season("1", 10n), season("2", 20n), season("3", 30n)];
    expect(detrend(warming).map(({ values }) => values)).to.deep.equal([[40n], [40n], [40n]]);
    const cooling = [season("1", 30n), season("2", 20n), season("3", 10n)];
    expect(detrend(cooling, 5n).map(({ values }) => values)).to.deep.equal([[5n], [5n], [5n]]);
    expect(detrend(warming.slice(0, 2))).to.deep.equal(warming.slice(0, 2));
  });

  it("adds up a premium from its parts, each rounded towards the pool", () => {
    const figures = { n: 10, expected: 500, deviation: 0, valueAtRisk: 0, tailValueAtRisk: 2500 };
    expect(pricePolicy(1_000_000n, figures, loadings, 100n)).to.deep.equal({
      expectedLoss: 50_000n,
      riskLoading: 10_000n,
      capitalCost: 10_000n,
      fixedCost: 100n,
      premium: 70_100n,
      rateBps: 701,
    });
    expect(pricePolicy(1n, figures, loadings).premium).to.equal(6n);
    expect(() => pricePolicy(1n, figures, { ...loadings, risk: -1 })).to.throw("risk");
  });

  it("pays out like the contract: basis points of whole units, rounded down", () => {
    expect(computePayout(999n, 3333n)).to.equal(332n);
    expect(computePayout(1_999n, 5000n, 100n)).to.equal(900n);
  });
});

describe("insurance: terms and packing", () => {
  const terms: SeriesTerms = {
    name: "Dry season",
    pool: "0x0000000000000000000000000000000000000001",
    feeds: "0x0000000000000000000000000000000000000002",
    feed: `0x${"11".repeat(32)}`,
    firstRound: 1,
    lastRound: 92,
    start: 1_800_000_000,
    end: 1_808_000_000,
    capacity: 1000n,
    index: drought,
  };

  it("fills in the defaults", () => {
    const encoded = encodeTerms(terms);
    expect(encoded).to.include({ grace: 604_800, floorBps: 1, zone: 0, seasonValues: 0, cancelUntil: 0 });
    expect(encoded.fallbackFeeds).to.equal("0x0000000000000000000000000000000000000000");
    expect(encoded.index).to.deep.equal({ kind: 0, threshold: 0n, attachment: 100n, exit: 50n, tiers: 0n, area: 0n });
  });

  it("names the field that is wrong", () => {
    expect(() => encodeTerms({ ...terms, name: "a name that is much too long for one word" })).to.throw("name");
    expect(() => encodeTerms({ ...terms, firstRound: 0 })).to.throw("firstRound");
    expect(() => encodeTerms({ ...terms, floorBps: 10_001 })).to.throw("floorBps");
    const tiers = Array.from({ length: 5 }, () => ({ bound: 1n, bps: 1 }));
    expect(() => encodeTerms({ ...terms, index: { ...drought, tiers } })).to.throw("index.tiers");
  });

  it("packs tiers, places and seasons bit for bit", () => {
    expect(
      packTiers([
        { bound: -1n, bps: 2 },
        { bound: 3n, bps: 4 },
      ]),
    ).to.equal((((4n << 40n) | 3n) << 56n) | (2n << 40n) | 0xff_ffff_ffffn);
    for (const tiers of [
      [],
      [{ bound: -7n, bps: 1 }],
      Array.from({ length: 4 }, (_, i) => ({ bound: BigInt(i), bps: 9 })),
    ])
      expect(unpackTiers(packTiers(tiers))).to.deep.equal(tiers);
    expect(packArea({ latitude: 60, longitude: -1, radiusKm: 111.195 })).to.equal(
      (1_000_000n << 96n) | (500_000n << 64n) | (60_000_000n << 32n) | (2n ** 32n - 1_000_000n),
    );
    expect(packSeason([1n, -1n, 300n])).to.equal("0x0001ffff012c");
    expect(() => packSeason([40_000n])).to.throw("16 bits");
    const digest = BigInt(keccak256("0x0001"));
    expect(BigInt.asUintN(128, seasonDigest("0x0001"))).to.equal(digest >> 128n);
  });
});
