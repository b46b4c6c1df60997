import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, type Hex, parseEventLogs, toHex } from "viem";
import {
  balancingView,
  buildSettlement,
  contractedWh,
  type DeviationBook,
  type DeviationParts,
  deviationBook,
  deviationParts,
  dryRunDeviations,
  encodeStep,
  encodeMeterValues,
  lateBook,
  type Link,
  type Participant,
  type PostedOrder,
  readSummedParts,
  type Settlement,
  settleDeviations,
  type SignedCurve,
  signCurve,
  silentDay,
  SINGLE_ZONE,
  type Step,
  type Tariff,
} from "../../packages/sdk/src/energy/index.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/index.ts";
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
import { hub, randomOf, unlimited } from "./books.ts";
import { batchOf, bid, offer, refuses, steps, traceless } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const RICH = 10n ** 9n;
const TARIFF: Tariff = { longTick: 80, shortTick: 300, deadBandWh: 2 ** 31, penaltyTicks: 0 };

interface Home {
  readonly account: number;
  readonly zone: number;
}

/**
 * A market whose homes have meters, in turn in each of its zones, with a tariff in force from the next day; its books
 * begin `offset` slots after midnight.
 */
async function community(homes: number, tariff: Tariff = TARIFF, balance = RICH, links = SINGLE_ZONE, offset = 0) {
  const market = await deployMarket(viem, { links });
  const day = (await nextDay(market.client)) + 96;
  await market.balancing.write.setTariff([{ fromSlot: day, ...tariff }]);
  await market.accounts.write.deposit([BALANCE_PARTY, RICH]);
  const list: Home[] = [];
  for (let i = 0; i < homes; i++) {
    const zone = i % links.length;
    const account = await market.open(keyOf(i), balance, zone, METERED);
    const { x, y } = meterKey(i);
    await market.meters.write.register([account, { curve: 1, class: 0, capWh: 10 ** 6, x, y }]);
    list.push({ account, zone });
  }
  return { ...market, firstSlot: day + offset, links, homes: list };
}

const four = () => community(4);

async function trade(
  market: Market & { firstSlot: number; links?: readonly Link[]; homes: readonly Home[] },
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
  const zoneOf = (account: number): number => market.homes.find((home) => home.account === account)?.zone ?? 0;
  const { firstSlot, links = SINGLE_ZONE } = market;
  const built = buildSettlement({ firstSlot, count, links, zoneOf, curves: signed, posted });
  await networkHelpers.time.increaseTo(fallbackTime(market.firstSlot));
  await market.exchange.write.settle([market.firstSlot, built.prices, built.orders, built.posted]);
  return built;
}

/** Posts orders as the owner of home `index`, an hour before the book. */
async function postAs(market: Market & { firstSlot: number }, index: number, posted: readonly PostedOrder[]) {
  const { address } = keyOf(index);
  const from = market.firstSlot * 900 - 3_600;
  if ((await networkHelpers.time.latest()) < from) await networkHelpers.time.increaseTo(from);
  await networkHelpers.setBalance(address, 10n ** 18n);
  await networkHelpers.impersonateAccount(address);
  for (const { slot, account, ...step } of posted)
    await market.accounts.write.post([slot, account, Number(BigInt(encodeStep(step)))], { account: address });
}

async function measure(market: Market & { firstSlot: number; homes: readonly Home[] }, values: readonly number[][]) {
  const day = Math.floor(market.firstSlot / 96);
  const domain = { chainId: market.chainId, registry: market.meters.address };
  const people: Participant[] = [];
  for (const [i, { account, zone }] of market.homes.entries()) {
    const valuesWh = values[i] ?? new Array<number>(96).fill(0);
    const { a, b } = meterKey(i).sign(domain, { account, day, valuesWh });
    await market.meters.write.post([account, day, encodeMeterValues(valuesWh), a, b]);
    people.push({ account, zone, metered: true, valuesWh, balanceMicro: await market.balanceOf(account) });
  }
  return people;
}

const bookFor = (built: Settlement, metered: `0x${string}`) => ({ ...deviationBook(built, [], 0n), metered });

const ending = (bytes: Hex, last: string): Hex => `0x${bytes.slice(2, -2)}${last}`;

type SumArgs = DeviationParts["sum"][number];
type PayArgs = DeviationParts["pay"][number];

/** Five homes with random curves and meters, one of them with a posted order besides. */
async function randomDay(seed: number, tariff: Tariff) {
  const random = randomOf(seed);
  const market = await community(5, tariff, 40_000_000n);
  const { firstSlot, homes, accounts } = market;
  const account = homes[2]?.account ?? 0;
  const step = { ...bid(400, 250) };
  await networkHelpers.time.increaseTo(firstSlot * 900 - 3_600);
  await networkHelpers.setBalance(keyOf(2).address, 10n ** 18n);
  await networkHelpers.impersonateAccount(keyOf(2).address);
  await accounts.write.post([firstSlot + 1, account, Number(BigInt(encodeStep(step)))], { account: keyOf(2).address });
  const curves = homes.map(() =>
    Array.from({ length: 96 }, (): Step => ({
      side: random(2) ? "bid" : "offer",
      tick: random(300) - 50,
      energyWh: random(500),
    })),
  );
  // The last home has a meter, but no order.
  const built = await trade(market, curves.slice(0, 4), [{ slot: firstSlot + 1, account, ...step }]);
  const values = homes.map((_, i) =>
    Array.from({ length: 96 }, (_unused, t) => (built.positions[i]?.fillsWh[t] ?? 0) + random(300) - 150),
  );
  return { ...market, built, people: await measure(market, values) };
}

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

  it("takes tariffs within 2^24 ticks either way and from exactly 36 hours ahead, and writes down each", async () => {
    const { balancing, client } = await networkHelpers.loadFixture(four);
    const limit = 2 ** 24;
    const deadline = async () => Math.floor(Number((await client.getBlock()).timestamp) / 900) + 144;
    await networkHelpers.time.increaseTo((await balancing.read.tariffOf([0n])).fromSlot * 900);
    const fromSlot = (await deadline()) + 2;
    const tariff = { fromSlot, longTick: 1 - limit, shortTick: limit - 1, deadBandWh: 5, penaltyTicks: 6 };
    await refuses(balancing.write.setTariff([{ ...tariff, longTick: -limit }]), "EnergyTariffOrder");
    await refuses(balancing.write.setTariff([{ ...tariff, shortTick: limit }]), "EnergyTariffOrder");
    /** Announces in a block `seconds` after the last moment at which `fromSlot` is 36 hours ahead. */
    const announceAt = async (seconds: number) => {
      await networkHelpers.time.setNextBlockTimestamp((fromSlot - 143) * 900 - 1 + seconds);
      return balancing.write.setTariff([tariff], { gas: 1_000_000n });
    };
    const early = await networkHelpers.takeSnapshot();
    await refuses(announceAt(1), "EnergyTariffTooSoon", [fromSlot, fromSlot + 1]);
    await early.restore();
    await announceAt(0);
    await early.restore();
    // In the first second of that quarter of an hour, so that the next ones are still in it.
    const hash = await announceAt(-899);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: balancing.abi, logs, eventName: "TariffSet" });
    expect(event?.args).to.deep.equal({ tariff: 1n, ...tariff });
    expect(await balancing.read.tariffOf([1n])).to.deep.equal(tariff);
    // The next one begins a slot later at least; its two prices may be the same.
    await refuses(balancing.write.setTariff([tariff]), "EnergyTariffTooSoon", [fromSlot, fromSlot + 1]);
    await balancing.write.setTariff([{ ...tariff, fromSlot: fromSlot + 1, longTick: 7, shortTick: 7 }]);
  });

  it("settles each book by the tariff in force at its first slot, and by no other", async () => {
    const { balancing, firstSlot } = await networkHelpers.loadFixture(four);
    const tariff = await balancing.read.tariffOf([0n]);
    for (const days of [1, 3]) await balancing.write.setTariff([{ ...tariff, fromSlot: firstSlot + 96 * days }]);
    const nothing = { count: 1n, prices: "0x80000000", posted: "0x", positions: "0x", metered: "0x" } as const;
    for (const [first, inForce] of [
      [firstSlot - 1, undefined],
      [firstSlot, 0],
      [firstSlot + 95, 0],
      [firstSlot + 96, 1],
      [firstSlot + 287, 1],
      [firstSlot + 288, 2],
    ] as const)
      for (let number = 0; number < 4; number++) {
        // A book that is still open gets no further than this, with the right tariff.
        const error = number === inForce ? "EnergyWrongPositions" : "EnergyWrongTariff";
        const book = { firstSlot: first, tariff: BigInt(number), ...nothing };
        await refuses(balancing.write.settle([book]), error, [number === inForce ? first : number]);
      }
  });

  it("I10: remembers of every account number alone whether it is paid", async () => {
    const market = await community(6);
    const { accounts, balancing, client, exchange, firstSlot, homes, meters } = market;
    // Account n is storage word n: six homes at the ends of the words that hold 256 accounts each, and far apart.
    const numbers = [255, 256, 511, 770, 4, 262_151];
    for (const [i, { account }] of homes.entries()) {
      const at = (n: number): Hex => toHex(n, { size: 32 });
      const word = await client.getStorageAt({ address: accounts.address, slot: at(account) });
      await networkHelpers.setStorageAt(accounts.address, at(numbers[i] ?? 0), word ?? "0x");
      const { x, y } = meterKey(i);
      await meters.write.register([numbers[i] ?? 0, { curve: 1, class: 0, capWh: 10 ** 6, x, y }]);
    }
    await networkHelpers.time.increaseTo(voidTime(firstSlot));
    await exchange.write.voidBook([firstSlot, 96n]);
    const built = buildSettlement({ firstSlot, count: 96, curves: [] });
    const moved = { ...market, homes: numbers.map((account) => ({ account, zone: 0 })) };
    const people = await measure(
      moved,
      numbers.map((_, i) => only(0, i - 9)),
    );
    const paid = async (): Promise<number[]> => {
      const all = [0, 262_144].flatMap((first) => Array.from({ length: 800 }, (_, i) => first + i));
      const each = await Promise.all(all.map((account) => balancing.read.isAccountPaid([firstSlot, account])));
      return all.filter((_, i) => each[i]);
    };
    await balancing.write.settle([deviationBook(built, people.slice(0, 3), 0n)]);
    expect(await paid()).to.deep.equal([255, 256, 511]);
    expect(await balancing.read.isAccountPaid([firstSlot + 96, 255])).to.equal(false);
    // Those left out are paid alone; their words keep what they remember of the neighbours.
    for (const late of [people.slice(3, 4), people.slice(4)])
      await balancing.write.settleLate(lateBook(built, late, 0n));
    expect(await paid()).to.deep.equal([4, 255, 256, 511, 770, 262_151]);
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

  it("I1, I8: pays in parts, however cut and in any order, what one transaction pays", async () => {
    const tariff = { longTick: 60, shortTick: 260, deadBandWh: 40, penaltyTicks: 3 };
    const { balancing, built, people, homes, balanceOf, firstSlot, stranger, admin, client } = await randomDay(
      5,
      tariff,
    );
    const balances = () =>
      Promise.all(
        [BALANCE_PARTY, PENALTIES, ...homes.map(({ account }) => account)].map((account) => balanceOf(account)),
      );
    const open = await networkHelpers.takeSnapshot();
    await balancing.write.settle([deviationBook(built, people, 0n)]);
    const whole = await balances();
    const cuts: [size: number, order: readonly number[]][] = [
      [2, [2, 0, 1]],
      [1, [4, 1, 3, 0, 2]],
      [5, [0]],
    ];
    for (const [size, order] of cuts) {
      await open.restore();
      const { sum, pay } = deviationParts(built, people, 0n, size);
      // Whoever goes on finds the parts in the transactions, also in a wallet's that summed them all at once.
      const data = (part: unknown) =>
        encodeFunctionData({ abi: balancing.abi, functionName: "sum", args: part as SumArgs });
      if (size === 2)
        await admin.sendTransaction({
          data: batchOf(sum.map((part) => ({ to: balancing.address, data: data(part) }))),
          gas: 16_000_000n,
        });
      else for (const part of sum) await balancing.write.sum(part as SumArgs, { account: stranger.account });
      const found = await readSummedParts(traceless(client), { balancing: balancing.address }, firstSlot);
      expect(found).to.deep.equal(pay);
      for (const [done, index] of order.entries()) {
        expect(await balancing.read.isPaid([firstSlot])).to.equal(false, `${done} parts paid`);
        await balancing.write.payPart(pay[index] as PayArgs, { account: stranger.account });
      }
      expect(await balances(), `parts of ${size}`).to.deep.equal(whole);
      expect(await balancing.read.isPaid([firstSlot])).to.equal(true);
      for (const { account } of homes) expect(await balancing.read.isAccountPaid([firstSlot, account])).to.equal(true);
    }
  });

  it("I1, I8: pays a book of part of a day in two zones as the reference does, at once and in parts", async () => {
    const random = randomOf(3);
    const tariff = { longTick: 60, shortTick: 120, deadBandWh: 40, penaltyTicks: 3 };
    const links = [hub, { ...unlimited(0, 3), exportCapWh: 90n, importCapWh: 90n }];
    const market = await community(7, tariff, 40_000_000n, links, 41);
    const { balancing, firstSlot, homes, balanceOf, client } = market;
    const post = (index: number, t: number, step: Step) => ({
      ...{ slot: firstSlot + t, account: homes[index]?.account ?? 0 },
      ...step,
    });
    const posted = [post(3, 9, offer(400, 20)), post(2, 9, bid(300, 250))];
    await postAs(market, 3, posted.slice(0, 1));
    await postAs(market, 2, posted.slice(1));
    const count = 20;
    const curves = homes.slice(0, 6).map(() =>
      Array.from({ length: count }, (): Step => ({
        side: random(2) ? "bid" : "offer",
        tick: random(300) - 50,
        energyWh: random(500),
      })),
    );
    const built = await trade(market, curves, posted);
    expect(built.clearings.some(({ zones }) => zones[0]?.tick !== zones[1]?.tick)).to.equal(true);
    const fills = contractedWh(built);
    // What was measured in the other slots of the day is none of this book's business.
    const values = homes.map(({ account }) =>
      Array.from({ length: 96 }, (_, t) => (fills.get(account)?.[t - 41] ?? 0) + random(300) - 150),
    );
    const people = await measure(market, values);
    const expected = settleDeviations(built, people, tariff);
    const party = await balanceOf(BALANCE_PARTY);
    const check = async (): Promise<void> => {
      for (const [i, { account, moneyMicro, penaltyMicro }] of expected.accounts.entries())
        expect(await balanceOf(account)).to.equal((people[i]?.balanceMicro ?? 0n) + moneyMicro - penaltyMicro);
      expect(await balanceOf(BALANCE_PARTY)).to.equal(party + expected.balancePartyMicro);
      expect(await balanceOf(PENALTIES)).to.equal(expected.penaltyMicro);
    };
    const open = await networkHelpers.takeSnapshot();
    const hash = await balancing.write.settle([deviationBook(built, people, 0n)]);
    await check();
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: balancing.abi, logs, eventName: "DeviationsSettled" });
    const { balancePartyMicro, penaltyMicro } = expected;
    expect(event?.args).to.deep.equal({ firstSlot, accounts: 7n, balancePartyMicro, penaltyMicro });
    await open.restore();
    const { sum, pay } = deviationParts(built, people, 0n, 2);
    for (const part of sum) await balancing.write.sum(part as SumArgs);
    for (const index of [3, 0, 2, 1]) await balancing.write.payPart(pay[index] as PayArgs);
    await check();
  });

  it("sums stand side by side: whoever sums wrongly holds up nobody, and nothing is paid twice", async () => {
    const tariff = { ...TARIFF, shortTick: 260 };
    const { balancing, built, people, firstSlot, client } = await randomDay(6, tariff);
    const { sum, pay } = deviationParts(built, people, 0n, 2);
    const [first, second, third] = sum as unknown as [SumArgs, SumArgs, SumArgs];
    const [, before] = second;
    await refuses(balancing.write.sum(second), "EnergyWrongParts", [firstSlot]);
    const claims = [
      { ...first[1], lastAccount: 1 },
      { ...first[1], matched: 1n },
      { ...first[1], sums: before.sums },
      { ...first[1], positions: before.positions },
      { ...first[1], parts: before.parts },
    ];
    for (const claim of claims) await refuses(balancing.write.sum([first[0], claim, false]), "EnergyWrongParts");
    const lied = people.map((one, i) => (i === 0 ? { ...one, valuesWh: only(0, 1) } : one));
    const [lie] = deviationParts(built, lied, 0n, 2).sum as unknown as [SumArgs];
    await refuses(balancing.write.sum(lie), "EnergyMeterMismatch", [people[0]?.account]);
    // Somebody leaves out everybody after the first part: he can sum, but not finish.
    const hash = await balancing.write.sum(first);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: balancing.abi, logs, eventName: "DeviationsSummed" });
    expect(event?.args).to.deep.equal({ firstSlot, last: false, progress: before });
    await refuses(balancing.write.sum([third[0], before, true]), "EnergyPostsUnmatched", [0, 1]);
    await balancing.write.sum([third[0], before, false]);
    const noPosts = { ...third[0], posted: "0x" as const };
    await refuses(balancing.write.sum([noPosts, before, true]), "EnergyWrongParts", [firstSlot]);
    const short = { ...second[0], positions: second[0].positions.slice(0, 2 + 2 * 388) as `0x${string}` };
    await refuses(balancing.write.sum([short, before, true]), "EnergyWrongPositions", [firstSlot]);
    await refuses(balancing.write.sum([first[0], before, false]), "EnergyIdOrder", [0]);
    await refuses(balancing.write.payPart(pay[0] as PayArgs), "EnergyWrongParts", [firstSlot]);
    await balancing.write.sum(second);
    await balancing.write.sum(third);
    await refuses(balancing.write.sum(first), "EnergyDeviationsPaid", [firstSlot]);
    await refuses(balancing.write.settle([deviationBook(built, people, 0n)]), "EnergyDeviationsPaid", [firstSlot]);
    const late = lateBook(built, people, 0n);
    await refuses(balancing.write.settleLate(late), "EnergyDeviationsOpen", [firstSlot]);

    const [book, sums, parts, index, earlier] = pay[1] as PayArgs;
    await balancing.write.payPart([book, sums, parts, index, earlier]);
    await refuses(balancing.write.payPart([book, sums, parts, index, earlier]), "EnergyDeviationsPaid", [firstSlot]);
    const lies: PayArgs[] = [
      [book, sums, parts, 0n, earlier],
      [book, sums, parts, 3n, earlier],
      [book, sums, parts.slice(1), 0n, earlier],
      [book, earlier, parts, index, earlier],
      [book, sums, parts, index, sums],
      [{ ...book, prices: ending(book.prices, "01") }, sums, parts, index, earlier],
      [{ ...book, metered: (pay[0] as PayArgs)[0].metered }, sums, parts, index, earlier],
      [{ ...book, positions: "0x" }, sums, parts, index, earlier],
      [{ ...book, posted: "0x" }, sums, parts, index, earlier],
    ];
    for (const lie of lies) await refuses(balancing.write.payPart(lie), "EnergyWrongParts", [firstSlot]);
    await refuses(
      balancing.write.payPart([{ ...book, tariff: 1n }, sums, parts, index, earlier]),
      "EnergyDeviationsPaid",
    );
    await balancing.write.payPart(pay[0] as PayArgs);
    await balancing.write.payPart(pay[2] as PayArgs);
    expect(await balancing.read.isPaid([firstSlot])).to.equal(true);
    await refuses(balancing.write.payPart(pay[2] as PayArgs), "EnergyWrongParts", [firstSlot]);
  });

  it("takes no more than 256 parts", async () => {
    const { balancing, built, people } = await randomDay(7, TARIFF);
    const { sum } = deviationParts(built, people, 0n, 5);
    const [[book, nothing]] = sum as unknown as [SumArgs];
    const empty = { ...book, metered: "0x", positions: "0x" } as const;
    let before: SumArgs[1] = nothing;
    for (let i = 0; i < 256; i++) {
      const hash = await balancing.write.sum([empty, before, false]);
      const { logs } = await (await viem.getPublicClient()).getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: balancing.abi, logs, eventName: "DeviationsSummed" });
      before = event?.args.progress ?? before;
    }
    await refuses(balancing.write.sum([book, before, true]), "EnergyTooManyParts");
  });

  it("I9: a meter that stays silent holds up nobody, and earns nothing by it", async () => {
    const market = await community(3);
    const { balancing, firstSlot, homes, meters } = market;
    const built = await trade(market, [steps(96, { 0: offer(100, 200) }), steps(96, { 0: bid(100, 200) })]);
    const [seller, buyer, third] = homes.map(({ account }) => account) as [number, number, number];
    const person = (account: number, valuesWh: readonly number[]): Participant => ({
      ...{ account, zone: 0, metered: true, valuesWh },
    });
    const silent = (account: number) => person(account, silentDay(built, account));
    const people = [silent(seller), silent(buyer)];
    const dayEnd = (firstSlot / 96 + 1) * 86_400;
    expect(await balancing.read.METER_DELAY()).to.equal(172_800n);
    const book = deviationBook(built, people, 0n);
    /** Settles in a block of exactly this time. */
    const settleAt = async (timestamp: number): Promise<void> => {
      await networkHelpers.time.setNextBlockTimestamp(timestamp);
      await balancing.write.settle([book], { gas: 10_000_000n });
    };
    await refuses(settleAt(dayEnd + 172_799), "EnergyMeterMismatch", [seller]);
    const open = await networkHelpers.takeSnapshot();
    await networkHelpers.time.increaseTo(dayEnd + 180_000);
    for (const [who, values] of [
      [seller, only(0, 100)],
      [seller, only(0, -1)],
      [buyer, only(0, 0)],
      [buyer, only(0, -101)],
    ] as const) {
      const lied = people.map((one) => (one.account === who ? person(who, values) : one));
      await refuses(balancing.write.settle([deviationBook(built, lied, 0n)]), "EnergyMeterMismatch", [who]);
    }
    // Who has no position cannot be written off.
    const withThird = [...people, person(third, only(0, 0))];
    await refuses(balancing.write.settle([deviationBook(built, withThird, 0n)]), "EnergyMeterMismatch", [third]);
    await open.restore();
    await settleAt(dayEnd + 172_800);
    expect(await market.balanceOf(seller)).to.equal(RICH + 20_000n - 100n * 300n);
    expect(await market.balanceOf(buyer)).to.equal(RICH - 20_000n);
    // Whoever posted is judged by what he posted.
    await open.restore();
    const { a, b } = meterKey(0).sign(
      { chainId: market.chainId, registry: meters.address },
      { account: seller, day: firstSlot / 96, valuesWh: only(0, 90) },
    );
    await meters.write.post([seller, firstSlot / 96, encodeMeterValues(only(0, 90)), a, b]);
    await networkHelpers.time.increaseTo(dayEnd + 180_000);
    await refuses(balancing.write.settle([book]), "EnergyMeterMismatch", [seller]);
    await balancing.write.settle([deviationBook(built, [person(seller, only(0, 90)), silent(buyer)], 0n)]);
    expect(await market.balanceOf(seller)).to.equal(RICH + 20_000n - 10n * 300n);
    // Once the registry may have forgotten the day, nobody can say it was silent.
    await open.restore();
    await settleAt(dayEnd + 16 * 86_400 - 1);
    await open.restore();
    await refuses(settleAt(dayEnd + 16 * 86_400), "EnergyMeterMismatch", [seller]);
  });

  it("passes over who has no meter, and pays who has no order for what he delivered, wherever they stand", async () => {
    const market = await community(3);
    const { firstSlot, homes, domain, exchange, balancing } = market;
    const [idle, buyer] = homes.map(({ account }) => account) as [number, number];
    const unmetered = await market.open(keyOf(3), RICH, 0, 0);
    const curves = [
      await signCurve(keyOf(1), domain, {
        ...{ account: buyer, nonce: 0, firstSlot },
        steps: steps(96, { 0: bid(100, 200) }),
      }),
      await signCurve(keyOf(3), domain, {
        ...{ account: unmetered, nonce: 0, firstSlot },
        steps: steps(96, { 0: offer(100, 200) }),
      }),
    ];
    const built = buildSettlement({ firstSlot, count: 96, curves });
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
    const people = await measure(market, [only(0, 30), only(0, -90)]);
    people.push({ account: unmetered, zone: 0, metered: false, valuesWh: only(0, 0) });
    const { metered, accounts } = settleDeviations(built, people, TARIFF);
    await balancing.write.settle([bookFor(built, metered)]);
    expect(await market.balanceOf(idle)).to.equal(RICH + 30n * 80n);
    expect(await market.balanceOf(buyer)).to.equal(RICH - 20_000n + 10n * 80n);
    expect(await market.balanceOf(unmetered)).to.equal(RICH + 20_000n);
    expect(accounts.map(({ moneyMicro }) => moneyMicro)).to.deep.equal([2_400n, 800n, 0n, 0n]);
  });

  it("counts every posted order of a home, and takes no position of a slot beyond the book", async () => {
    const market = await community(2);
    const { firstSlot, homes, balancing } = market;
    const seller = homes[1]?.account ?? 0;
    const posted = [offer(60, 200), offer(40, 200)].map((step, t) => ({
      slot: firstSlot + t,
      account: seller,
      ...step,
    }));
    await postAs(market, 1, posted);
    const built = await trade(market, [steps(96, { 0: bid(60, 200), 1: bid(40, 200) })], posted);
    const day = (first: number, second: number) => [first, second, ...new Array<number>(94).fill(0)];
    const people = await measure(market, [day(-60, -40), day(60, 30)]);
    const good = bookFor(built, settleDeviations(built, people, TARIFF).metered);
    expect(good.posted.slice(2, 4)).to.equal("00");
    const beyond = `0x60${good.posted.slice(4)}` as const;
    await refuses(balancing.write.settle([{ ...good, posted: beyond }]), "EnergyWrongPositions", [firstSlot]);
    await balancing.write.settle([good]);
    expect(await market.balanceOf(seller)).to.equal(RICH + 100n * 200n - 10n * 300n);
  });

  it("I9: a silent meter took what its home's posted orders bought", async () => {
    const market = await community(2);
    const { firstSlot, homes, balancing } = market;
    const buyer = homes[1]?.account ?? 0;
    const posted = [{ slot: firstSlot, account: buyer, ...bid(60, 200) }];
    await postAs(market, 1, posted);
    const built = await trade(market, [steps(96, { 0: offer(60, 200) })], posted);
    const people = await measure({ ...market, homes: homes.slice(0, 1) }, [only(0, 60)]);
    const silent = (valuesWh: readonly number[]) =>
      deviationBook(built, [...people, { account: buyer, zone: 0, metered: true, valuesWh }], 0n);
    await networkHelpers.time.increaseTo((firstSlot / 96 + 1) * 86_400 + 172_800);
    await refuses(balancing.write.settle([silent(only(0, 0))]), "EnergyMeterMismatch", [buyer]);
    expect(silentDay(built, buyer)).to.deep.equal(only(0, -60));
    await balancing.write.settle([silent(silentDay(built, buyer))]);
    expect(await market.balanceOf(buyer)).to.equal(RICH - 60n * 200n);
  });

  it("I9: whoever was left out of a settlement is settled alone, once, at the two prices", async () => {
    const market = await community(4);
    const { balancing, firstSlot, homes } = market;
    const built = await trade(market, [steps(96, { 0: offer(100, 200) }), steps(96, { 0: bid(100, 200) })]);
    const people = await measure(market, [only(0, 100), only(0, -100), only(0, 30), only(0, -70)]);
    const latecomers = people.slice(2);
    await refuses(balancing.write.settleLate(lateBook(built, latecomers, 0n)), "EnergyDeviationsOpen", [firstSlot]);
    await balancing.write.settle([deviationBook(built, people.slice(0, 2), 0n)]);
    const [book, posted, positions] = lateBook(built, latecomers, 0n);
    await refuses(balancing.write.settleLate([book, positions, posted]), "EnergyWrongPositions", [firstSlot]);
    const claimed = { ...book, positions: built.recordPositions };
    await refuses(balancing.write.settleLate([claimed, posted, positions]), "EnergyWrongPositions", [firstSlot]);
    await refuses(balancing.write.settleLate(lateBook(built, people, 0n)), "EnergyDeviationsPaid", [firstSlot]);
    const lied = [{ ...(latecomers[0] as Participant), valuesWh: only(0, 31) }];
    await refuses(balancing.write.settleLate(lateBook(built, lied, 0n)), "EnergyMeterMismatch");
    const party = await market.balanceOf(BALANCE_PARTY);
    await balancing.write.settleLate([book, posted, positions]);
    expect(await market.balanceOf(homes[2]?.account ?? 0)).to.equal(RICH + 30n * 80n);
    expect(await market.balanceOf(homes[3]?.account ?? 0)).to.equal(RICH - 70n * 300n);
    expect(await market.balanceOf(BALANCE_PARTY)).to.equal(party - 30n * 80n + 70n * 300n);
    await refuses(balancing.write.settleLate([book, posted, positions]), "EnergyDeviationsPaid", [firstSlot]);
  });

  it("names in the SDK's dry run, before anything is sent, the error and the values `settle` would revert with", async () => {
    const { balancing, accounts, exchange, meters, client, built, people } = await randomDay(8, TARIFF);
    const addresses = {
      ...{ accounts: accounts.address, exchange: exchange.address },
      ...{ meters: meters.address, balancing: balancing.address },
    };
    const good = deviationBook(built, people, 0n);
    const codeOf = async (action: () => Promise<unknown>): Promise<unknown[]> => {
      try {
        await action();
      } catch (error) {
        const { code, values } = decodeRevert(error);
        return [code, ...values.map(String)];
      }
      return ["accepted"];
    };
    const agree = async (change: Partial<DeviationBook>, code: string): Promise<void> => {
      const book = { ...good, ...change };
      const onChain = await codeOf(() => balancing.simulate.settle([book]));
      expect(onChain[0]).to.equal(code);
      const view = await balancingView(client as never, addresses);
      expect(await codeOf(() => dryRunDeviations(view, book))).to.deep.equal(onChain);
    };
    const metered = (some: readonly Participant[]) => deviationBook(built, some, 0n).metered;
    const changed = people.map((one, i) => (i === 3 ? { ...one, valuesWh: only(0, 1) } : one));
    await agree({}, "accepted");
    await agree({ tariff: 1n }, "EnergyWrongTariff");
    await agree(
      { metered: `0x${metered(people.slice(1)).slice(2)}${metered(people.slice(0, 1)).slice(2)}` },
      "EnergyIdOrder",
    );
    await agree({ metered: `${good.metered}00` }, "EnergyIdOrder");
    await agree({ metered: metered(people.slice(1)) }, "EnergyMeterMismatch");
    await agree({ metered: metered(changed) }, "EnergyMeterMismatch");
    await agree({ positions: ending(good.positions, "77") }, "EnergyWrongPositions");
    await agree({ positions: `${good.positions}00` }, "EnergyWrongPositions");
    await agree({ posted: "0x" }, "EnergyWrongPositions");
    await agree({ posted: `${good.posted}00` }, "EnergyWrongPositions");
    await agree({ prices: ending(good.prices, "77") }, "EnergyWrongPositions");
    await balancing.write.settle([good]);
    await agree({}, "EnergyDeviationsPaid");
  });
});
