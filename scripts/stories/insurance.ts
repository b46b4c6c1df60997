// npm run story -- insurance: five products on real data, priced on the past, settled by the last season.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
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
  blockBootstrap,
  burnAnalysis,
  buyPolicy,
  decideSeries,
  detrend,
  getPool,
  getPurchases,
  getSeriesCount,
  openSeries,
  packSeason,
  pricePolicy,
  seasonDigest,
  setQuoteKey,
  signQuote,
  underwrite,
} from "@publica/sdk/insurance";
import hre from "hardhat";
import { type Address, type Hex, keccak256, maxUint256, parseEventLogs, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { policyBookAbi } from "@publica/sdk/abi";
import Demonstration from "../../deploy/modules/Demonstration.ts";
import { build } from "../build.ts";
import { table, thousands } from "../lib/console.ts";
import { indexChart } from "../lib/insurance/chart.ts";
import { storyProducts, type StoryProduct } from "../lib/insurance/products.ts";
import { ROOT } from "../lib/run.ts";
import { UsageError } from "../lib/usage.ts";

export const USAGE = `Usage: npm run story -- insurance [--seed N] [--charts DIR]

Prices five products on the earlier seasons of real data (vega-datasets), sells them, settles the last season on a local
chain and compares what was paid with what the terms say. Charts (SVG) go to dist/stories/insurance.

Example: npm run story -- insurance --seed 7`;

const DAY = 86_400;
const COIN = 1_000_000n;
const SUM = 10_000n * COIN;
const QUORUM = 3;
const loadings = { risk: 0.15, costOfCapital: 0.08, termYears: 0.25, fixedCost: 5n * COIN };
const secret = (name: string): Hex => keccak256(toHex(`story insurance ${name}`));

type Suite = Awaited<ReturnType<typeof deploy>>;

async function deploy() {
  const { viem, ignition, networkHelpers } = await hre.network.create();
  const client = await viem.getPublicClient();
  const [operator, investor, ...buyers] = await viem.getWalletClients();
  if (operator === undefined || investor === undefined) throw new Error("the chain has no funded accounts");
  const modules = await ignition.deploy(Demonstration);
  const address = async (contract: { getAddress(): Promise<string> }): Promise<Address> =>
    (await contract.getAddress()) as Address;
  const suite = {
    book: await address(modules.policyBook),
    pool: await address(modules.underwritingPool),
    feeds: await address(modules.sensorFeeds),
  };
  const money = await viem.getContractAt("TestToken", await address(modules.testToken));
  const pricing = privateKeyToAccount(secret("pricing"));
  await setQuoteKey(operator, { book: suite.book, key: pricing.address, dailyLimitUnits: 1_000_000n * COIN });
  for (const wallet of [investor, ...buyers.slice(0, 5)]) {
    await money.write.mint([wallet.account.address, 100_000n * COIN]);
    await money.write.approve([suite.pool, maxUint256], { account: wallet.account });
  }
  await underwrite(investor, { pool: suite.pool, assets: 80_000n * COIN, receiver: investor.account.address });
  const chainId = await client.getChainId();
  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  return {
    ...suite,
    client,
    chainId,
    money,
    operator,
    buyers,
    pricing,
    now,
    advanceTo: networkHelpers.time.increaseTo,
  };
}

/** A feed of four stations, three of which must sign. */
async function openFeed(suite: Suite, product: StoryProduct) {
  const { operator, feeds: address, chainId, now } = suite;
  const stations = [0, 1, 2, 3].map((i) => accountSensor(privateKeyToAccount(secret(`${product.name} ${i}`))));
  const description: FeedDescription = {
    name: product.name,
    unit: product.unit,
    decimals: 0,
    minPlausible: -(2n ** 127n),
    maxPlausible: 2n ** 127n - 1n,
    heartbeat: 400 * DAY,
    deviationBps: 0,
    historySize: 64,
  };
  await createFeed(operator, { address, description, keys: stations.map(({ key }) => key), quorum: QUORUM });
  const context = { chainId, address, feed: feedIdOf(description), epoch: 1 };
  const report = async (round: number, value: bigint): Promise<void> => {
    const observedAt = await now();
    const readings = await Promise.all(
      stations.map((station, i) => signReading(context, station, i, { round, observedAt, value })),
    );
    await submitReport(operator, { address, report: assembleReport(context, QUORUM, readings) });
  };
  return { id: context.feed, report };
}

const percent = (bps: number | bigint): string => `${(Number(bps) / 100).toFixed(2)} %`;
const coins = (amount: bigint): string => thousands(Number(amount / COIN));

/** Sells one product at the price of its past; what it takes to settle it later. */
async function sell(suite: Suite, product: StoryProduct, buyer: Suite["operator"], start: number, seed: number) {
  const { book, client, chainId, operator, pricing } = suite;
  const past = product.seasons.slice(0, -1);
  const season = product.seasons.at(-1);
  if (season === undefined || past.length === 0) throw new Error(`${product.name} has no past to price it from`);
  const simulated = blockBootstrap({ terms: product.index, seasons: past, seed });
  const trend =
    product.rounds === true
      ? simulated
      : blockBootstrap({ terms: product.index, seasons: detrend(past, product.unit === "mm" ? 0n : undefined), seed });
  // A trend through fewer than eight seasons is mostly noise: it is shown, and not charged.
  const priced = past.length >= 8 && trend.expected > simulated.expected ? trend : simulated;
  const price = pricePolicy(SUM, priced, loadings);
  const feed = await openFeed(suite, product);
  const end = start + 100 * DAY;
  await openSeries(operator, {
    book,
    terms: {
      name: product.name,
      pool: suite.pool,
      feeds: suite.feeds,
      feed: feed.id,
      firstRound: 1,
      lastRound: product.rounds === true ? season.values.length : 1,
      seasonValues: product.rounds === true ? 0 : season.values.length,
      start,
      end,
      leadTime: DAY,
      floorBps: Math.floor(price.rateBps / 2),
      capacity: 100_000n * COIN,
      index: product.index,
    },
  });
  const series = await getSeriesCount(client, { book });
  const sequence = await getPurchases(client, { book, buyer: buyer.account.address });
  const signed = await signQuote(pricing, {
    book,
    chainId,
    quote: {
      series,
      buyer: buyer.account.address,
      sumInsured: SUM,
      premium: price.premium,
      sequence,
      validUntil: start,
    },
  });
  await buyPolicy(buyer, { book, signed });
  return { product, season, past, simulated, trend, price, feed, series, buyer };
}

/** Reports the insured season, decides it and pays; what the buyer got and what it cost. */
async function settle(suite: Suite, sale: Awaited<ReturnType<typeof sell>>) {
  const { client, book, money, operator } = suite;
  const { season, feed, series, buyer, product } = sale;
  const packed = packSeason(product.rounds === true ? [] : season.values);
  const rounds = product.rounds === true ? season.values : [seasonDigest(packed)];
  for (const [i, value] of rounds.entries()) await feed.report(i + 1, value);
  const before = await money.read.balanceOf([buyer.account.address]);
  const hash = await decideSeries(operator, { book, series, season: packed, max: 10 });
  const { logs, gasUsed } = await client.getTransactionReceipt({ hash });
  const [decided] = parseEventLogs({ abi: policyBookAbi, logs, eventName: "SeriesDecided" });
  if (decided === undefined) throw new Error(`${product.name} was not decided`);
  const paid = (await money.read.balanceOf([buyer.account.address])) - before;
  return { index: decided.args.index, payoutBps: decided.args.payoutBps, paid, gasUsed };
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "1" },
      charts: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (!/^\d{1,9}$/.test(values.seed)) throw new UsageError(`--seed takes a whole number, not ${values.seed}`);
  const charts = values.charts ?? join(ROOT, "dist", "stories", "insurance");
  await build("production");
  const suite = await deploy();
  const start = (await suite.now()) + 10 * DAY;
  const products = storyProducts();

  const sales = [];
  for (const [i, product] of products.entries()) {
    const buyer = suite.buyers[i];
    if (buyer === undefined) throw new Error("the chain has too few accounts");
    sales.push(await sell(suite, product, buyer, start, Number(values.seed)));
  }
  console.log("\nPriced on the earlier seasons (shares of the sum insured)");
  console.log(
    table(
      ["product", "seasons", "burned", "bootstrap", "with trend", "TVaR 99 %", "premium", "rate"],
      sales.map(({ product, past, simulated, trend, price }) => {
        const burned = burnAnalysis(product.index, past).reduce((sum, { payoutBps }) => sum + payoutBps, 0n);
        return [
          product.name,
          String(past.length),
          percent(Number(burned) / past.length),
          percent(simulated.expected),
          percent(trend.expected),
          percent(simulated.tailValueAtRisk),
          coins(price.premium),
          percent(price.rateBps),
        ];
      }),
      [1, 2, 3, 4, 5, 6, 7],
    ),
  );

  const before = await getPool(suite.client, { pool: suite.pool });
  await suite.advanceTo(start + 10 * DAY);
  const outcomes = [];
  for (const sale of sales.filter(({ product }) => product.rounds === true))
    outcomes.push({ sale, ...(await settle(suite, sale)) });
  await suite.advanceTo(start + 100 * DAY);
  for (const sale of sales.filter(({ product }) => product.rounds !== true))
    outcomes.push({ sale, ...(await settle(suite, sale)) });
  outcomes.sort((a, b) => Number(a.sale.series - b.sale.series));

  mkdirSync(charts, { recursive: true });
  const rows = outcomes.map(({ sale, index, payoutBps, paid, gasUsed }) => {
    const { product, season } = sale;
    const burned = burnAnalysis(product.index, product.seasons);
    const expected = burned.at(-1);
    if (expected?.index !== index || expected.payoutBps !== payoutBps)
      throw new Error(`${product.name}: the chain's index ${index} is not the recomputed ${expected?.index}`);
    const { attachment, exit, tiers = [] } = product.index;
    const lines =
      tiers.length > 0
        ? tiers.map(({ bound, bps }) => ({ name: `${bps / 100} %`, at: bound }))
        : [
            { name: "attachment", at: attachment },
            { name: "exit", at: exit },
          ];
    const chart = indexChart({ title: product.name, unit: product.unit, scale: product.scale, rows: burned, lines });
    writeFileSync(join(charts, `${product.name.toLowerCase().replaceAll(" ", "-")}.svg`), chart);
    return [
      product.name,
      product.buyer,
      season.label,
      `${Number(index) / product.scale} ${product.unit}`,
      percent(payoutBps),
      coins(SUM),
      coins(paid),
      thousands(gasUsed),
    ];
  });
  console.log("\nThe last season, decided by its data and paid in the same transaction");
  console.log(table(["product", "holder", "season", "index", "share", "reserved", "paid", "gas"], rows, [4, 5, 6, 7]));
  const after = await getPool(suite.client, { pool: suite.pool });
  const paid = outcomes.reduce((sum, outcome) => sum + outcome.paid, 0n);
  console.log(
    `\nReserved ${coins(before.locked)}, paid ${coins(paid)}. The pool had ${coins(before.totalAssets)}, earned ${coins(before.unearned)} of premium and has ${coins(after.totalAssets)}.`,
  );
  console.log(`Each index was recomputed from the data and agreed. Charts: ${relative(process.cwd(), charts)}`);
}
