import { expect } from "chai";
import hre from "hardhat";
import { type Address, getAddress, keccak256, parseEventLogs, toHex, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import Insurance from "../../deploy/modules/Insurance.ts";
import { PublicaError } from "../../packages/sdk/src/foundation/errors.ts";
import { policyBookAbi, underwritingPoolAbi } from "../../packages/sdk/src/generated/abi.ts";
import * as sdk from "../../packages/sdk/src/insurance/index.ts";

const DAY = 86_400;
const FEED = keccak256(toHex("Seattle rain, tenths of a millimetre"));
const SEASON = 30;
const CENT = 10_000n;
const EURO = 1_000_000n;
const pricingKey = privateKeyToAccount(keccak256(toHex("pricing key")));

/** A deployed suite with an investor's million and a month of scripted rain ahead. */
async function deployed() {
  const { viem, ignition, networkHelpers } = await hre.network.create();
  const [deployer, investor, ana, ben, eve] = await viem.getWalletClients();
  if (!deployer || !investor || !ana || !ben || !eve) throw new Error("the chain has too few accounts");
  const client = await viem.getPublicClient();
  const money = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const feeds = await viem.deployContract("ScriptedFeeds");
  const modules = await ignition.deploy(Insurance);
  const [manager, book, tower] = (await Promise.all(
    [modules.accessManager, modules.policyBook, modules.reinsuranceTower].map(
      async (contract) => (await contract.getAddress()) as Address,
    ),
  )) as [Address, Address, Address];
  const { address: pool } = await viem.deployContract("UnderwritingPool", [
    money.address,
    "Euro Underwriting",
    "uEUR",
    manager,
    book,
    zeroAddress,
    tower,
    7 * DAY,
  ]);
  for (const wallet of [investor, ana, ben, eve]) {
    await money.write.mint([wallet.account.address, 1_000_000n * EURO]);
    await money.write.approve([pool, 2n ** 256n - 1n], { account: wallet.account });
  }
  await sdk.setQuoteKey(deployer, { book, key: pricingKey.address, dailyLimitUnits: 1_000_000n * EURO });
  await sdk.underwrite(investor, { pool, assets: 1_000_000n * EURO, receiver: investor.account.address });
  const opener = deployer;
  const start = Number((await client.getBlock()).timestamp) + 10 * DAY;
  const chainId = await client.getChainId();

  const terms = (index: sdk.IndexTerms, more: Partial<sdk.SeriesTerms> = {}): sdk.SeriesTerms => ({
    name: "Seattle, a month",
    pool,
    feeds: feeds.address,
    feed: FEED,
    firstRound: 1,
    lastRound: SEASON,
    start,
    end: start + SEASON * DAY,
    leadTime: 3 * DAY,
    capacity: 100_000n * EURO,
    index,
    ...more,
  });
  async function open(index: sdk.IndexTerms, more: Partial<sdk.SeriesTerms> = {}): Promise<bigint> {
    await sdk.openSeries(opener, { book, terms: terms(index, more) });
    return sdk.getSeriesCount(client, { book });
  }
  async function quote(buyer: Address, series: bigint, sumInsured: bigint, premium: bigint): Promise<sdk.SignedQuote> {
    const sequence = await sdk.getPurchases(client, { book, buyer });
    return sdk.signQuote(pricingKey, {
      book,
      chainId,
      quote: { series, buyer, sumInsured, premium, sequence, validUntil: start + 365 * DAY },
    });
  }
  async function buy(wallet: typeof ana, series: bigint, sumInsured: bigint, premium: bigint): Promise<bigint> {
    const buyer = (wallet as NonNullable<typeof wallet>).account.address;
    const signed = await quote(buyer, series, sumInsured, premium);
    await sdk.buyPolicy(wallet as NonNullable<typeof wallet>, { book, signed });
    return sdk.policyIdOf(series, (await sdk.getSeries(client, { book, series })).policies - 1);
  }
  /** Lets the season pass and writes each day's rain. */
  async function rain(values: readonly bigint[], first = 1): Promise<void> {
    await networkHelpers.time.increaseTo(start + values.length * DAY);
    await feeds.write.fill([FEED, first, [...values], start, DAY]);
  }
  return {
    viem,
    networkHelpers,
    client,
    manager,
    money,
    feeds,
    book,
    pool,
    deployer,
    investor,
    ana,
    ben,
    eve,
    start,
    chainId,
    terms,
    open,
    quote,
    buy,
    rain,
  };
}

async function code(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (error instanceof PublicaError) return error.code;
    throw error;
  }
  return "nothing failed";
}

describe("insurance through the SDK: three farmers and a pool", () => {
  it("pays what the data trigger, with no human hand, and nothing else", async () => {
    const suite = await deployed();
    const { client, book, pool, money, ana, ben, eve } = suite;
    // 30 days: one extreme day of 45 mm, a wet spell of four days, 61 mm in all.
    const values = Array.from({ length: SEASON }, () => 0n);
    values[4] = 450n;
    for (const day of [10, 11, 12, 13]) values[day] = 40n;

    const drought = await suite.open({ kind: "sum", attachment: 1000n, exit: 400n });
    const wetSpell = await suite.open({ kind: "runAbove", threshold: 30n, attachment: 2n, exit: 6n });
    const extreme = await suite.open({ kind: "maximum", attachment: 500n, exit: 500n });
    const dry = await suite.buy(ana, drought, 10_000n * EURO, 800n * EURO);
    await suite.buy(ben, wetSpell, 20_000n * EURO, 900n * EURO);
    await suite.buy(eve, extreme, 30_000n * EURO, 600n * EURO);
    expect(await sdk.getPolicy(client, { book, policyId: dry })).to.deep.equal({
      series: drought,
      index: 0,
      holder: getAddress(ana.account.address),
      sumInsured: 10_000n * EURO,
      premium: 800n * EURO,
    });
    const before = await sdk.getPool(client, { pool });
    expect(before.locked).to.equal(60_000n * EURO);
    expect(before.unearned).to.equal(2_300n * EURO);
    expect(before.totalAssets).to.equal(1_000_000n * EURO);

    await suite.rain(values);
    const balances = await Promise.all([ana, ben, eve].map((w) => money.read.balanceOf([w.account.address])));
    // Anyone pushes: here the investor, whose capital pays.
    for (const series of [drought, wetSpell, extreme]) {
      await sdk.settleSeries(suite.investor, { book, series, max: 10 });
    }
    const after = await Promise.all([ana, ben, eve].map((w) => money.read.balanceOf([w.account.address])));
    const paid = after.map((balance, i) => balance - (balances[i] as bigint));
    // Sum 610 between 1000 and 400: 390/600 = 65 %. Run 4 between 2 and 6: 50 %. Day of 450 below 500: nothing.
    expect(paid).to.deep.equal([6_500n * EURO, 10_000n * EURO, 0n]);
    const pot = await sdk.getPool(client, { pool });
    expect(pot.totalAssets).to.equal((1_000_000n + 2_300n - 16_500n) * EURO);
    expect([pot.locked, pot.reserved, pot.unearned]).to.deep.equal([0n, 0n, 0n]);
    for (const series of [drought, wetSpell, extreme])
      expect((await sdk.getSeries(client, { book, series })).state).to.equal("settled");
    expect(await code(sdk.decideSeries(ana, { book, series: extreme }))).to.equal("SettlementSeriesState");
    const outcomes = await sdk.getSeriesOutcomes(client, { book, series: [drought, extreme] });
    expect([...outcomes].map(([series, { index, payoutBps }]) => [series, index, payoutBps])).to.deep.equal([
      [drought, 610n, 6_500],
      [extreme, 450n, 0],
    ]);
  });

  it("decides by 500 and not by 499: both sides of the threshold", async () => {
    for (const [value, bps] of [
      [499n, 0n],
      [500n, 10_000n],
      [501n, 10_000n],
    ] as const) {
      const suite = await deployed();
      const series = await suite.open({ kind: "maximum", attachment: 500n, exit: 500n });
      await suite.buy(suite.ana, series, 100n * EURO, EURO);
      await suite.rain(Array.from({ length: SEASON }, (_, day) => (day === 7 ? value : 0n)));
      const { client, book } = suite;
      expect((await sdk.previewSeries(client, { book, series })).payoutBps).to.equal(bps);
    }
  });

  it("refunds the premium when the data never come, and only then", async () => {
    const suite = await deployed();
    const { client, book, pool, money, ana, networkHelpers, start } = suite;
    const series = await suite.open({ kind: "sum", attachment: 1000n, exit: 400n });
    await suite.buy(ana, series, 10_000n * EURO, 800n * EURO);
    const other = await suite.buy(suite.ben, series, 100n * EURO, EURO);
    const given = await suite.buy(suite.ben, series, 100n * EURO, EURO);
    const [from, to] = [suite.ben.account.address, suite.eve.account.address];
    const token = await suite.viem.getContractAt("PolicyBook", book, { client: { wallet: suite.ben } });
    await token.write.transferFrom([from, to, given]);
    await suite.rain(Array.from({ length: SEASON - 1 }, () => 5n));
    expect(await code(sdk.decideSeries(ana, { book, series }))).to.equal("SdkUnknownRevert");
    expect(await code(sdk.refundSeries(ana, { book, series, missingRound: SEASON }))).to.equal("RecourseTooEarly");
    await networkHelpers.time.increaseTo(start + (SEASON + 7) * DAY + 1);
    expect(await code(sdk.refundSeries(ana, { book, series, missingRound: 3 }))).to.equal("RecourseRoundAvailable");
    const before = await money.read.balanceOf([ana.account.address]);
    const card = async (): Promise<string> => {
      const uri = await (await suite.viem.getContractAt("PolicyBook", book)).read.tokenURI([sdk.policyIdOf(series, 0)]);
      return Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64").toString("utf8");
    };
    await sdk.refundSeries(ana, { book, series, missingRound: SEASON });
    expect(await card()).to.include("premium goes back");
    await sdk.settleSeries(ana, { book, series, max: 1 });
    expect((await money.read.balanceOf([ana.account.address])) - before).to.equal(800n * EURO);
    expect(await card()).to.include("premium refunded");
    await sdk.settleSeries(ana, { book, series, max: 100 });
    expect((await sdk.getSeries(client, { book, series })).state).to.equal("settled");
    expect(await card()).to.include("settled");
    const outcome = (await sdk.getSeriesOutcomes(client, { book, series })).get(series);
    expect(outcome).to.include({ kind: "refund", index: undefined, payoutBps: 0 });
    for (const [holder, policyId] of [[from, other] as const, [to, given] as const]) {
      const held = await sdk.getPoliciesOf(client, { book, holder });
      expect(held.map((policy) => policy.policyId)).to.deep.equal([policyId]);
    }
    expect((await sdk.getPool(client, { pool })).totalAssets).to.equal(1_000_000n * EURO);
  });

  it("lets an investor leave after the cooldown, at the later price, and not between event and trigger", async () => {
    const suite = await deployed();
    const { client, book, pool, money, investor, ana, networkHelpers, start } = suite;
    const series = await suite.open({ kind: "maximum", attachment: 500n, exit: 500n });
    await suite.buy(ana, series, 100_000n * EURO, 5_000n * EURO);
    await networkHelpers.time.increaseTo(start + 8 * DAY);
    // The storm has come; the investor runs.
    const shares = await client.readContract({
      address: pool,
      abi: underwritingPoolAbi,
      functionName: "balanceOf",
      args: [investor.account.address],
    });
    await sdk.requestWithdrawal(investor, { pool, shares });
    await suite.rain(Array.from({ length: SEASON }, (_, day) => (day === 7 ? 600n : 0n)));
    await sdk.serveWithdrawals(investor, { pool, max: 1n });
    expect((await sdk.getPool(client, { pool })).queueHead).to.equal(0n);
    const start0 = await money.read.balanceOf([investor.account.address]);
    await sdk.settleSeries(ana, { book, series, max: 1 });
    await sdk.serveWithdrawals(ana, { pool, max: 1n });
    const received = (await money.read.balanceOf([investor.account.address])) - start0;
    expect((await sdk.getPool(client, { pool })).queueHead).to.equal(1n);
    // The loss was borne: 1,000,000 + 5,000 premium − 100,000, less the rounding of the virtual share.
    expect(905_000n * EURO - received).to.be.lessThan(2n);
  });

  it("sells only what a quote key offered to this buyer, once, in time and above the floor", async () => {
    const suite = await deployed();
    const { book, pool, ana, ben, deployer, networkHelpers, start } = suite;
    const series = await suite.open({ kind: "sum", attachment: 1000n, exit: 400n }, { floorBps: 100 });
    const mine = await suite.quote(ana.account.address, series, 10_000n * EURO, 800n * EURO);
    expect(await code(sdk.buyPolicy(ben, { book, signed: mine }))).to.equal("PolicyQuoteNotYours");
    await sdk.buyPolicy(ana, { book, signed: mine });
    expect(await code(sdk.buyPolicy(ana, { book, signed: mine }))).to.equal("PolicyQuoteSequence");
    const offer = (sum: bigint, premium: bigint) => suite.quote(ana.account.address, series, sum, premium);
    const cheap = await offer(10_000n * EURO, 100n * EURO - CENT);
    expect(await code(sdk.buyPolicy(ana, { book, signed: cheap }))).to.equal("PolicyPremiumOutOfBounds");
    const forged = { ...cheap, quote: { ...cheap.quote, premium: 100n * EURO } };
    expect(await code(sdk.buyPolicy(ana, { book, signed: forged }))).to.equal("PolicyQuoteInvalid");
    const huge = await offer(90_001n * EURO, 2_000n * EURO);
    expect(await code(sdk.buyPolicy(ana, { book, signed: huge }))).to.equal("PolicySeriesCapExceeded");
    await sdk.setPoolCap(deployer, { pool, capUnits: 10_000n * EURO });
    const good = await offer(EURO, CENT);
    expect(await code(sdk.buyPolicy(ana, { book, signed: good }))).to.equal("PoolCapacityExceeded");
    await sdk.setSalesPaused(deployer, { pool, paused: true });
    expect(await code(sdk.buyPolicy(ana, { book, signed: good }))).to.equal("PoolSalesPaused");
    await sdk.setSalesPaused(deployer, { pool, paused: false });
    await networkHelpers.time.increaseTo(start - 3 * DAY);
    expect(await code(sdk.buyPolicy(ana, { book, signed: good }))).to.equal("PolicySalesEnded");
  });

  it("tells who was paid how much, and what the loss was, in events", async () => {
    const suite = await deployed();
    const { client, book, ana } = suite;
    const series = await suite.open({ kind: "maximum", attachment: 500n, exit: 500n });
    const policyId = await suite.buy(ana, series, 100n * EURO, EURO);
    await suite.rain(Array.from({ length: SEASON }, () => 500n));
    const hash = await sdk.settleSeries(ana, { book, series, max: 9 });
    const { logs } = await client.getTransactionReceipt({ hash });
    const [decided] = parseEventLogs({ abi: policyBookAbi, logs, eventName: "SeriesDecided" });
    expect(decided?.args).to.include({ series, index: 500n, payoutBps: 10_000n });
    const [paid] = parseEventLogs({ abi: policyBookAbi, logs, eventName: "PolicyPaid" });
    expect(paid?.args).to.include({ policyId, amount: 100n * EURO });
  });

  it("draws each policy from what is on chain", async () => {
    const suite = await deployed();
    const series = await suite.open({ kind: "maximum", attachment: 500n, exit: 500n }, { name: 'Storm "Ö" <b>' });
    const policyId = await suite.buy(suite.ana, series, 1_234n * EURO + 567_000n, EURO);
    await suite.buy(suite.ben, series, 10n * EURO, EURO);
    const book = await suite.viem.getContractAt("PolicyBook", suite.book);
    const decode = (uri: string): string => Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64").toString("utf8");
    const card = JSON.parse(decode(await book.read.tokenURI([policyId]))) as {
      name: string;
      image: string;
      attributes: { value: string }[];
    };
    expect(card.name).to.equal('Storm "Ö" <b> #0');
    expect(card.attributes.map(({ value }) => value)).to.deep.equal(["1234.56 EUR", "open"]);
    const svg = decode(card.image);
    expect(svg).to.match(/^<svg .*<\/svg>$/);
    expect(svg).to.include("&lt;b&gt;").and.include("1234.56 EUR").and.include("index from 500 to 500");
    expect(svg).to.include(new Date(suite.start * 1000).toISOString().slice(0, 10));
    await suite.rain(Array.from({ length: SEASON }, () => 500n));
    await sdk.decideSeries(suite.ana, { book: suite.book, series });
    expect(decode(card.image)).to.equal(svg);
    const stands = async (): Promise<string | undefined> =>
      (JSON.parse(decode(await book.read.tokenURI([policyId]))) as typeof card).attributes[1]?.value;
    expect(await stands()).to.equal("pays 100.00 %");
    await sdk.settleSeries(suite.ana, { book: suite.book, series, max: 1 });
    expect(await stands()).to.equal("paid 100.00 %");
    await sdk.settleSeries(suite.ana, { book: suite.book, series, max: 1 });
    expect(await stands()).to.equal("settled");

    const tiers = [
      { bound: 600n, bps: 2_500 },
      { bound: 900n, bps: 10_000 },
    ];
    const calm = await suite.open(
      { kind: "maximum", attachment: 0n, exit: 0n, tiers },
      { start: suite.start + 40 * DAY, end: suite.start + 41 * DAY, firstRound: SEASON + 1, lastRound: SEASON + 1 },
    );
    const other = await suite.buy(suite.ben, calm, 100n * EURO, EURO);
    await suite.networkHelpers.time.increaseTo(suite.start + 40 * DAY + 1);
    await suite.feeds.write.fill([FEED, SEASON + 1, [599n], suite.start + 40 * DAY, DAY]);
    await sdk.decideSeries(suite.ben, { book: suite.book, series: calm });
    const quiet = decode(await book.read.tokenURI([other]));
    expect(quiet).to.include("settled");
    expect(decode((JSON.parse(quiet) as typeof card).image)).to.include("in tiers");
    expect([await book.read.name(), await book.read.symbol()]).to.deep.equal(["Publica Policy", "POLICY"]);
  });
});
