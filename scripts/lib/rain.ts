import {
  accountSensor,
  addressOf,
  assembleReport,
  createFeed,
  type DailyValue,
  decoded,
  type Deployment,
  type FeedContext,
  type FeedDescription,
  feedIdOf,
  p256Sensor,
  readFeedConfig,
  type SensorSigner,
  type SignedReading,
  signReading,
  submitReport,
  verifyReading,
  type WriteClient,
} from "@publica/sdk";
import {
  buyPolicy,
  decideSeries,
  getPool,
  getSeriesCount,
  type IndexTerms,
  openSeries,
  previewSeries,
  type QuoteSigner,
  setQuoteKey,
  settleSeries,
  signQuote,
  underwrite,
} from "@publica/sdk/insurance";
import { testTokenAbi } from "@publica/sdk/abi";
import { type Address, type Hash, type Hex, keccak256, maxUint256, type PublicClient, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { readContract, signTypedData, waitForTransactionReceipt, writeContract } from "viem/actions";
import type { Clock } from "./chain.ts";
import { createLedger, type StepCost } from "./ledger.ts";
import { measure, type SensorBehaviour } from "./sensors.ts";
import { season } from "./weather.ts";

/** The growing season insured, both days included. */
export const SEASON = { from: "04-01", to: "09-30" } as const;

/** Sensors whose signatures a report needs, of the five there are. */
export const QUORUM = 3;

/** The currency of the story has six decimals, like the large stablecoins. */
const COIN = 1_000_000n;

/** One farmer's cover. Rain in tenths of a millimetre. */
export interface Product {
  readonly farmer: string;
  readonly name: string;
  readonly says: string;
  readonly unit: "mm" | "days";
  readonly from: string;
  readonly to: string;
  readonly index: IndexTerms;
  /** Whole coins. */
  readonly sumInsured: bigint;
  readonly premium: bigint;
}

export const PRODUCTS: readonly Product[] = [
  {
    farmer: "Ada",
    name: "dry season",
    says: "less than 90 mm from June to August, all at 40 mm",
    unit: "mm",
    from: "06-01",
    to: "08-31",
    index: { kind: "sum", attachment: 900n, exit: 400n },
    sumInsured: 20_000n,
    premium: 2_600n,
  },
  {
    farmer: "Bao",
    name: "wet spell",
    says: "more than 18 days above 5 mm from April to September, all at 28",
    unit: "days",
    from: SEASON.from,
    to: SEASON.to,
    index: { kind: "daysAbove", threshold: 50n, attachment: 18n, exit: 28n },
    sumInsured: 12_000n,
    premium: 2_900n,
  },
  {
    farmer: "Cleo",
    name: "extreme day",
    says: "a day above 30 mm in September, all at 60 mm",
    unit: "mm",
    from: "09-01",
    to: "09-30",
    index: { kind: "maximum", attachment: 300n, exit: 600n },
    sumInsured: 15_000n,
    premium: 1_700n,
  },
];

const INVESTORS: readonly { readonly name: string; readonly coins: bigint }[] = [
  { name: "Village savings bank", coins: 40_000n },
  { name: "Cooperative", coins: 25_000n },
  { name: "Neighbour", coins: 5_000n },
];

/** Five sensors: three with Ethereum keys, two with the P-256 keys of secure elements; one falls silent, one lies. */
export function sensorsOf(days: number): SensorBehaviour[] {
  return [
    { name: "north field", curve: "secp256k1" },
    { name: "school roof", curve: "p256" },
    { name: "river mill", curve: "secp256k1", silentFrom: Math.floor(days / 3) },
    { name: "church tower", curve: "p256" },
    { name: "quarry", curve: "secp256k1", liesFrom: Math.floor(days / 2) },
  ];
}

/** A sender of the story: a client with the account behind it. */
export interface Actor {
  readonly name: string;
  readonly client: WriteClient;
  readonly address: Address;
}

export interface RainStoryOptions {
  readonly client: PublicClient;
  readonly clock: Clock;
  readonly deployment: Deployment;
  /** Holds the administrative roles. */
  readonly operator: Actor;
  /** Makes a funded account. */
  actor(name: string): Promise<Actor>;
  /** The whole series; the season is cut out of it. */
  readonly rain: readonly DailyValue[];
  readonly year: number;
  readonly seed: number;
  /** Length of a day of the story, seconds: 86,400 where time can be moved. */
  readonly daySeconds: number;
  /** Called with what is going on. */
  progress(text: string): void;
}

export interface PolicyOutcome {
  readonly farmer: string;
  readonly product: string;
  readonly says: string;
  readonly unit: "mm" | "days";
  /** Index in tenths of a millimetre, or days. */
  readonly index: string;
  readonly attachment: string;
  readonly exit: string;
  readonly payoutBps: number;
  /** Base units of the currency. */
  readonly sumInsured: string;
  readonly premium: string;
  readonly paid: string;
}

export interface PoolState {
  readonly totalAssets: string;
  readonly free: string;
  readonly locked: string;
  readonly unearned: string;
}

export interface RainStory {
  readonly year: number;
  readonly seed: number;
  readonly feed: Hex;
  readonly days: number;
  readonly policies: readonly PolicyOutcome[];
  readonly pool: { readonly before: PoolState; readonly after: PoolState };
  readonly sensors: readonly {
    readonly name: string;
    readonly curve: string;
    readonly readings: number;
    readonly silentDays: number;
    readonly lies: number;
    /** Days it lied and the median stayed with the honest ones. */
    readonly outvoted: number;
  }[];
  readonly costs: readonly StepCost[];
}

/** Tells the story from the first deposit to the last payout. */
export async function tellRainStory(options: RainStoryOptions): Promise<RainStory> {
  const { client, clock, deployment, operator, year, seed, daySeconds, progress } = options;
  const address = (contract: string): Address => addressOf(deployment, contract);
  const [book, pool, feeds, token] = ["PolicyBook", "UnderwritingPool", "SensorFeeds", "TestToken"].map(address) as [
    Address,
    Address,
    Address,
    Address,
  ];
  const ledger = createLedger(client);
  const truth = season(options.rain, year, SEASON.from, SEASON.to);
  const dayOf = (monthDay: string): number => truth.findIndex(({ date }) => date === `${year}-${monthDay}`);

  progress("five sensors get their keys, the feed is created");
  const behaviours = sensorsOf(truth.length);
  const signers = behaviours.map(({ name, curve }) => sensorSigner(name, curve, seed));
  const description: FeedDescription = {
    name: `Precipitation, Seattle ${year}, told at ${await clock.now()}`,
    unit: "0.1 mm",
    decimals: 1,
    minPlausible: 0n,
    maxPlausible: 5_000n,
    heartbeat: 2 * daySeconds,
    deviationBps: 0,
    historySize: 256,
  };
  const feed = feedIdOf(description);
  const keys = signers.map((signer) => signer.key);
  await ledger.done(
    "feed: create",
    await createFeed(operator.client, { address: feeds, description, keys, quorum: QUORUM }),
  );

  progress("investors underwrite the pool");
  for (const { name, coins } of INVESTORS) {
    const investor = await options.actor(name);
    await fund(operator, token, investor.address, coins * COIN);
    await approve(investor, token, pool);
    const hash = await underwrite(investor.client, { pool, assets: coins * COIN, receiver: investor.address });
    await ledger.done("pool: deposit", hash);
  }

  progress("three series of cover are opened, three farmers buy");
  // Everything before the first day happens in this time, even where a transaction takes a minute.
  const preparation = clock.canTravel ? 3_600 : Math.max(600, daySeconds);
  const firstDay = (await clock.now()) + preparation;
  const startOf = (day: number): number => firstDay + day * daySeconds;
  const quoter = await options.actor("Actuary");
  await ledger.done(
    "book: appoint quote key",
    await setQuoteKey(operator.client, { book, key: quoter.address, dailyLimitUnits: 1_000_000n * COIN }),
  );
  const policies: {
    readonly product: Product;
    readonly series: bigint;
    readonly holder: Actor;
    readonly before: bigint;
  }[] = [];
  for (const product of PRODUCTS) {
    const [first, last] = [dayOf(product.from), dayOf(product.to)];
    const hash = await openSeries(operator.client, {
      book,
      terms: {
        name: product.name,
        pool,
        feeds,
        feed,
        firstRound: first + 1,
        lastRound: last + 1,
        start: startOf(first),
        end: startOf(last + 1) - 1,
        floorBps: 500,
        capacity: 100_000n * COIN,
        index: product.index,
      },
    });
    await ledger.done("book: open series", hash);
    const series = await getSeriesCount(client, { book });

    const farmer = await options.actor(product.farmer);
    await fund(operator, token, farmer.address, product.premium * COIN);
    await approve(farmer, token, pool);
    const quote = {
      series,
      buyer: farmer.address,
      sumInsured: product.sumInsured * COIN,
      premium: product.premium * COIN,
      sequence: 0,
      validUntil: firstDay,
    };
    const signed = await signQuote(localSigner(quoter), { book, chainId: deployment.chainId, quote });
    await ledger.done("book: buy policy", await buyPolicy(farmer.client, { book, signed }));
    policies.push({ product, series, holder: farmer, before: await balanceOf(client, token, farmer.address) });
  }
  const before = await poolState(client, pool);

  const { epoch } = await readFeedConfig(client, { address: feeds, feed });
  const context: FeedContext = { chainId: deployment.chainId, address: feeds, feed, epoch };
  const carrier = await options.actor("Bot");
  const readings = measure(truth, behaviours, seed);
  const tallies = behaviours.map(() => ({ readings: 0, lies: 0, outvoted: 0 }));
  for (const [day, today] of truth.entries()) {
    const observedAt = startOf(day + 1) - 1;
    await clock.advanceTo(observedAt);
    const { value, hash } = await reportDay(carrier.client, context, signers, day, observedAt, readings[day] ?? []);
    await ledger.done("feed: report, 3 of 5", hash);
    for (const [sensor, reading] of (readings[day] ?? []).entries()) {
      const tally = tallies[sensor];
      if (tally === undefined || reading === undefined) continue;
      tally.readings += 1;
      const lies = behaviours[sensor]?.liesFrom !== undefined && Math.abs(reading - today.value) > 1;
      if (lies) tally.lies += 1;
      if (lies && Math.abs(Number(value) - today.value) <= 1) tally.outvoted += 1;
    }
    const sky = today.value === 0 ? "dry" : `${(today.value / 10).toFixed(1)} mm`;
    progress(
      `${today.date}  ${bar(day + 1, truth.length)}  ${sky.padEnd(8)} → ${(Number(value) / 10).toFixed(1)} mm on chain`,
    );
  }

  progress("anyone decides and settles: here, a passer-by");
  const passerBy = await options.actor("Passer-by");
  const outcomes: PolicyOutcome[] = [];
  for (const { product, series, holder, before: coins } of policies) {
    const { index, payoutBps } = await previewSeries(client, { book, series });
    await ledger.done("book: decide", await decideSeries(passerBy.client, { book, series }));
    if (payoutBps > 0) await ledger.done("book: pay", await settleSeries(passerBy.client, { book, series, max: 100 }));
    outcomes.push({
      farmer: product.farmer,
      product: product.name,
      says: product.says,
      unit: product.unit,
      index: String(index),
      attachment: String(product.index.attachment),
      exit: String(product.index.exit),
      payoutBps: Number(payoutBps),
      sumInsured: String(product.sumInsured * COIN),
      premium: String(product.premium * COIN),
      paid: String((await balanceOf(client, token, holder.address)) - coins),
    });
  }

  return {
    year,
    seed,
    feed,
    days: truth.length,
    policies: outcomes,
    pool: { before, after: await poolState(client, pool) },
    sensors: behaviours.map(({ name, curve }, sensor) => {
      const { readings: heard, lies, outvoted } = tallies[sensor] ?? { readings: 0, lies: 0, outvoted: 0 };
      return { name, curve, readings: heard, silentDays: truth.length - heard, lies, outvoted };
    }),
    costs: ledger.costs(),
  };
}

/** Each sensor signs its own reading; the carrier checks, gathers and posts them. */
export async function reportDay(
  carrier: WriteClient,
  context: FeedContext,
  signers: readonly SensorSigner[],
  day: number,
  observedAt: number,
  values: readonly (number | undefined)[],
): Promise<{ readonly value: bigint; readonly hash: Hash }> {
  const round = day + 1;
  const readings: SignedReading[] = [];
  for (const [sensor, value] of values.entries()) {
    const signer = signers[sensor];
    if (value === undefined || signer === undefined) continue;
    const reading = await signReading(context, signer, sensor, { round, observedAt, value: BigInt(value) });
    if (!(await verifyReading(context, signer.key, reading)))
      throw new Error(`the reading of sensor ${sensor} for round ${round} is forged`);
    readings.push(reading);
  }
  const report = assembleReport(context, QUORUM, readings);
  return { value: report.value, hash: await submitReport(carrier, { address: context.address, report }) };
}

/** A sensor with a key of its own; the demonstration derives it from the seed, a real one never leaves the device. */
export function sensorSigner(name: string, curve: SensorBehaviour["curve"], seed: number): SensorSigner {
  const secret = keccak256(toHex(`publica demonstration sensor ${name} ${seed}`));
  return curve === "p256" ? p256Sensor(secret) : accountSensor(privateKeyToAccount(secret));
}

async function fund(operator: Actor, token: Address, to: Address, amount: bigint): Promise<void> {
  await sent(operator, { address: token, functionName: "mint", args: [to, amount] });
}

async function approve(owner: Actor, token: Address, spender: Address): Promise<void> {
  await sent(owner, { address: token, functionName: "approve", args: [spender, maxUint256] });
}

/** Sends a call of the currency and waits for it; what it costs is the currency's business, not the suite's. */
async function sent(
  from: Actor,
  call: {
    readonly address: Address;
    readonly functionName: "mint" | "approve";
    readonly args: readonly [Address, bigint];
  },
): Promise<void> {
  const { client } = from;
  const hash = await decoded(() =>
    writeContract(client, { ...call, abi: testTokenAbi, account: client.account, chain: client.chain ?? null }),
  );
  await waitForTransactionReceipt(client, { hash, pollingInterval: 20 });
}

function balanceOf(client: PublicClient, token: Address, holder: Address): Promise<bigint> {
  return readContract(client, { address: token, abi: testTokenAbi, functionName: "balanceOf", args: [holder] });
}

async function poolState(client: PublicClient, pool: Address): Promise<PoolState> {
  const { totalAssets, freeAssets, locked, unearned } = await getPool(client, { pool });
  return {
    totalAssets: String(totalAssets),
    free: String(freeAssets),
    locked: String(locked),
    unearned: String(unearned),
  };
}

function localSigner({ client, address }: Actor): QuoteSigner {
  return {
    address,
    signTypedData: (data) => signTypedData(client, { ...data, account: client.account, message: { ...data.message } }),
  };
}

function bar(done: number, all: number): string {
  const width = 24;
  const filled = Math.round((done / all) * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)} ${String(done).padStart(3)}/${all}`;
}
