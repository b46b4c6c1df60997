import { expect } from "chai";
import { network } from "hardhat";
import { concat, type Hex, zeroHash } from "viem";
import {
  type BookOrder,
  bookOf,
  type Clearing,
  clearBook,
  fillsOf,
  type Link,
  SINGLE_ZONE,
  UNLIMITED_WH,
} from "../../packages/sdk/src/energy/index.ts";
import { revertData } from "../../packages/sdk/src/foundation/index.ts";
import { chained, encodeBook, encodeResult, hub, randomLinks, randomOf, randomOrders, unlimited } from "./books.ts";

const { viem } = await network.create();
const harness = await viem.deployContract("UniformPriceHarness");

const bid = (energyWh: number, tick: number, zone = 0): BookOrder => ({ side: "bid", tick, energyWh, zone });
const offer = (energyWh: number, tick: number, zone = 0): BookOrder => ({ side: "offer", tick, energyWh, zone });
const pricesOf = (clearing: Clearing): number[] => clearing.zones.map(({ tick }) => tick);

/** Clears in the SDK, verifies on chain, demands the same answer, and returns it. */
async function both(orders: BookOrder[], links: readonly Link[] = SINGLE_ZONE, share = 5_000): Promise<Clearing> {
  const clearing = clearBook(bookOf(orders), links, share);
  const onChain = await harness.read.one([encodeBook(orders, pricesOf(clearing)), [...links], BigInt(share)]);
  expect(onChain).to.equal(encodeResult(bookOf(orders), clearing));
  return clearing;
}

/** The name and values the contract reverts with for claimed prices. */
async function refusal(orders: BookOrder[], prices: number[], links: readonly Link[] = SINGLE_ZONE): Promise<string> {
  try {
    await harness.read.one([encodeBook(orders, prices), [...links], 5_000n]);
  } catch (error) {
    const data = revertData(error) ?? "0x";
    const { decodeErrorResult } = await import("viem");
    const { errorName, args } = decodeErrorResult({ abi: harness.abi, data });
    return `${errorName}(${(args ?? []).join(",")})`;
  }
  return "accepted";
}

const money = (orders: BookOrder[], clearing: Clearing): number[] =>
  [...fillsOf(bookOf(orders), clearing)].map((fill, i) => fill * (clearing.zones[orders[i]?.zone ?? 0]?.tick ?? 0));

describe("UniformPrice: worked examples", () => {
  it("E1: the long side is rationed by telescoping floors in id order", async () => {
    const orders = [bid(10, 5), bid(7, 5), bid(3, 5), offer(9, 5)];
    const clearing = await both(orders);
    expect(clearing.volumeWh).to.equal(9);
    expect([...fillsOf(bookOf(orders), clearing)]).to.deep.equal([-4, -3, -2, 9]);
    expect(clearing.zones[0]?.outcome).to.equal("MarginalBuyer");
  });

  it("E2: k = ½ is the floored midpoint of the competitive interval, k = 0 and 1 its ends", async () => {
    const orders = [bid(5, 9), offer(5, 4)];
    const clearing = await both(orders);
    expect([clearing.zones[0]?.low, clearing.zones[0]?.high]).to.deep.equal([4, 9]);
    expect(pricesOf(clearing)).to.deep.equal([6]);
    expect(clearing.zones[0]?.outcome).to.equal("Interval");
    expect(pricesOf(await both(orders, SINGLE_ZONE, 0))).to.deep.equal([4]);
    expect(pricesOf(await both(orders, SINGLE_ZONE, 10_000))).to.deep.equal([9]);
  });

  it("E3: two zones around a hub, no congestion: prices differ by the fees and the fees are collected", async () => {
    const orders = [offer(10, 3, 1), bid(2, 6, 1), bid(8, 9, 2)];
    const clearing = await both(orders, [hub, unlimited(0, 1), unlimited(0, 1)]);
    expect(clearing.volumeWh).to.equal(10);
    expect(pricesOf(clearing)).to.deep.equal([5, 4, 6]);
    expect([clearing.zones[1]?.low, clearing.zones[1]?.high]).to.deep.equal([3, 6]);
    expect(money(orders, clearing)).to.deep.equal([40, -8, -48]);
  });

  it("E4: at a zone's capacity the gap exceeds the fees and the rent goes to the network operator", async () => {
    const orders = [offer(10, 3, 1), bid(2, 6, 1), bid(8, 9, 2)];
    const links = [hub, { ...unlimited(0, 1), exportCapWh: 5n, importCapWh: 5n }, unlimited(0, 1)];
    const clearing = await both(orders, links);
    expect(pricesOf(clearing)).to.deep.equal([8, 3, 9]);
    expect([...fillsOf(bookOf(orders), clearing)]).to.deep.equal([7, -2, -5]);
    const paid = money(orders, clearing);
    expect(paid).to.deep.equal([21, -6, -45]);
    expect(-paid.reduce((a, b) => a + b, 0)).to.equal(10 + (8 - 3 - 1) * 5);
  });

  it("E5: green may serve grey and never the other way", async () => {
    const greenOverGrey = [hub, { parent: 0, feeTicks: 0, exportCapWh: UNLIMITED_WH, importCapWh: 0n }];
    const orders = [offer(4, 2, 1), bid(3, 5, 1), offer(4, 3, 0), bid(3, 4, 0)];
    const clearing = await both(orders, greenOverGrey);
    expect(clearing.volumeWh).to.equal(6);
    expect(pricesOf(clearing)).to.deep.equal([3, 3]);
    expect(clearing.zones[1]?.flowWh).to.equal(1);
    expect([...fillsOf(bookOf(orders), clearing)]).to.deep.equal([4, -3, 2, -3]);

    const dearGreen = [offer(4, 2, 1), bid(5, 5, 1), offer(4, 3, 0), bid(3, 4, 0)];
    const apart = await both(dearGreen, greenOverGrey);
    expect(pricesOf(apart)).to.deep.equal([3, 5]);
    expect(apart.zones[1]?.flowWh).to.equal(0);
    expect([...fillsOf(bookOf(dearGreen), apart)]).to.deep.equal([4, -4, 3, -3]);
    // One price for both would move grey energy to green buyers.
    expect(await refusal(dearGreen, [4, 4], greenOverGrey)).to.match(/^EnergyNotClearing/);
  });

  it("wholesale: one seller's rising curve in MWh-sized steps against retailers, also where it is the only side", async () => {
    const MWH = 1_000_000;
    // 50, 80 and 120 ct/kWh for 400 MWh each; retailers ask for 900 MWh, 100 of them too cheaply.
    const curve = [500, 800, 1_200].map((tick) => offer(400 * MWH, tick));
    const retailers = [bid(500 * MWH, 2_000), bid(300 * MWH, 900), bid(100 * MWH, 700)];
    const clearing = await both([...curve, ...retailers]);
    expect(clearing.volumeWh).to.equal(800 * MWH);
    expect([clearing.zones[0]?.low, clearing.zones[0]?.high]).to.deep.equal([800, 900]);
    expect([...fillsOf(bookOf([...curve, ...retailers]), clearing)].map((fill) => fill / MWH)).to.deep.equal([
      ...[400, 400, 0],
      ...[-500, -300, 0],
    ]);
    // A single seller at a fixed price, as a tariff: the long side is rationed in whole Wh.
    const rationed = await both([offer(2 ** 31 - 1, 60), bid(2 ** 31 - 1, 60), bid(2 ** 31 - 1, 60)]);
    expect(rationed.volumeWh).to.equal(2 ** 31 - 1);
    expect((await both(curve)).zones[0]?.outcome).to.equal("NoTrade");
  });

  it("clears at the lowest and the highest tick there is", async () => {
    for (const tick of [-16_384, 16_383]) {
      const orders = [bid(5, tick), offer(3, tick)];
      const clearing = await both(orders);
      expect(pricesOf(clearing)).to.deep.equal([tick]);
      expect(money(orders, clearing)).to.deep.equal([-3 * tick, 3 * tick]);
    }
  });

  it("E8: at a negative price the floor of the midpoint is the lower tick", async () => {
    const orders = [bid(5, 20), bid(5, -30), offer(5, -50), offer(5, -35)];
    const clearing = await both(orders);
    expect(pricesOf(clearing)).to.deep.equal([-33]);
    expect(money(orders, clearing)).to.deep.equal([165, 165, -165, -165]);
  });
});

describe("UniformPrice: properties", () => {
  it("explains each slot by an explicit outcome", async () => {
    const outcome = async (orders: BookOrder[]) => (await both(orders)).zones[0]?.outcome;
    expect(await outcome([])).to.equal("NoTrade");
    expect(await outcome([bid(5, 4), offer(5, 9)])).to.equal("NoTrade");
    expect(await outcome([bid(5, 9), offer(5, 9)])).to.equal("Exact");
    expect(await outcome([bid(9, 9), offer(5, 4)])).to.equal("MarginalBuyer");
    expect(await outcome([bid(5, 9), offer(8, 4)])).to.equal("MarginalSeller");
    expect(await outcome([bid(5, 9), offer(5, 4)])).to.equal("Interval");
  });

  it("I6: a price wrong by one tick is rejected, whatever the book", async () => {
    const random = randomOf(6);
    let refused = 0;
    for (let i = 0; i < 150; i++) {
      const orders = randomOrders(random, 1);
      const { zones, volumeWh } = clearBook(bookOf(orders));
      if (volumeWh === 0) continue;
      for (const wrong of [-1, 1]) {
        const said = await refusal(orders, [(zones[0]?.tick ?? 0) + wrong]);
        expect(said).to.match(/^Energy(NotClearing|PriceRule)\(/);
        refused += 1;
      }
    }
    expect(refused).to.be.greaterThan(100);
  });

  it("V−1 with scaled fills: no price that trades less is accepted, and the fills are never scaled to less", async () => {
    const random = randomOf(81);
    let less = 0;
    for (let round = 0; round < 60; round++) {
      const orders = Array.from({ length: 8 }, (_, i) =>
        (i % 2 === 0 ? bid : offer)(1 + random(30), 40 + random(12) - 6 * (i % 2)),
      );
      const clearing = await both(orders);
      const sold = [...fillsOf(bookOf(orders), clearing)].filter((fill) => fill > 0);
      expect(sold.reduce((sum, fill) => sum + fill, 0)).to.equal(clearing.volumeWh);
      for (let tick = 30; tick < 55; tick++) {
        const demand = orders.reduce((sum, o) => sum + (o.side === "bid" && o.tick >= tick ? o.energyWh : 0), 0);
        const supply = orders.reduce((sum, o) => sum + (o.side === "offer" && o.tick <= tick ? o.energyWh : 0), 0);
        expect(Math.min(demand, supply)).to.be.at.most(clearing.volumeWh);
        if (Math.min(demand, supply) >= clearing.volumeWh) continue;
        less++;
        expect(await refusal(orders, [tick]), `${tick}`).to.match(/^Energy(NotClearing|PriceRule)/);
      }
    }
    expect(less).to.be.greaterThan(200);
  });

  it("reads nothing of the hub's line: the hub has none", async () => {
    const orders = [offer(10, 3, 1), bid(2, 6, 1), bid(8, 9), offer(3, 8)];
    const line = { parent: 1, feeTicks: 0, exportCapWh: 5n, importCapWh: UNLIMITED_WH };
    const clearing = await both(orders, [line, unlimited(0, 1)]);
    expect(clearing).to.deep.equal(await both(orders, [hub, unlimited(0, 1)]));
    const rationed = [bid(10, 5), bid(7, 5), bid(3, 5), offer(9, 5)];
    const narrow = { parent: 7, feeTicks: 1, exportCapWh: 1n, importCapWh: 1n };
    expect(await both(rationed, [narrow])).to.deep.equal(await both(rationed));
  });

  it("names what is wrong with a claimed price", async () => {
    expect(await refusal([bid(5, 9), offer(5, 4)], [7])).to.equal("EnergyPriceRule(0,4,9,7)");
    expect(await refusal([bid(5, 9), offer(5, 4)], [10])).to.equal("EnergyNotClearing(0,0,5)");
    const both = [bid(5, 9), bid(2, 7), offer(1, 4), offer(2, 7)];
    expect(await refusal(both, [7])).to.equal("EnergyNotClearing(0,7,3)");
  });

  it("I3, I4, I6, I7: limits hold, energy balances, volume and welfare are maximal, nobody better is left out", () => {
    const random = randomOf(7);
    for (let i = 0; i < 3_000; i++) {
      const orders = randomOrders(random, 1);
      const book = bookOf(orders);
      const clearing = clearBook(book);
      const fills = fillsOf(book, clearing);
      const price = clearing.zones[0]?.tick ?? 0;
      const ticks = orders.map(({ tick }) => tick);
      const at = (side: string, wanted: (tick: number) => boolean) =>
        orders.reduce((sum, o) => sum + (o.side === side && wanted(o.tick) ? o.energyWh : 0), 0);
      const best = Math.max(
        0,
        ...ticks.map((p) =>
          Math.min(
            at("bid", (t) => t >= p),
            at("offer", (t) => t <= p),
          ),
        ),
      );
      expect(clearing.volumeWh).to.equal(best);
      expect(fills.reduce((sum, fill) => sum + fill, 0)).to.equal(0);
      for (const [j, fill] of fills.entries()) {
        const { side, tick, energyWh } = orders[j] as BookOrder;
        const served = Math.abs(fill);
        expect(served).to.be.at.most(energyWh);
        const inTheMoney = side === "bid" ? tick - price : price - tick;
        if (clearing.volumeWh === 0) expect(served).to.equal(0);
        else if (inTheMoney > 0) expect(served).to.equal(energyWh);
        else if (inTheMoney < 0) expect(served).to.equal(0);
      }
    }
  });

  it("I2, I4: with zones and lines nobody trades outside his limit and no line carries more than it may", () => {
    const random = randomOf(8);
    for (let i = 0; i < 2_000; i++) {
      const links = randomLinks(random);
      const orders = randomOrders(random, links.length);
      const book = bookOf(orders);
      const clearing = clearBook(book, links);
      const fills = fillsOf(book, clearing);
      const net = links.map(() => 0);
      let surplus = 0;
      for (const [j, fill] of fills.entries()) {
        const { zone = 0, tick } = orders[j] as BookOrder;
        const price = clearing.zones[zone]?.tick ?? 0;
        if (fill !== 0) expect((price - tick) * fill).to.be.at.least(0);
        net[zone] = (net[zone] ?? 0) + fill;
        surplus -= fill * price;
      }
      expect(surplus).to.be.at.least(0);
      for (let z = links.length - 1; z > 0; z--) {
        const { parent, exportCapWh, importCapWh } = links[z] as Link;
        const flow = net[z] ?? 0;
        expect(clearing.zones[z]?.flowWh).to.equal(flow);
        expect(BigInt(flow) <= exportCapWh && BigInt(-flow) <= importCapWh).to.equal(true);
        net[parent] = (net[parent] ?? 0) + flow;
      }
      expect(net[0]).to.equal(0);
    }
  });

  // In parts, so that what breaks is told soon and where.
  for (let part = 1; part <= 10; part++)
    it(`I8: SDK and contract agree bit for bit on 20,000 random books, and the assembly with its plain twin (part ${part} of 10)`, async function () {
      this.timeout(900_000);
      const random = randomOf(20_000 + part);
      const perCall = 80;
      const seen = new Map<string, number>();
      for (let call = 0; call < 25; call++) {
        const links = call % 3 === 0 ? [...SINGLE_ZONE] : randomLinks(random);
        const share = [5_000, 5_000, 0, 10_000, 3_333][random(5)] as number;
        const encoded: Hex[] = [];
        let expected: Hex = zeroHash;
        for (let i = 0; i < perCall; i++) {
          const orders = randomOrders(random, links.length);
          const book = bookOf(orders);
          const clearing = clearBook(book, links, share);
          encoded.push(encodeBook(orders, pricesOf(clearing)));
          expected = chained(expected, encodeResult(book, clearing));
          for (const { outcome } of clearing.zones) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          if (clearing.zones.some(({ flowWh }, z) => flowWh !== 0 && BigInt(flowWh) === links[z]?.exportCapWh))
            seen.set("AtCapacity", (seen.get("AtCapacity") ?? 0) + 1);
        }
        const books = concat(encoded);
        const [hash, count] = await harness.read.digest([books, links, BigInt(share), false]);
        expect(count).to.equal(BigInt(perCall));
        expect(hash, `call ${call}`).to.equal(expected);
        if (call % 5 === 0) {
          const [plain] = await harness.read.digest([books, links, BigInt(share), true]);
          expect(plain, `plain twin, call ${call}`).to.equal(expected);
        }
      }
      for (const kind of ["NoTrade", "Exact", "MarginalBuyer", "MarginalSeller", "Interval", "AtCapacity"])
        expect(seen.get(kind) ?? 0, kind).to.be.greaterThan(10);
    });
});
