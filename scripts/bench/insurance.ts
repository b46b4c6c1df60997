import { type Address, type Hex, keccak256, pad, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  assembleReport,
  createFeed,
  type FeedDescription,
  feedIdOf,
  signReading,
  submitReport,
} from "@publica/sdk";
import {
  buyPolicy,
  decideSeries,
  getPurchases,
  getSeriesCount,
  type IndexTerms,
  openSeries,
  packSeason,
  policyIdOf,
  requestWithdrawal,
  seasonDigest,
  type SeriesTerms,
  serveWithdrawals,
  setQuoteKey,
  setZoneCap,
  settleSeries,
  signQuote,
  underwrite,
} from "@publica/sdk/insurance";
import type { Area, Bench } from "./harness.ts";
import { benchEnsuro } from "./insurance/ensuro.ts";
import { breakDown } from "./insurance/breakdown.ts";
import { citeGif } from "./insurance/gif.ts";
import { attestedFeedBudgets, benchAttestedFeed } from "./insurance/attestedFeed.ts";

const DAY = 86_400;
const EURO = 1_000_000n;
const POLICIES = 500;
const CHUNK = 250;
const ZONE = 7;
const pricing = privateKeyToAccount(keccak256(toHex("bench pricing key")));

/** A deployed suite on the bench's chain; the first account is investor, buyer and administrator. */
async function deploySuite(bench: Bench) {
  const { viem } = bench.connection;
  const [wallet, other] = await viem.getWalletClients();
  if (wallet === undefined || other === undefined) throw new Error("the chain has no funded accounts");
  const client = await viem.getPublicClient();
  const me = wallet.account.address;
  const manager = await viem.deployContract("AccessManager", [me]);
  const money = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const feeds = await viem.deployContract("SensorFeeds", [manager.address, DAY]);
  const registry = await viem.deployContract("SeriesRegistry", [manager.address]);
  const recourse = await viem.deployContract("SeriesRecourse", [registry.address]);
  const book = await viem.deployContract("PolicyBook", [manager.address, registry.address, recourse.address]);
  const pool = await viem.deployContract("UnderwritingPool", [
    money.address,
    "Bench pool",
    "BP",
    manager.address,
    book.address,
    "0x0000000000000000000000000000000000000000",
    "0x0000000000000000000000000000000000000000",
    7 * DAY,
  ]);
  for (const account of [me, other.account.address]) await money.write.mint([account, 10n ** 15n]);
  for (const { account } of [wallet, other]) await money.write.approve([pool.address, 2n ** 256n - 1n], { account });
  await setQuoteKey(wallet, { book: book.address, key: pricing.address, dailyLimitUnits: 10n ** 15n });
  await setZoneCap(wallet, { pool: pool.address, zone: ZONE, capUnits: 10n ** 15n });
  return {
    client,
    wallet,
    other,
    me,
    money,
    feeds,
    book: book.address,
    pool: pool.address,
  };
}

type Suite = Awaited<ReturnType<typeof deploySuite>>;

/** A feed of four sensors, three of which must sign, and a function that reports to it now. */
async function openFeed(suite: Suite, name: string) {
  const { client, wallet, feeds } = suite;
  const signers = [0, 1, 2, 3].map((i) => accountSensor(privateKeyToAccount(keccak256(toHex(`${name} ${i}`)))));
  const description: FeedDescription = {
    name,
    unit: "0.1 mm",
    decimals: 1,
    minPlausible: -(2n ** 127n),
    maxPlausible: 2n ** 127n - 1n,
    heartbeat: 2 * DAY,
    deviationBps: 0,
    historySize: 512,
  };
  await createFeed(wallet, { address: feeds.address, description, keys: signers.map(({ key }) => key), quorum: 3 });
  const context = { chainId: await client.getChainId(), address: feeds.address, feed: feedIdOf(description), epoch: 1 };
  const report = async (round: number, value: bigint): Promise<void> => {
    const observedAt = Number((await client.getBlock()).timestamp);
    const readings = await Promise.all(
      signers.map((signer, i) => signReading(context, signer, i, { round, observedAt, value })),
    );
    await submitReport(wallet, { address: feeds.address, report: assembleReport(context, 3, readings) });
  };
  return { id: context.feed, report };
}

const storm: IndexTerms = { kind: "maximum", attachment: 500n, exit: 500n };

async function now(suite: Suite): Promise<number> {
  return Number((await suite.client.getBlock()).timestamp);
}

async function open(suite: Suite, feed: Hex, more: Partial<SeriesTerms>): Promise<bigint> {
  const start = (await now(suite)) + DAY;
  const terms: SeriesTerms = {
    name: "Bench",
    pool: suite.pool,
    feeds: suite.feeds.address,
    feed,
    firstRound: 1,
    lastRound: 1,
    start,
    end: start + 30 * DAY,
    capacity: 10n ** 13n,
    index: storm,
    ...more,
  };
  await openSeries(suite.wallet, { book: suite.book, terms });
  return getSeriesCount(suite.client, { book: suite.book });
}

async function buy(suite: Suite, wallet: Suite["wallet"], series: bigint): Promise<Hex> {
  const buyer = wallet.account.address;
  const sequence = await getPurchases(suite.client, { book: suite.book, buyer });
  const quote = { series, buyer, sumInsured: 1000n * EURO, premium: 40n * EURO, sequence, validUntil: 2 ** 39 };
  const signed = await signQuote(pricing, { book: suite.book, chainId: await suite.client.getChainId(), quote });
  return buyPolicy(wallet, { book: suite.book, signed });
}

/** Investors: a first deposit, the next one, and leaving. */
async function benchCapital(bench: Bench, suite: Suite): Promise<void> {
  const { wallet, other, pool, me } = suite;
  const deposit = (who: Suite["wallet"]) =>
    underwrite(who, { pool, assets: 2_000_000n * EURO, receiver: who.account.address });
  await bench.recordGas("insurance.deposit.first", await deposit(wallet));
  await bench.recordGas("insurance.deposit.newcomer", await deposit(other));
  await bench.recordGas("insurance.deposit.next", await underwrite(wallet, { pool, assets: EURO, receiver: me }));
  await bench.recordGas("insurance.withdraw.request", await requestWithdrawal(other, { pool, shares: 10n ** 9n }));
  await bench.connection.networkHelpers.time.increase(8 * DAY);
  await bench.recordGas("insurance.withdraw", await serveWithdrawals(wallet, { pool, max: 1n }));
}

/** One buyer buys, then each policy goes to its own holder; the season's one round pays everybody. */
async function benchPolicies(bench: Bench, suite: Suite, balance: bigint, id: string): Promise<void> {
  const { wallet, money, book, me } = suite;
  const { networkHelpers, viem } = bench.connection;
  const feed = await openFeed(suite, id);
  const series = await open(suite, feed.id, {});
  const token = await viem.getContractAt("PolicyBook", suite.book);
  for (let i = 0; i < POLICIES; i++) {
    await buy(suite, wallet, series);
    const holder: Address = pad(toHex(BigInt(keccak256(toHex(`${id} ${i}`))) >> 96n), { size: 20 });
    if (balance > 0n) await money.write.mint([holder, balance]);
    await token.write.transferFrom([me, holder, policyIdOf(series, i)]);
  }
  await networkHelpers.time.increase(2 * DAY);
  await feed.report(1, 600n);
  await decideSeries(wallet, { book, series });
  let gas = 0;
  for (let done = 0; done < POLICIES; done += CHUNK)
    gas += await bench.gasUsed(await settleSeries(wallet, { book, series, max: CHUNK }));
  bench.record({ id, value: Math.round(gas / POLICIES), unit: "gas", n: POLICIES });
}

/** Buying, and one policy decided and paid in one transaction. */
async function benchOne(bench: Bench, suite: Suite): Promise<void> {
  const { wallet, other, book } = suite;
  const feed = await openFeed(suite, "one");
  const series = await open(suite, feed.id, {});
  await bench.recordGas("insurance.buy.opening", await buy(suite, wallet, series));
  await bench.recordGas("insurance.buy.first", await buy(suite, other, series));
  await bench.recordGas("insurance.buy.repeat", await buy(suite, other, series));
  const zoned = await open(suite, feed.id, { zone: ZONE });
  await buy(suite, other, zoned);
  await bench.recordGas("insurance.buy.repeat.zone", await buy(suite, other, zoned));
  const single = await openFeed(suite, "single");
  const alone = await open(suite, single.id, {});
  await buy(suite, wallet, alone);
  await bench.connection.networkHelpers.time.increase(2 * DAY);
  await single.report(1, 600n);
  const paid = await settleSeries(wallet, { book, series: alone, max: 1 });
  await bench.recordGas("insurance.triggerAndPay.1", paid);
  await breakDown(bench, "insurance.triggerAndPay.1", paid);
  await feed.report(1, 100n);
  await bench.recordGas("insurance.trigger.nothing", await decideSeries(wallet, { book, series }));
}

/** A packed season of `days` values, decided against the digest the feed attested. */
async function benchSeason(bench: Bench, suite: Suite, days: number): Promise<void> {
  const { wallet, book } = suite;
  const values = Array.from({ length: days }, (_, day) => BigInt((day * 37) % 150));
  const season = packSeason(values);
  const feed = await openFeed(suite, `season ${days}`);
  const index: IndexTerms = { kind: "sum", attachment: 10_000_000n, exit: 20_000_000n };
  const series = await open(suite, feed.id, { seasonValues: days, index });
  await buy(suite, wallet, series);
  await bench.connection.networkHelpers.time.increase(32 * DAY);
  await feed.report(1, seasonDigest(season));
  await bench.recordGas(`insurance.settleSeason.${days}d`, await decideSeries(wallet, { book, series, season }));
}

export const area: Area = {
  name: "insurance",
  budgets: {
    "insurance.deposit.next": 65_000,
    "insurance.withdraw": 70_000,
    "insurance.buy.first": 135_000,
    "insurance.buy.repeat": 112_000,
    "insurance.settle.perPolicy": 17_000,
    "insurance.settle.perPolicy.zeroBalance": 34_000,
    "insurance.triggerAndPay.1": 65_000,
    "insurance.settleSeason.30d": 56_000,
    "insurance.settleSeason.365d": 122_000,
    ...attestedFeedBudgets,
  },
  async run(bench) {
    const suite = await deploySuite(bench);
    await benchCapital(bench, suite);
    await benchOne(bench, suite);
    await benchSeason(bench, suite, 30);
    await benchSeason(bench, suite, 365);
    await benchPolicies(bench, suite, EURO, "insurance.settle.perPolicy");
    await benchPolicies(bench, suite, 0n, "insurance.settle.perPolicy.zeroBalance");
    await benchEnsuro(bench);
    citeGif(bench);
    await benchAttestedFeed(bench);
  },
};
