import type { Hash } from "viem";
import {
  type Book,
  bookRoot,
  buildSettlement,
  clearBook,
  deviationBook,
  encodeMeterValues,
  encodeStep,
  type Participant,
  type PostedOrder,
  type Settlement,
  settlementAccessList,
  type SignedCurve,
  signCurve,
  type Step,
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
  settleTime,
} from "../lib/energy-market.ts";
import type { Area, Bench } from "./harness.ts";

const DAY_SLOTS = 96;
const GAS = { gas: 16_700_000n };
const TARIFF = { longTick: 80, shortTick: 320, deadBandWh: 100, penaltyTicks: 2 };

/** Homes and small producers: valuations spread evenly around a common price, about half the orders clear. */
function stepOf(index: number, t: number): Step {
  const noise = ((index * 7_919 + t * 104_729) % 997) / 997;
  const side = index % 2 === 0 ? "bid" : "offer";
  return { side, tick: 120 + Math.floor(noise * 160), energyWh: 200 + ((index * 31 + t * 17) % 900) };
}

type Homes = Market & { readonly accounts_: readonly number[]; readonly firstSlot: number };

async function withHomes(bench: Bench, homes: number, metered: boolean): Promise<Homes> {
  const market = await deployMarket(bench.connection.viem, { operator: "board" });
  const firstSlot = (await nextDay(market.client)) + DAY_SLOTS;
  const list: number[] = [];
  for (let i = 0; i < homes; i++) list.push(await market.open(keyOf(i), 10n ** 9n, 0, metered ? METERED : 0));
  return { ...market, accounts_: list, firstSlot };
}

async function settle(bench: Bench, market: Homes, count: number): Promise<[Settlement, number]> {
  const { firstSlot, accounts_ } = market;
  const curves: SignedCurve[] = [];
  for (const [i, account] of accounts_.entries()) {
    const steps = Array.from({ length: count }, (_, t) => stepOf(i, t));
    curves.push(await signCurve(keyOf(i), market.domain, { account, nonce: 0, firstSlot, steps }));
  }
  await market.board.write.commit([firstSlot, bookRoot(curves)]);
  const built = buildSettlement({ firstSlot, count, curves });
  await bench.connection.networkHelpers.time.increaseTo(settleTime(firstSlot, count));
  const named = { ...GAS, accessList: settlementAccessList(market.accounts.address, built) };
  const hash = await market.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted], named);
  return [built, await bench.gasUsed(hash)];
}

export async function settleSlot(bench: Bench, homes = 1_000): Promise<void> {
  const [, gas] = await settle(bench, await withHomes(bench, homes, false), 1);
  bench.record({ id: "energy.settleSlot.perOrder", value: Math.round(gas / homes), unit: "gas", n: homes });
}

/** A day of 100 homes: signed, settled, measured by P-256 meters, deviations paid. */
export async function settleDay(bench: Bench, homes = 100): Promise<void> {
  const market = await withHomes(bench, homes, true);
  const { balancing, meters, firstSlot, accounts_ } = market;
  await balancing.write.setTariff([{ fromSlot: firstSlot, ...TARIFF }]);
  await market.accounts.write.deposit([BALANCE_PARTY, 10n ** 12n]);
  const [built, traded] = await settle(bench, market, DAY_SLOTS);
  const n = homes * DAY_SLOTS;
  bench.record({ id: "energy.settleDay.perOrderSlot", value: Math.round(traded / n), unit: "gas", n });

  await bench.connection.networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  const day = firstSlot / DAY_SLOTS;
  const domain = { chainId: market.chainId, registry: meters.address };
  const people: Participant[] = [];
  for (const [i, account] of accounts_.entries()) {
    const { x, y, sign } = meterKey(i);
    await meters.write.register([account, { curve: 1, class: 0, capWh: 20_000, x, y }]);
    const fills = built.positions[i]?.fillsWh ?? new Int32Array(DAY_SLOTS);
    const valuesWh = [...fills].map((fill, t) => fill + ((i * 13 + t * 7) % 120) - 60 || 1);
    const { a, b } = sign(domain, { account, day, valuesWh });
    await meters.write.post([account, day, encodeMeterValues(valuesWh), a, b]);
    people.push({ account, zone: 0, metered: true, valuesWh });
  }
  const named = { ...GAS, accessList: settlementAccessList(market.accounts.address, built) };
  const paid = await bench.gasUsed(await balancing.write.settle([deviationBook(built, people, 0n)], named));
  bench.record({ id: "energy.settleDayMetered.perOrderSlot", value: Math.round((traded + paid) / n), unit: "gas", n });
}

/** A day posted by a P-256 meter, once its ring of days has gone round. */
async function meterDay(bench: Bench): Promise<void> {
  const { meters, chainId, client } = await deployMarket(bench.connection.viem);
  const { x, y, sign } = meterKey(0);
  await meters.write.register([4, { curve: 1, class: 0, capWh: 20_000, x, y }]);
  const today = Math.floor(Number((await client.getBlock()).timestamp) / 86_400);
  const valuesWh = Array.from({ length: DAY_SLOTS }, (_, t) => (t % 3 === 0 ? 40 + t * 9 : -60 - t * 5));
  for (const day of [today, today + 16]) {
    await bench.connection.networkHelpers.time.increaseTo((day + 1) * 86_400);
    const { a, b } = sign({ chainId, registry: meters.address }, { account: 4, day, valuesWh });
    const hash = await meters.write.post([4, day, encodeMeterValues(valuesWh), a, b]);
    if (day !== today) await bench.recordGas("energy.meterDay.perReading", hash, DAY_SLOTS);
  }
}

async function posted(bench: Bench, homes = 200): Promise<void> {
  const market = await withHomes(bench, homes, false);
  const { firstSlot, accounts, exchange, accounts_ } = market;
  const { networkHelpers } = bench.connection;
  await networkHelpers.time.increaseTo(firstSlot * 900 - 80_000);
  const orders: PostedOrder[] = [];
  const hashes: Hash[] = [];
  for (const [i, account] of accounts_.entries()) {
    const order = { slot: firstSlot, account, ...stepOf(i, 0) };
    const owner = keyOf(i).address;
    await networkHelpers.setBalance(owner, 10n ** 18n);
    await networkHelpers.impersonateAccount(owner);
    const step = Number(BigInt(encodeStep(order)));
    hashes.push(await accounts.write.post([firstSlot, account, step], { account: owner }));
    orders.push(order);
  }
  // The first post of a slot writes its queue's word afresh only until the ring has gone round once.
  await bench.recordGas("energy.post.order", hashes.at(-2) as Hash);
  await market.board.write.commit([firstSlot, bookRoot([])]);
  const built = buildSettlement({ firstSlot, count: 1, curves: [], posted: orders });
  await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  const named = { ...GAS, accessList: settlementAccessList(accounts.address, built) };
  const hash = await exchange.write.settle([firstSlot, built.prices, built.orders, built.posted], named);
  await bench.recordGas("energy.settlePosted.perOrder", hash, homes);
}

async function ticks(bench: Bench): Promise<void> {
  const { viem, networkHelpers } = bench.connection;
  const [admin] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (admin === undefined) throw new Error("the chain has no funded account");
  const token = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const book = await viem.deployContract("TickBook", [token.address, 128n, 0n, 4n, 300n, 5_000n, 1n]);
  await token.write.mint([admin.account.address, 10n ** 15n]);
  await token.write.approve([book.address, 10n ** 15n]);
  const order = (slot: number, i: number) => ({
    slot,
    isOffer: i % 2 === 1,
    level: (i * 7_919) % 128,
    energyWh: 100 + (i % 400),
  });
  const now = async () => Math.floor(Number((await client.getBlock()).timestamp) / 900);

  // One home's day, once to warm the ring and once, four days on, to measure.
  await book.write.register();
  await book.write.deposit([1, 10n ** 12n]);
  const first = (await now()) + 8;
  const day = (from: number) => Array.from({ length: DAY_SLOTS }, (_, t) => order(from + t, t));
  await book.write.place([1, day(first)], GAS);
  await networkHelpers.time.increaseTo((first + 376) * 900);
  for (let t = 0; t < DAY_SLOTS; t++) {
    await book.write.clear([first + t]);
    await book.write.claim([first + t, 1]);
  }
  await bench.recordGas("energy.tick.placeDay.perSlot", await book.write.place([1, day(first + 384)], GAS), DAY_SLOTS);
  await networkHelpers.time.increaseTo((first + 384 + DAY_SLOTS) * 900);
  for (let t = 0; t < DAY_SLOTS; t++) await book.write.clear([first + 384 + t]);

  let accounts = 1;
  for (const n of [20, 200, 2_000]) {
    for (; accounts < n + 1; accounts++) {
      await book.write.register();
      await book.write.deposit([accounts + 1, 10n ** 9n]);
    }
    const slot = (await now()) + 250;
    for (let i = 0; i < n; i++) await book.write.place([i + 2, [order(slot, i)]]);
    await networkHelpers.time.increaseTo(slot * 900);
    const value = await bench.gasUsed(await book.write.clear([slot]));
    bench.record({ id: "energy.tick.clear", value, unit: "gas", n });
    if (n === 2_000) {
      const { tick } = await book.read.resultOf([slot]);
      const winner = Array.from({ length: n }, (_, i) => i).find((i) => i % 2 === 1 && order(slot, i).level * 4 < tick);
      await bench.recordGas("energy.tick.claim", await book.write.claim([slot, (winner ?? 0) + 2]));
    }
  }
}

/** One million orders in one zone. */
function million(n: number): Book {
  const book: Book = {
    zone: new Uint8Array(n),
    isOffer: new Uint8Array(n),
    tick: new Int16Array(n),
    energyWh: new Uint32Array(n),
  };
  for (let i = 0; i < n; i++) {
    const noise = (i * 2_654_435_761) % 4_294_967_296;
    book.isOffer[i] = i & 1;
    book.tick[i] = (noise % 8_000) - 1_000;
    book.energyWh[i] = 1 + (noise >>> 20);
  }
  return book;
}

/** What everybody else does: sort both sides, walk to the crossing. */
function sortAndSweep({ isOffer, tick, energyWh }: Book): number {
  const indices = Array.from(tick.keys());
  const bids = indices.filter((i) => isOffer[i] === 0).sort((a, b) => (tick[b] ?? 0) - (tick[a] ?? 0));
  const offers = indices.filter((i) => isOffer[i] === 1).sort((a, b) => (tick[a] ?? 0) - (tick[b] ?? 0));
  let volume = 0;
  let [b, o, bidLeft, offerLeft] = [0, 0, energyWh[bids[0] ?? 0] ?? 0, energyWh[offers[0] ?? 0] ?? 0];
  while (b < bids.length && o < offers.length && (tick[bids[b] ?? 0] ?? 0) >= (tick[offers[o] ?? 0] ?? 0)) {
    const traded = Math.min(bidLeft, offerLeft);
    volume += traded;
    bidLeft -= traded;
    offerLeft -= traded;
    if (bidLeft === 0) bidLeft = energyWh[bids[++b] ?? 0] ?? 0;
    if (offerLeft === 0) offerLeft = energyWh[offers[++o] ?? 0] ?? 0;
  }
  return volume;
}

function speed(bench: Bench): void {
  const timed = (action: () => number): [number, number] => {
    let best = Number.POSITIVE_INFINITY;
    let result = 0;
    for (let i = 0; i < 3; i++) {
      const started = performance.now();
      result = action();
      best = Math.min(best, performance.now() - started);
    }
    return [result, Math.round(best)];
  };
  for (const [id, n] of [
    ["sdk.energy.clear.100k", 100_000],
    ["sdk.energy.clear.1M", 1_000_000],
  ] as const) {
    const book = million(n);
    const [ours, value] = timed(() => clearBook(book).volumeWh);
    const [theirs, swept] = timed(() => sortAndSweep(book));
    if (ours !== theirs) throw new Error(`the twins disagree: ${ours} and ${theirs} Wh`);
    bench.record({ id, value, unit: "ms", n });
    bench.record({ id, value: swept, unit: "ms", n, peer: "sort and sweep" });
  }
}

export const area: Area = {
  name: "energy",
  budgets: {
    "energy.settleDay.perOrderSlot": 850,
    "energy.settleDayMetered.perOrderSlot": 1_050,
    "energy.settleSlot.perOrder": 9_600,
    "energy.post.order": 35_000,
    "energy.settlePosted.perOrder": 6_500,
    "energy.tick.placeDay.perSlot": 26_000,
    "energy.tick.clear": 220_000,
    "energy.tick.claim": 37_000,
    "energy.meterDay.perReading": 680,
  },
  async run(bench) {
    speed(bench);
    await settleDay(bench);
    await settleSlot(bench);
    await meterDay(bench);
    await posted(bench);
    await ticks(bench);
  },
};
