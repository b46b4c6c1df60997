import { expect } from "chai";
import { network } from "hardhat";
import { parseEventLogs, toHex } from "viem";
import {
  buildSettlement,
  encodeStep,
  encodeMeterValues,
  type Participant,
  type PostedOrder,
  type Settlement,
  settleDeviations,
  type SignedCurve,
  signCurve,
  type Step,
  type Tariff,
} from "../../packages/sdk/src/energy/index.ts";
import {
  BALANCE_PARTY,
  deployMarket,
  fallbackTime,
  keyOf,
  type Market,
  METERED,
  meterKey,
  nextDay,
  PENALTIES,
  voidTime,
} from "../../scripts/lib/energy-market.ts";
import { randomOf } from "./books.ts";
import { bid, offer, refuses, steps } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const RICH = 10n ** 9n;
const TARIFF: Tariff = { longTick: 80, shortTick: 300, deadBandWh: 2 ** 31, penaltyTicks: 0 };

interface Home {
  readonly account: number;
  readonly metered: boolean;
}

/** A market whose homes have meters, with a tariff in force from the next day. */
async function community(homes: number, tariff: Tariff = TARIFF, balance = RICH) {
  const market = await deployMarket(viem);
  const firstSlot = (await nextDay(market.client)) + 96;
  await market.balancing.write.setTariff([{ fromSlot: firstSlot, ...tariff }]);
  await market.accounts.write.deposit([BALANCE_PARTY, RICH]);
  const list: Home[] = [];
  for (let i = 0; i < homes; i++) {
    const account = await market.open(keyOf(i), balance, 0, METERED);
    const { x, y } = meterKey(i);
    await market.meters.write.register([account, { curve: 1, class: 0, capWh: 10 ** 6, x, y }]);
    list.push({ account, metered: true });
  }
  return { ...market, firstSlot, homes: list };
}

const four = () => community(4);

async function trade(
  market: Market & { firstSlot: number; homes: readonly Home[] },
  curves: readonly (readonly Step[])[],
  posted: readonly PostedOrder[] = [],
): Promise<Settlement> {
  const signed: SignedCurve[] = [];
  for (const [i, mine] of curves.entries()) {
    const account = market.homes[i]?.account ?? 0;
    const curve = { account, nonce: 0, firstSlot: market.firstSlot, steps: mine };
    signed.push(await signCurve(keyOf(i), market.domain, curve));
  }
  const count = curves[0]?.length ?? 96;
  const built = buildSettlement({ firstSlot: market.firstSlot, count, curves: signed, posted });
  await networkHelpers.time.increaseTo(fallbackTime(market.firstSlot));
  await market.exchange.write.settle([market.firstSlot, built.prices, built.orders, built.posted]);
  return built;
}

async function measure(market: Market & { firstSlot: number; homes: readonly Home[] }, values: readonly number[][]) {
  const day = market.firstSlot / 96;
  const domain = { chainId: market.chainId, registry: market.meters.address };
  const people: Participant[] = [];
  for (const [i, { account }] of market.homes.entries()) {
    const valuesWh = values[i] ?? new Array<number>(96).fill(0);
    const { a, b } = meterKey(i).sign(domain, { account, day, valuesWh });
    await market.meters.write.post([account, day, encodeMeterValues(valuesWh), a, b]);
    people.push({ account, zone: 0, metered: true, valuesWh, balanceMicro: await market.balanceOf(account) });
  }
  return people;
}

const bookFor = (built: Settlement, metered: `0x${string}`) => ({
  firstSlot: built.firstSlot,
  count: BigInt(built.count),
  tariff: 0n,
  prices: built.publishedPrices,
  posted: built.postedPositions,
  positions: built.recordPositions,
  metered,
});

const only = (t: number, value: number): number[] => Array.from({ length: 96 }, (_, i) => (i === t ? value : 0));

describe("EnergyBalancing", () => {
  it("E6: a shortfall costs the short price, a surplus earns the long price, the balance party is the mirror", async () => {
    // Bought and sold 1,000 Wh at 200; alone on his side each deviation meets the balance party.
    const cases: [number, number, bigint, bigint][] = [
      [900, -1_000, 170_000n, -200_000n],
      [1_000, -1_100, 200_000n, -230_000n],
      [1_000, -950, 200_000n, -196_000n],
    ];
    for (const [sold, bought, seller, buyer] of cases) {
      const market = await community(2);
      const built = await trade(market, [steps(96, { 5: offer(1_000, 200) }), steps(96, { 5: bid(1_000, 200) })]);
      const people = await measure(market, [only(5, sold), only(5, bought)]);
      const expected = settleDeviations(built, people, TARIFF);
      const hash = await market.balancing.write.settle([bookFor(built, expected.metered)]);
      const balances = await Promise.all(market.homes.map(({ account }) => market.balanceOf(account)));
      expect(balances).to.deep.equal([RICH + seller, RICH + buyer]);
      expect(await market.balanceOf(BALANCE_PARTY)).to.equal(RICH - seller - buyer);
      const { logs } = await market.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: market.balancing.abi, logs, eventName: "DeviationsSettled" });
      expect(event?.args).to.deep.equal({
        firstSlot: market.firstSlot,
        accounts: 2n,
        balancePartyMicro: expected.balancePartyMicro,
        penaltyMicro: 0n,
      });
      expect(await market.balancing.read.isPaid([market.firstSlot])).to.equal(true);
    }
  });

  it("E7: neighbours net first at the slot's price, pro rata; the rest meets the balance party", async () => {
    const market = await networkHelpers.loadFixture(four);
    const curves = [offer(1_000, 200), offer(1_000, 200), bid(1_000, 200), bid(1_000, 200)];
    const built = await trade(
      market,
      curves.map((step) => steps(96, { 0: step })),
    );
    const people = await measure(market, [only(0, 900), only(0, 900), only(0, -950), only(0, -1_000)]);
    const { metered } = settleDeviations(built, people, TARIFF);
    await market.balancing.write.settle([bookFor(built, metered)]);
    const balances = await Promise.all(market.homes.map(({ account }) => market.balanceOf(account)));
    // Short 100 + 100, long 50: 25 each at 200, 75 each at 300; the long 50 at 200.
    const short = 200_000n - 25n * 200n - 75n * 300n;
    expect(balances).to.deep.equal([RICH + short, RICH + short, RICH - 200_000n + 50n * 200n, RICH - 200_000n]);
  });

  it("never rewards a deviation: a long price above the slot's price pays the slot's price", async () => {
    const market = await community(2, { ...TARIFF, longTick: 80, shortTick: 90 });
    const built = await trade(market, [steps(96, { 0: offer(100, 40) }), steps(96, { 0: bid(100, 40) })]);
    const people = await measure(market, [only(0, 110), only(0, -100)]);
    const { metered } = settleDeviations(built, people, { ...TARIFF, longTick: 80, shortTick: 90 });
    await market.balancing.write.settle([bookFor(built, metered)]);
    expect(await market.balanceOf(market.homes[0]?.account ?? 0)).to.equal(RICH + 110n * 40n);
  });

  it("charges a penalty only outside the dead-band", async () => {
    const tariff = { ...TARIFF, deadBandWh: 30, penaltyTicks: 7 };
    const market = await community(2, tariff);
    const built = await trade(market, [steps(96, { 0: offer(100, 200) }), steps(96, { 0: bid(100, 200) })]);
    const people = await measure(market, [only(0, 60), only(0, -130)]);
    const expected = settleDeviations(built, people, tariff);
    expect(expected.penaltyMicro).to.equal(70n);
    await market.balancing.write.settle([bookFor(built, expected.metered)]);
    expect(await market.balanceOf(PENALTIES)).to.equal(70n);
    expect(await market.balanceOf(market.homes[0]?.account ?? 0)).to.equal(RICH + 20_000n - 40n * 300n - 70n);
  });

  it("bears what an empty account cannot pay with the balance party, not with the neighbours", async () => {
    const market = await community(2, TARIFF, 0n);
    const buyer = market.homes[1]?.account ?? 0;
    await market.accounts.write.deposit([buyer, 20_000n]);
    const built = await trade(market, [steps(96, { 0: offer(100, 200) }), steps(96, { 0: bid(100, 200) })]);
    const people = await measure(market, [only(0, 0), only(0, -100)]);
    const expected = settleDeviations(built, people, TARIFF);
    expect(expected.accounts[0]?.shortfallMicro).to.equal(10_000n);
    const hash = await market.balancing.write.settle([bookFor(built, expected.metered)]);
    const { logs } = await market.client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: market.accounts.abi, logs, eventName: "ShortfallBorne" });
    expect(event?.args).to.deep.equal({ account: market.homes[0]?.account, amountMicro: 10_000n });
    expect(await market.balanceOf(BALANCE_PARTY)).to.equal(RICH + 20_000n);
    expect(expected.balancePartyMicro).to.equal(20_000n);
  });

  it("counts posted orders into the position, and asks everybody with a position for his meter", async () => {
    const market = await community(3);
    const { firstSlot, homes } = market;
    const [a, b, c] = homes.map(({ account }) => account) as [number, number, number];
    await networkHelpers.time.increaseTo(firstSlot * 900 - 3_600);
    const posted = [{ slot: firstSlot, account: c, ...offer(60, 200) }];
    await networkHelpers.setBalance(keyOf(2).address, 10n ** 18n);
    await networkHelpers.impersonateAccount(keyOf(2).address);
    await market.accounts.write.post([firstSlot, c, Number(BigInt(encodeStep(offer(60, 200))))], {
      account: keyOf(2).address,
    });
    const built = await trade(market, [steps(96, { 0: offer(40, 200) }), steps(96, { 0: bid(100, 200) })], posted);
    const people = await measure(market, [only(0, 40), only(0, -100), only(0, 50)]);
    const expected = settleDeviations(built, people, TARIFF);
    const without = (account: number) =>
      people
        .filter((person) => person.account !== account)
        .map(({ account: id, valuesWh }) => toHex(id, { size: 4 }) + encodeMeterValues(valuesWh).slice(2));
    for (const account of [a, b, c]) {
      const rest = without(account)
        .map((part, i) => (i === 0 ? part : part.slice(2)))
        .join("") as `0x${string}`;
      await refuses(market.balancing.write.settle([bookFor(built, rest)]), "EnergyMeterMismatch", [account]);
      await refuses(
        () =>
          settleDeviations(
            built,
            people.filter((person) => person.account !== account),
            TARIFF,
          ),
        "EnergyMeterMismatch",
        [account],
      );
    }
    await market.balancing.write.settle([bookFor(built, expected.metered)]);
    expect(await market.balanceOf(c)).to.equal(RICH + 60n * 200n - 10n * 300n);
    expect(await market.balanceOf(a)).to.equal(RICH + 40n * 200n);
  });

  it("refuses changed values, foreign positions, a second payment and records out of order", async () => {
    const market = await community(2);
    const built = await trade(market, [steps(96, { 0: offer(100, 200) }), steps(96, { 0: bid(100, 200) })]);
    const people = await measure(market, [only(0, 90), only(0, -100)]);
    const { metered } = settleDeviations(built, people, TARIFF);
    const good = bookFor(built, metered);
    const lied = people.map((person, i) => (i === 0 ? { ...person, valuesWh: only(0, 100) } : person));
    const { balancing } = market;
    await refuses(
      balancing.write.settle([{ ...good, metered: settleDeviations(built, lied, TARIFF).metered }]),
      "EnergyMeterMismatch",
      [people[0]?.account],
    );
    const record = 2 * (4 + 384);
    const swapped = `0x${metered.slice(2 + record)}${metered.slice(2, 2 + record)}` as const;
    await refuses(balancing.write.settle([{ ...good, metered: swapped }]), "EnergyIdOrder", [1]);
    await refuses(balancing.write.settle([{ ...good, metered: `${metered}00` }]), "EnergyIdOrder");
    const other = built.publishedPrices.replace("000000c8", "000000c9") as `0x${string}`;
    await refuses(balancing.write.settle([{ ...good, prices: other }]), "EnergyWrongPositions", [market.firstSlot]);
    await refuses(balancing.write.settle([{ ...good, firstSlot: built.firstSlot + 96 }]), "EnergyWrongPositions");
    await refuses(balancing.write.settle([{ ...good, tariff: 1n }]), "EnergyWrongTariff", [1]);
    await balancing.write.settle([good]);
    await refuses(balancing.write.settle([good]), "EnergyDeviationsPaid", [market.firstSlot]);
  });

  it("settles a void book's metered energy with the balance party", async () => {
    const market = await community(2);
    const { firstSlot } = market;
    await networkHelpers.time.increaseTo(voidTime(firstSlot));
    await market.exchange.write.voidBook([firstSlot, 96n]);
    const built = buildSettlement({ firstSlot, count: 96, curves: [] });
    expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
    const people = await measure(market, [only(0, 50), only(0, -70)]);
    const expected = settleDeviations(built, people, TARIFF);
    await market.balancing.write.settle([bookFor(built, expected.metered)]);
    const [maker, taker] = await Promise.all(market.homes.map(({ account }) => market.balanceOf(account)));
    expect([maker, taker]).to.deep.equal([RICH + 50n * 80n, RICH - 70n * 300n]);
  });

  it("announces tariffs in time, in order, never paying surplus more than shortage", async () => {
    const { balancing, client, stranger } = await networkHelpers.loadFixture(four);
    const tariff = await balancing.read.tariffOf([0n]);
    expect(tariff.shortTick).to.equal(300);
    const fromSlot = tariff.fromSlot + 1;
    await refuses(balancing.write.setTariff([{ ...tariff, fromSlot, longTick: 301 }]), "EnergyTariffOrder", [301, 300]);
    await refuses(balancing.write.setTariff([tariff]), "EnergyTariffTooSoon", [tariff.fromSlot, fromSlot]);
    const hash = await balancing.write.setTariff([{ ...tariff, fromSlot }]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: balancing.abi, logs, eventName: "TariffSet" });
    expect(event?.args.fromSlot).to.equal(fromSlot);
    expect(await balancing.read.tariffCount()).to.equal(2n);
    const now = Math.floor(Number((await client.getBlock()).timestamp) / 900);
    await networkHelpers.time.increase(10 * 86_400);
    await refuses(balancing.write.setTariff([{ ...tariff, fromSlot: now + 960 }]), "EnergyTariffTooSoon");
    await refuses(
      balancing.write.setTariff([{ ...tariff, fromSlot: now + 2_000 }], { account: stranger.account }),
      "AccessManagedUnauthorized",
    );
  });

  it("I1, I5: pays random days exactly as the reference does, and creates no money", async function () {
    this.timeout(900_000);
    const random = randomOf(99);
    for (let round = 0; round < 4; round++) {
      const tariff = {
        longTick: random(100) - 20,
        shortTick: 150 + random(200),
        deadBandWh: random(200),
        penaltyTicks: random(4),
      };
      const market = await community(5, tariff, 40_000_000n);
      const total = async () => {
        const all = Array.from({ length: 8 }, (_, i) => market.balanceOf(i + 1));
        return (await Promise.all(all)).reduce((sum, balance) => sum + balance, 0n);
      };
      const before = await total();
      const curves = market.homes.map(() =>
        Array.from({ length: 96 }, (): Step => ({
          side: random(2) ? "bid" : "offer",
          tick: random(300) - 50,
          energyWh: random(500),
        })),
      );
      const built = await trade(market, curves);
      const values = market.homes.map((_, i) =>
        Array.from({ length: 96 }, (_unused, t) => (built.positions[i]?.fillsWh[t] ?? 0) + random(300) - 150),
      );
      const people = await measure(market, values);
      const expected = settleDeviations(built, people, tariff);
      const party = await market.balanceOf(BALANCE_PARTY);
      await market.balancing.write.settle([bookFor(built, expected.metered)], { gas: 16_000_000n });
      for (const [i, { account, moneyMicro, penaltyMicro, shortfallMicro }] of expected.accounts.entries())
        expect(await market.balanceOf(account)).to.equal(
          (people[i]?.balanceMicro ?? 0n) + moneyMicro - penaltyMicro + shortfallMicro,
        );
      expect(await market.balanceOf(BALANCE_PARTY)).to.equal(party + expected.balancePartyMicro);
      expect(await market.balanceOf(PENALTIES)).to.equal(expected.penaltyMicro);
      expect(await total()).to.equal(before);
      expect(await market.token.read.balanceOf([market.accounts.address])).to.equal(before);
    }
  });
});
