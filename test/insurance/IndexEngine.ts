import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";
import {
  computeIndex,
  computePayoutBps,
  encodeIndexTerms,
  type IndexTerms,
  indexKinds,
  packEvent,
  packSeason,
} from "../../packages/sdk/src/insurance/index.ts";

const kinds = fc.constantFrom(...indexKinds);
const small = fc.bigInt({ min: -3000n, max: 3000n });
const termsOf = fc.record({
  kind: kinds,
  threshold: small,
  attachment: small,
  exit: small,
  tiers: fc.array(fc.record({ bound: small, bps: fc.integer({ min: 1, max: 10_000 }) }), { maxLength: 4 }),
  area: fc.record({
    latitude: fc.integer({ min: -89, max: 89 }),
    longitude: fc.integer({ min: -180, max: 180 }),
    radiusKm: fc.integer({ min: 1, max: 2000 }),
  }),
});
const event = fc
  .record({
    magnitude: fc.integer({ min: 0, max: 950 }).map((hundredths) => hundredths / 100),
    latitude: fc.integer({ min: -90, max: 90 }),
    longitude: fc.integer({ min: -180, max: 180 }),
  })
  .map(packEvent);

async function deployed() {
  const { viem } = await hre.network.create();
  return viem.deployContract("IndexEngineHarness");
}

describe("IndexEngine and its TypeScript twin", () => {
  let harness: Awaited<ReturnType<typeof deployed>>;
  before(async () => {
    harness = await deployed();
  });

  it("I8: agree bit for bit on any terms and values", async () => {
    await fc.assert(
      fc.asyncProperty(
        termsOf,
        fc.array(fc.oneof(small, event), { minLength: 1, maxLength: 40 }),
        async (terms, values) => {
          const [index, bps] = await harness.read.evaluate([encodeIndexTerms(terms), values]);
          expect(computeIndex(terms, values)).to.equal(index);
          expect(computePayoutBps(terms, index)).to.equal(bps);
        },
      ),
      { numRuns: 400, seed: 1 },
    );
  });

  it("I8: agree on the payout of any index, far beyond the window", async () => {
    const any = fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n });
    await fc.assert(
      fc.asyncProperty(termsOf, any, async (terms, index) => {
        expect(computePayoutBps(terms, index)).to.equal(await harness.read.payoutBps([encodeIndexTerms(terms), index]));
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it("I8: agree on values as large as a feed can hold", async () => {
    const any = fc.oneof(
      fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }),
      fc.constantFrom(-(2n ** 127n), 2n ** 127n - 1n, 2n ** 63n, -(2n ** 63n) - 1n),
    );
    await fc.assert(
      fc.asyncProperty(termsOf, fc.array(any, { minLength: 1, maxLength: 20 }), async (terms, values) => {
        const [index, bps] = await harness.read.evaluate([encodeIndexTerms(terms), values]);
        expect(computeIndex(terms, values)).to.equal(index);
        expect(computePayoutBps(terms, index)).to.equal(bps);
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it("I8: agree one unit on either side of every bound of any terms", async () => {
    await fc.assert(
      fc.asyncProperty(termsOf, async (terms) => {
        const encoded = encodeIndexTerms(terms);
        const around = (bound: bigint) => [bound - 1n, bound, bound + 1n];
        for (const value of around(terms.threshold)) {
          const [index] = await harness.read.evaluate([encoded, [value]]);
          expect(computeIndex(terms, [value]), `value ${value}`).to.equal(index);
        }
        const bounds = [terms.attachment, terms.exit, ...terms.tiers.map(({ bound }) => bound)].flatMap(around);
        for (const index of bounds) {
          const bps = await harness.read.payoutBps([encoded, index]);
          expect(computePayoutBps(terms, index), `index ${index}`).to.equal(bps);
        }
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it("I8: agree one micro-degree on either side of a radius, along both axes", async () => {
    const place = fc.record({
      latitude: fc.integer({ min: -60, max: 60 }),
      longitude: fc.integer({ min: -180, max: 180 }),
      radiusKm: fc.integer({ min: 1, max: 2000 }),
    });
    let inside = 0;
    let outside = 0;
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom(-1n, 0n, 1n), fc.boolean(), async (area, step, east) => {
        const terms: IndexTerms = { kind: "magnitude", attachment: 0n, exit: 1000n, area };
        const encoded = encodeIndexTerms(terms);
        const radius = encoded.area >> 96n;
        const cosine = BigInt.asUintN(32, encoded.area >> 64n);
        const away = (east ? (radius * 1_000_000n) / cosine : radius) + step;
        const latitude = BigInt.asIntN(32, encoded.area >> 32n) + (east ? 0n : away);
        const longitude = BigInt.asIntN(32, encoded.area) + (east ? away : 0n);
        const value = (650n << 64n) | (BigInt.asUintN(32, latitude) << 32n) | BigInt.asUintN(32, longitude);
        const [index] = await harness.read.evaluate([encoded, [value]]);
        expect(computeIndex(terms, [value])).to.equal(index);
        if (!east) expect(index).to.equal(step > 0n ? 0n : 650n);
        if (index === 0n) outside++;
        else inside++;
      }),
      { numRuns: 120, seed: 6 },
    );
    expect(Math.min(inside, outside)).to.be.greaterThan(10);
  });

  it("measure a packed season in one pass as they do value by value", async () => {
    const value = fc.bigInt({ min: -32_768n, max: 32_767n });
    const season = fc.array(fc.oneof(value, small), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(termsOf, season, async (terms, values) => {
        if (terms.kind === "magnitude") return;
        const [fast, plain] = await harness.read.measure([encodeIndexTerms(terms), packSeason(values)]);
        expect(fast).to.equal(plain);
        expect(fast).to.equal(computeIndex(terms, values));
      }),
      { numRuns: 400, seed: 3 },
    );
  });

  const boundaries: [string, IndexTerms, [bigint, bigint][]][] = [
    [
      "rising, linear",
      { kind: "sum", attachment: 100n, exit: 200n },
      [
        [99n, 0n],
        [100n, 0n],
        [101n, 100n],
        [199n, 9900n],
        [200n, 10_000n],
        [201n, 10_000n],
      ],
    ],
    [
      "falling, linear",
      { kind: "sum", attachment: 200n, exit: 100n },
      [
        [201n, 0n],
        [200n, 0n],
        [199n, 100n],
        [101n, 9900n],
        [100n, 10_000n],
        [99n, 10_000n],
      ],
    ],
    [
      "all or nothing",
      { kind: "maximum", attachment: 500n, exit: 500n },
      [
        [499n, 0n],
        [500n, 10_000n],
        [501n, 10_000n],
      ],
    ],
    [
      "rising tiers",
      {
        kind: "maximum",
        attachment: 0n,
        exit: 0n,
        tiers: [
          { bound: 45n, bps: 2500 },
          { bound: 180n, bps: 10_000 },
        ],
      },
      [
        [44n, 0n],
        [45n, 2500n],
        [179n, 2500n],
        [180n, 10_000n],
      ],
    ],
    [
      "falling tiers below zero",
      {
        kind: "minimum",
        attachment: 0n,
        exit: -1n,
        tiers: [
          { bound: -50n, bps: 5000 },
          { bound: -100n, bps: 10_000 },
        ],
      },
      [
        [-49n, 0n],
        [-50n, 5000n],
        [-99n, 5000n],
        [-100n, 10_000n],
      ],
    ],
  ];
  for (const [name, terms, cases] of boundaries) {
    it(`holds one unit on either side of each bound: ${name}`, async () => {
      for (const [index, bps] of cases) {
        expect(await harness.read.payoutBps([encodeIndexTerms(terms), index]), `at ${index}`).to.equal(bps);
      }
    });
  }

  const thresholds: [IndexTerms["kind"], bigint, bigint, bigint][] = [
    // kind, and the index of the single values 9, 10 and 11 against a threshold of 10
    ["sumAbove", 0n, 0n, 1n],
    ["sumBelow", 1n, 0n, 0n],
    ["daysAbove", 0n, 0n, 1n],
    ["daysBelow", 1n, 0n, 0n],
    ["runAbove", 0n, 0n, 1n],
    ["runBelow", 1n, 0n, 0n],
  ];
  for (const [kind, below, at, above] of thresholds) {
    it(`${kind} counts strictly beyond its threshold`, async () => {
      const terms = encodeIndexTerms({ kind, threshold: 10n, attachment: 0n, exit: 1n });
      for (const [value, index] of [
        [9n, below],
        [10n, at],
        [11n, above],
      ] as const)
        expect((await harness.read.evaluate([terms, [value]]))[0]).to.equal(index);
    });
  }

  it("a run ends at the first value that does not count and starts anew", async () => {
    const terms = encodeIndexTerms({ kind: "runBelow", threshold: 10n, attachment: 0n, exit: 1n });
    expect((await harness.read.evaluate([terms, [1n, 1n, 10n, 1n, 1n, 1n, 20n, 1n]]))[0]).to.equal(3n);
  });

  it("an earthquake counts within the radius, across the date line too, and the strongest is taken", async () => {
    const area = { latitude: 0, longitude: 179.9, radiusKm: 111.195 };
    const terms = encodeIndexTerms({ kind: "magnitude", attachment: 500n, exit: 800n, area });
    const at = (longitude: number, magnitude: number) => packEvent({ magnitude, latitude: 0, longitude });
    const values = [at(178.9, 5.5), at(178.899_999, 9), at(-179.100_001, 6.5), at(-179.099_999, 8)];
    expect((await harness.read.evaluate([terms, values]))[0]).to.equal(650n);
  });

  it("refuses tiers above the whole sum, stray bits, and places in a packed season", async () => {
    const terms = encodeIndexTerms({ kind: "magnitude", attachment: 0n, exit: 1n });
    expect(await harness.read.isValid([terms, false])).to.equal(true);
    expect(await harness.read.isValid([terms, true])).to.equal(false);
    expect(await harness.read.isValid([{ ...terms, tiers: 10_001n << 40n }, false])).to.equal(false);
    expect(await harness.read.isValid([{ ...terms, tiers: 10_000n << 40n }, false])).to.equal(true);
    expect(await harness.read.isValid([{ ...terms, tiers: 1n << 224n }, false])).to.equal(false);
  });
});
