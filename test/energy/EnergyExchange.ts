import { expect } from "chai";
import { network } from "hardhat";
import { encodeAbiParameters, type Hex, keccak256, parseEventLogs } from "viem";
import {
  bookRoot,
  buildSettlement,
  type Curve,
  encodePosted,
  encodeRecord,
  encodeStep,
  type Link,
  OUTCOMES,
  type PostedOrder,
  type Settlement,
  settlementAccessList,
  type SignedCurve,
  signCurve,
  type Step,
  UNLIMITED_WH,
} from "../../packages/sdk/src/energy/index.ts";
import {
  deployMarket,
  fallbackTime,
  GATE_LEAD,
  keyOf,
  type Market,
  type MarketOptions,
  NETWORK,
  nextDay,
  settleTime,
  voidTime,
  WITHDRAWAL_DELAY,
} from "../../scripts/lib/energy-market.ts";
import { hub, randomOf, unlimited } from "./books.ts";
import { bid, offer, refuses, steps } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const RICH = 10n ** 12n;

async function fresh(options: MarketOptions = {}): Promise<Market & { firstSlot: number }> {
  const market = await deployMarket(viem, { operator: "board", ...options });
  return { ...market, firstSlot: await nextDay(market.client) };
}

const plain = () => fresh();
const posting = () => fresh({ operator: "none" });

async function sign(market: Market, index: number, curve: Curve): Promise<SignedCurve> {
  return signCurve(keyOf(index), market.domain, curve);
}

async function settle(market: Market, built: Settlement, changed: Partial<Settlement> = {}): Promise<Hex> {
  const { firstSlot, prices, orders, posted } = { ...built, ...changed };
  return market.exchange.write.settle([firstSlot, prices, orders, posted]);
}

/** Commits the curves' book on the board and moves to the first moment it can be settled. */
async function closeGate(market: Market, firstSlot: number, count: number, curves: readonly SignedCurve[]) {
  await market.board.write.commit([firstSlot, bookRoot(curves)]);
  await networkHelpers.time.increaseTo(settleTime(firstSlot, count));
}

/** Two homes and a slot: the buyer is account 4, the seller account 5. */
async function pair(market: Market, firstSlot: number, buy: Step, sell: Step, balance = RICH) {
  const buyer = await market.open(keyOf(0), balance);
  const seller = await market.open(keyOf(1), balance);
  const curves = [
    await sign(market, 0, { account: buyer, nonce: 0, firstSlot, steps: [buy] }),
    await sign(market, 1, { account: seller, nonce: 0, firstSlot, steps: [sell] }),
  ];
  return { buyer, seller, curves };
}

describe("EnergyExchange: signed curves", () => {
  it("settles a day from one signature a home: money, event, commitment as the SDK computed them", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const random = randomOf(1);
    const curves: SignedCurve[] = [];
    for (let i = 0; i < 12; i++) {
      const account = await market.open(keyOf(i), RICH);
      const day = Array.from({ length: 96 }, (): Step => {
        const side = random(2) === 0 ? "bid" : "offer";
        return { side, tick: random(200) - 40, energyWh: random(4) === 0 ? 0 : random(3_000) };
      });
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: day }));
    }
    const built = buildSettlement({ firstSlot, count: 96, curves });
    await closeGate(market, firstSlot, 96, curves);
    const hash = await settle(market, built);
    for (const { account, moneyMicro } of built.positions)
      expect(await market.balanceOf(account)).to.equal(RICH + moneyMicro);
    expect(built.positions.reduce((sum, { moneyMicro }) => sum + moneyMicro, 0n)).to.equal(0n);
    expect(built.positions.some(({ moneyMicro }) => moneyMicro !== 0n)).to.equal(true);

    const { logs } = await market.client.getTransactionReceipt({ hash });
    const [closed] = parseEventLogs({ abi: market.exchange.abi, logs, eventName: "BookClosed" });
    expect(closed?.args).to.deep.equal({
      firstSlot,
      count: 96n,
      orders: 12n,
      status: 1,
      networkMicro: 0n,
      commitment: built.commitment,
    });
    const cleared = parseEventLogs({ abi: market.exchange.abi, logs, eventName: "SlotCleared" });
    expect(cleared.length).to.equal(96);
    for (const [t, { args }] of cleared.entries()) {
      const zone = built.clearings[t]?.zones[0];
      expect(args.slot).to.equal(firstSlot + t);
      expect(args.volumeWh).to.equal(BigInt(zone?.soldWh ?? 0));
      if (zone?.outcome !== "NoTrade") expect(args.tick).to.equal(zone?.tick);
    }
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([1, built.commitment]);
    expect(await market.exchange.read.isClosed([firstSlot + 95])).to.equal(true);
    expect(await market.exchange.read.isClosed([firstSlot + 96])).to.equal(false);
  });

  it("I1, E3, E4: fees and congestion rent reach the network operator to the unit", async () => {
    const cases: [Link[], bigint][] = [
      [[hub, unlimited(0, 1), unlimited(0, 1)], 16n],
      [[hub, { ...unlimited(0, 1), exportCapWh: 5n, importCapWh: 5n }, unlimited(0, 1)], 30n],
    ];
    for (const [links, collected] of cases) {
      const market = await fresh({ links });
      const { firstSlot } = market;
      const orders: [number, Step][] = [
        [1, offer(10, 3)],
        [1, bid(2, 6)],
        [2, bid(8, 9)],
      ];
      const curves: SignedCurve[] = [];
      const zones = new Map<number, number>();
      for (const [i, [zone, step]] of orders.entries()) {
        const account = await market.open(keyOf(i), RICH, zone);
        zones.set(account, zone);
        curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: [step] }));
      }
      const zoneOf = (account: number) => zones.get(account) ?? 0;
      const built = buildSettlement({ firstSlot, count: 1, curves, links, zoneOf });
      await closeGate(market, firstSlot, 1, curves);
      await settle(market, built);
      expect(await market.balanceOf(NETWORK)).to.equal(collected);
      expect(built.networkMicro).to.equal(collected);
      expect(await market.exchange.read.links()).to.have.length(3);
    }
  });

  it("E5 on chain: green serves grey, a price that would move grey to green is refused", async () => {
    const links = [hub, { parent: 0, feeTicks: 0, exportCapWh: UNLIMITED_WH, importCapWh: 0n }];
    const market = await fresh({ links });
    const { firstSlot } = market;
    const orders: [number, Step][] = [
      [1, offer(4, 2)],
      [1, bid(5, 5)],
      [0, offer(4, 3)],
      [0, bid(3, 4)],
    ];
    const curves: SignedCurve[] = [];
    const zones = new Map<number, number>();
    for (const [i, [zone, step]] of orders.entries()) {
      const account = await market.open(keyOf(i), RICH, zone);
      zones.set(account, zone);
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: [step] }));
    }
    const zoneOf = (account: number) => zones.get(account) ?? 0;
    const built = buildSettlement({ firstSlot, count: 1, curves, links, zoneOf });
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, built, { prices: "0x0000000400000004" }), "EnergyNotClearing", [1, 5, 4]);
    await settle(market, built);
    expect(built.positions.map(({ moneyMicro }) => moneyMicro)).to.deep.equal([20n, -20n, 9n, -9n]);
  });

  it("E8: at a negative price buyers receive and sellers pay, out of a balance that must cover it", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const curves: SignedCurve[] = [];
    for (const [i, step] of [bid(5, 20), bid(5, -30), offer(5, -50), offer(5, -35)].entries()) {
      const account = await market.open(keyOf(i), 250n);
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: [step] }));
    }
    await closeGate(market, firstSlot, 1, curves);
    await settle(market, buildSettlement({ firstSlot, count: 1, curves }));
    const balances = await Promise.all(curves.map(({ account }) => market.balanceOf(account)));
    expect(balances).to.deep.equal([415n, 415n, 85n, 85n]);
  });

  it("I6: a claimed price one tick off is refused with the interval it should have come from", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const built = buildSettlement({ firstSlot, count: 1, curves });
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, built, { prices: "0x00000007" }), "EnergyPriceRule", [0, 4, 9, 7]);
    await refuses(settle(market, built, { prices: "0x00000005" }), "EnergyPriceRule", [0, 4, 9, 5]);
    await refuses(settle(market, built, { prices: "0x0000000a" }), "EnergyNotClearing", [0, 0, 5]);
  });

  it("I8: permuting submissions changes nothing; records out of order or doubled are refused", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const [first, second] = curves as [SignedCurve, SignedCurve];
    const built = buildSettlement({ firstSlot, count: 1, curves });
    expect(buildSettlement({ firstSlot, count: 1, curves: [second, first] })).to.deep.equal(built);
    await closeGate(market, firstSlot, 1, curves);
    const swapped = (encodeRecord(second) + encodeRecord(first).slice(2)) as Hex;
    await refuses(settle(market, built, { orders: swapped }), "EnergyIdOrder", [1]);
    const doubled = (built.orders + encodeRecord(second).slice(2)) as Hex;
    await refuses(settle(market, built, { orders: doubled }), "EnergyIdOrder", [2]);
    await refuses(() => buildSettlement({ firstSlot, count: 1, curves: [first, first] }), "EnergyIdOrder", [1]);
  });

  it("I10: yesterday's curve, another chain, contract, slot or nonce, and a flipped byte are refused", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const honest = curves[1] as SignedCurve;
    const mine = { account: buyer, nonce: 0, firstSlot, steps: [bid(5, 9)] };
    const elsewhere = { ...market.domain, exchange: market.accounts.address };
    const forged: [string, SignedCurve, string][] = [
      ["chain", await signCurve(keyOf(0), { ...market.domain, chainId: 1 }, mine), "EnergyBadSignature"],
      ["contract", await signCurve(keyOf(0), elsewhere, mine), "EnergyBadSignature"],
      ["slot", { ...(await sign(market, 0, { ...mine, firstSlot: firstSlot - 96 })), firstSlot }, "EnergyBadSignature"],
      ["nonce", { ...(await sign(market, 0, { ...mine, nonce: 1 })), nonce: 0 }, "EnergyBadSignature"],
      ["future nonce", await sign(market, 0, { ...mine, nonce: 1 }), "EnergyStaleNonce"],
      ["byte", { ...(curves[0] as SignedCurve), steps: [bid(5, 8)] }, "EnergyBadSignature"],
      ["key", await sign(market, 2, mine), "EnergyBadSignature"],
    ];
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    for (const [what, curve, error] of forged) {
      const built = buildSettlement({ firstSlot, count: 1, curves: [curve, honest] });
      await refuses(settle(market, built), error, [0]).catch((failure: unknown) => {
        throw new Error(what, { cause: failure });
      });
    }
    // A curve of one slot, signed, and six bytes more: its signature does not speak for a book of two.
    const longer = `${encodeRecord(curves[0] as SignedCurve)}000000000000` as Hex;
    const twoPrices = `0x${"00000005".repeat(2)}` as Hex;
    const { exchange } = market;
    await refuses(exchange.write.settle([firstSlot, twoPrices, longer, "0x"]), "EnergyBadSignature", [0]);
    // The malleable twin of a good signature: s mirrored at half the group order.
    const good = curves[0] as SignedCurve;
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = BigInt(good.vs) & (2n ** 255n - 1n);
    const parity = (BigInt(good.vs) >> 255n) ^ 1n;
    const high = order - s;
    if (high < 2n ** 255n) {
      const vs = `0x${(high | (parity << 255n)).toString(16).padStart(64, "0")}` as Hex;
      const twin = buildSettlement({ firstSlot, count: 1, curves: [{ ...good, vs }, honest] });
      await refuses(settle(market, twin), "EnergyBadSignature", [0]);
    }
    const built = buildSettlement({ firstSlot, count: 1, curves });
    await settle(market, built);
    await refuses(settle(market, built), "EnergyAlreadyClosed", [firstSlot]);
  });

  it("I10: a signature from which nobody can be recovered signs nothing; its order counts as absent at most", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, seller, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const zero = `0x${"00".repeat(32)}` as Hex;
    const nobodys = { ...(curves[0] as SignedCurve), r: zero, vs: zero };
    const honest = curves[1] as SignedCurve;
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    const counted = buildSettlement({ firstSlot, count: 1, curves: [nobodys, honest] });
    await refuses(settle(market, counted), "EnergyBadSignature", [0]);
    // Nobody is the owner of an account that was never opened, and does not sign for it either.
    const ghost = { ...nobodys, account: seller + 1, steps: [offer(5, 4)] };
    const haunted = buildSettlement({ firstSlot, count: 1, curves: [curves[0] as SignedCurve, honest, ghost] });
    await refuses(settle(market, haunted), "EnergyBadSignature", [2]);
    await settle(market, buildSettlement({ firstSlot, count: 1, curves: [{ ...nobodys, absent: true }, honest] }));
    for (const account of [buyer, seller]) expect(await market.balanceOf(account)).to.equal(RICH);
  });

  it("cancels in bulk by raising the nonce before the gate, and not after it", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, seller, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const asOwner = async (index: number, account: number) => {
      const key = keyOf(index);
      await networkHelpers.setBalance(key.address, 10n ** 18n);
      await networkHelpers.impersonateAccount(key.address);
      return market.accounts.write.raiseNonce([account], { account: key.address });
    };
    await refuses(market.accounts.write.raiseNonce([buyer]), "EnergyNotOwner", [buyer, market.admin.account.address]);
    const hash = await asOwner(0, buyer);
    const { logs } = await market.client.getTransactionReceipt({ hash });
    const [raised] = parseEventLogs({ abi: market.accounts.abi, logs, eventName: "NonceRaised" });
    expect(raised?.args).to.deep.equal({ account: buyer, nonce: 1 });
    await market.board.write.commit([firstSlot, bookRoot(curves)]);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    // The seller's change of mind comes after the gate: his order stays.
    await asOwner(1, seller);
    const [cancelled, kept] = curves as [SignedCurve, SignedCurve];
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves })), "EnergyStaleNonce", [0]);
    const absentees = [
      { ...cancelled, absent: true },
      { ...kept, absent: true },
    ];
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves: absentees })), "EnergyNotAbsent", [1]);
    const built = buildSettlement({ firstSlot, count: 1, curves: [{ ...cancelled, absent: true }, kept] });
    await settle(market, built);
    expect(await market.balanceOf(seller)).to.equal(RICH);
  });

  it("accepts a session key until it ends, and not one revoked before the gate", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const bot = await sign(market, 7, { account: buyer, nonce: 0, firstSlot, steps: [bid(5, 9)] });
    const withBot = [bot, curves[1] as SignedCurve];
    const built = buildSettlement({ firstSlot, count: 1, curves: withBot });
    const owner = keyOf(0).address;
    await networkHelpers.setBalance(owner, 10n ** 18n);
    await networkHelpers.impersonateAccount(owner);
    const gate = firstSlot * 900 - Number(GATE_LEAD);
    const setKey = (until: number) =>
      market.accounts.write.setSessionKey([buyer, keyOf(7).address, until], { account: owner });
    await refuses(market.accounts.write.setSessionKey([buyer, keyOf(7).address, gate + 1]), "EnergyNotOwner");
    await setKey(gate);
    await market.board.write.commit([firstSlot, bookRoot(withBot)]);
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    await refuses(settle(market, built), "EnergyBadSignature", [0]);
    await snapshot.restore();
    const hash = await setKey(gate + 1);
    const { logs } = await market.client.getTransactionReceipt({ hash });
    const [set] = parseEventLogs({ abi: market.accounts.abi, logs, eventName: "SessionKeySet" });
    expect(set?.args).to.deep.equal({ account: buyer, key: keyOf(7).address, until: gate + 1 });
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    // Revoking after the gate does not take the order out of the closed book.
    await setKey(0);
    const [, until] = await market.accounts.read.sessionKeyOf([buyer, keyOf(7).address]);
    expect(until).to.equal(gate + 1);
    await settle(market, built);
  });

  it("counts an uncovered order as absent, and only an uncovered one", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 44n);
    const seller = await market.open(keyOf(1), 0n);
    const curves = [
      await sign(market, 0, { account: buyer, nonce: 0, firstSlot, steps: [bid(5, 9)] }),
      await sign(market, 1, { account: seller, nonce: 0, firstSlot, steps: [offer(5, 4)] }),
    ];
    const [poor, kept] = curves as [SignedCurve, SignedCurve];
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves })), "EnergyUncovered", [buyer]);
    const without = buildSettlement({ firstSlot, count: 1, curves: [{ ...poor, absent: true }, kept] });
    await market.client.simulateContract({
      address: market.exchange.address,
      abi: market.exchange.abi,
      functionName: "settle",
      args: [firstSlot, without.prices, without.orders, without.posted],
    });
    // One unit more and the order counts.
    await market.accounts.write.deposit([buyer, 1n]);
    await refuses(settle(market, without), "EnergyNotAbsent", [0]);
    await settle(market, buildSettlement({ firstSlot, count: 1, curves }));
    expect([await market.balanceOf(buyer), await market.balanceOf(seller)]).to.deep.equal([15n, 30n]);
  });

  it("moves nothing for those who trade nothing, however many they are", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    for (let i = 2; i < 60; i++) {
      const account = await market.open(keyOf(i), RICH);
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: [bid(1, 3)] }));
    }
    await closeGate(market, firstSlot, 1, curves);
    await settle(market, buildSettlement({ firstSlot, count: 1, curves }));
    const changes = curves.map(async ({ account }) => (await market.balanceOf(account)) - RICH);
    expect(await Promise.all(changes)).to.deep.equal([-30n, 30n, ...new Array(58).fill(0n)]);
  });

  it("credit before debit: what an order would earn in one slot does not cover what it can cost in another", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const trader = await market.open(keyOf(0), 99n);
    const rich = await market.open(keyOf(1), RICH);
    const sellThenBuy = { account: trader, nonce: 0, firstSlot, steps: [offer(10, 50), bid(10, 10)] };
    const buyThenSell = { account: rich, nonce: 0, firstSlot, steps: [bid(10, 50), offer(10, 10)] };
    const curves = [await sign(market, 0, sellThenBuy), await sign(market, 1, buyThenSell)];
    const built = buildSettlement({ firstSlot, count: 2, curves });
    // He would end 400 richer, but begins one short of what the second step can cost.
    expect(built.positions[0]?.moneyMicro).to.equal(400n);
    await closeGate(market, firstSlot, 2, curves);
    await refuses(settle(market, built), "EnergyUncovered", [trader]);
    await market.accounts.write.deposit([trader, 1n]);
    await settle(market, built);
    expect(await market.balanceOf(trader)).to.equal(500n);
  });

  it("keeps account n in storage word n, so that naming the accounts makes a settlement cheaper by 100 gas each", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot, accounts, exchange, client } = market;
    const { buyer, seller, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 9));
    const built = buildSettlement({ firstSlot, count: 1, curves });
    const accessList = settlementAccessList(accounts.address, built);
    expect(accessList[0]?.storageKeys.map(BigInt)).to.deep.equal([BigInt(buyer), BigInt(seller)]);
    for (const slot of accessList[0]?.storageKeys ?? []) {
      const word = await client.getStorageAt({ address: accounts.address, slot });
      expect(BigInt(word ?? 0) >> 96n).to.equal(BigInt((await accounts.read.accountOf([Number(slot)])).owner));
    }
    await closeGate(market, firstSlot, 1, curves);
    const args = [firstSlot, built.prices, built.orders, built.posted] as const;
    const usual = await client.estimateContractGas({ ...exchange, functionName: "settle", args });
    const named = await client.estimateContractGas({ ...exchange, functionName: "settle", args, accessList });
    expect(named).to.be.lessThan(usual);
    await exchange.write.settle([...args], { accessList });
    expect(await market.balanceOf(seller)).to.equal(RICH + 45n);
  });

  it("does not count money announced for withdrawal before the gate as cover", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4), 50n);
    const owner = keyOf(0).address;
    await networkHelpers.setBalance(owner, 10n ** 18n);
    await networkHelpers.impersonateAccount(owner);
    await market.accounts.write.announceWithdrawal([buyer, 6n], { account: owner });
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves })), "EnergyUncovered", [buyer]);
    const [uncovered, other] = curves as [SignedCurve, SignedCurve];
    const without = buildSettlement({ firstSlot, count: 1, curves: [{ ...uncovered, absent: true }, other] });
    const snapshot = await networkHelpers.takeSnapshot();
    await settle(market, without);
    await snapshot.restore();
    // Announced after the gate, it does: the order was covered when it was closed.
    await market.accounts.write.announceWithdrawal([buyer, 6n], { account: owner });
    await settle(market, buildSettlement({ firstSlot, count: 1, curves }));
  });

  it("refuses accounts outside the market's zones", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    // One zone, the hub: number 1 is the first beyond.
    const stray = await market.open(keyOf(0), RICH, 1);
    const curves = [await sign(market, 0, { account: stray, nonce: 0, firstSlot, steps: [bid(5, 9)] })];
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves })), "EnergyUnknownZone", [stray]);
    // Its record counts as absent, though it is signed and covered.
    const absent = curves.map((curve) => ({ ...curve, absent: true }));
    await settle(market, buildSettlement({ firstSlot, count: 1, curves: absent }));
  });

  it("settles only the committed book until the fallback, at either side of every boundary", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const built = buildSettlement({ firstSlot, count: 1, curves });
    const alone = buildSettlement({ firstSlot, count: 1, curves: curves.slice(0, 1) });
    const [gate, from, fallback, end] = await market.exchange.read.timesOf([firstSlot, 1n]);
    expect([gate, from]).to.deep.equal([BigInt(firstSlot) * 900n - GATE_LEAD, BigInt(settleTime(firstSlot, 1))]);
    expect([fallback, end]).to.deep.equal([BigInt(fallbackTime(firstSlot)), BigInt(voidTime(firstSlot))]);
    await networkHelpers.time.setNextBlockTimestamp(from - 1n);
    await networkHelpers.mine();
    await refuses(
      market.exchange.simulate.settle([firstSlot, built.prices, built.orders, built.posted], {
        blockTag: "latest",
      } as never),
      "EnergyOutsideWindow",
      [from, end],
    );
    await networkHelpers.time.increaseTo(from);
    // Nothing committed is not an empty book.
    const empty = buildSettlement({ firstSlot, count: 1, curves: [] });
    await refuses(settle(market, empty), "EnergyBookMismatch");
    await market.board.write.commit([firstSlot, bookRoot(curves)]);
    await refuses(settle(market, alone), "EnergyBookMismatch", [bookRoot(curves), bookRoot(curves.slice(0, 1))]);
    await networkHelpers.time.increaseTo(fallback - 2n);
    await refuses(settle(market, alone), "EnergyBookMismatch");
    await networkHelpers.time.increaseTo(fallback);
    await settle(market, built);
    expect((await market.exchange.read.bookOf([firstSlot]))[0]).to.equal(2);
  });

  it("settles from the second the last slot's gate closes to the last one before the book is void", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot, exchange } = market;
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    const built = buildSettlement({ firstSlot, count: 1, curves });
    const alone = buildSettlement({ firstSlot, count: 1, curves: curves.slice(0, 1) });
    await market.board.write.commit([firstSlot, bookRoot(curves)]);
    const [gate, from, fallback, end] = await exchange.read.timesOf([firstSlot, 1n]);
    const [, dayFrom, dayFallback, dayEnd] = await exchange.read.timesOf([firstSlot, 96n]);
    expect(from).to.equal(gate);
    expect([dayFrom, dayFallback, dayEnd]).to.deep.equal([gate + 95n * 900n, fallback, end]);
    const settleAt = async (time: bigint, { prices, orders, posted }: Settlement) => {
      await networkHelpers.time.setNextBlockTimestamp(time);
      return exchange.write.settle([firstSlot, prices, orders, posted], { gas: 5_000_000n });
    };
    const statusAt = async (time: bigint, settlement: Settlement) => {
      const snapshot = await networkHelpers.takeSnapshot();
      await settleAt(time, settlement);
      const [status] = await exchange.read.bookOf([firstSlot]);
      await snapshot.restore();
      return status;
    };
    await refuses(settleAt(from - 1n, built), "EnergyOutsideWindow", [from, end]);
    expect(await statusAt(from, built)).to.equal(1);
    await refuses(settleAt(fallback - 1n, alone), "EnergyBookMismatch");
    expect(await statusAt(fallback, alone)).to.equal(2);
    expect(await statusAt(end - 1n, built)).to.equal(2);
    await refuses(settleAt(end, built), "EnergyOutsideWindow", [from, end]);
  });

  it("refuses input of the wrong length and books across midnight", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot + 96));
    const nothing = { orders: "0x", posted: "0x" } as const;
    const { exchange } = market;
    await refuses(exchange.write.settle([firstSlot, "0x", "0x", "0x"]), "EnergyBadLength");
    await refuses(exchange.write.settle([firstSlot, "0x000000", "0x", "0x"]), "EnergyBadLength");
    await refuses(exchange.write.settle([firstSlot, "0x0000000000", "0x", "0x"]), "EnergyBadLength");
    await refuses(exchange.write.settle([firstSlot, "0x00000000", "0x00", "0x"]), "EnergyBadLength");
    const two = `0x${"00".repeat(8)}` as Hex;
    await refuses(exchange.write.settle([firstSlot + 95, two, nothing.orders, nothing.posted]), "EnergyBadLength");
    await refuses(exchange.write.settle([firstSlot, "0x00000000", "0x", "0x00"]), "EnergyBadLength");
    await refuses(exchange.write.voidBook([firstSlot, 0n]), "EnergyBadLength");
    await refuses(exchange.write.voidBook([firstSlot + 95, 2n]), "EnergyOutsideWindow");
  });

  it("publishes of every slot and zone what was asked, offered and traded", async () => {
    const links = [hub, { ...unlimited(0, 1), exportCapWh: 5n, importCapWh: 5n }, unlimited(0, 1)];
    const market = await fresh({ links });
    const { firstSlot, client, exchange } = market;
    const orders: [number, Step][] = [
      [1, offer(10, 3)],
      [1, bid(2, 6)],
      [2, bid(8, 9)],
      [0, bid(4, 2)],
    ];
    const curves: SignedCurve[] = [];
    const zones = new Map<number, number>();
    for (const [i, [zone, step]] of orders.entries()) {
      const account = await market.open(keyOf(i), RICH, zone);
      zones.set(account, zone);
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: [step, bid(i, -10)] }));
    }
    const zoneOf = (account: number) => zones.get(account) ?? 0;
    const built = buildSettlement({ firstSlot, count: 2, curves, links, zoneOf });
    await closeGate(market, firstSlot, 2, curves);
    const { logs } = await client.getTransactionReceipt({ hash: await settle(market, built) });
    const cleared = parseEventLogs({ abi: exchange.abi, logs, eventName: "SlotCleared" });
    const of = (t: number, zone: number) =>
      cleared.map(({ args }) => args).find(({ slot, zone: z }) => slot === firstSlot + t && z === zone);
    expect(cleared).to.have.length(6);
    // Zone 1 sells two at home and five to zone 2, which is all the line carries; zone 2 asks for more than comes.
    const shown = (t: number, zone: number) => {
      const { tick, volumeWh, demandWh, supplyWh, outcome } = of(t, zone) ?? {};
      return [tick, volumeWh, demandWh, supplyWh, outcome];
    };
    expect(shown(0, 1)).to.deep.equal([3, 7n, 2n, 10n, OUTCOMES.indexOf("MarginalSeller")]);
    expect(shown(0, 2)).to.deep.equal([9, 5n, 8n, 0n, OUTCOMES.indexOf("MarginalBuyer")]);
    for (const [t, zone] of [
      [0, 0],
      [1, 0],
      [1, 1],
      [1, 2],
    ] as const) {
      const { demandWh } = of(t, zone) ?? {};
      expect(shown(t, zone)).to.deep.equal([0, 0n, demandWh, 0n, OUTCOMES.indexOf("NoTrade")]);
    }
  });

  it("takes a slot into one book only, and names the first that another book has taken", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot, exchange } = market;
    const empty = async (from: number, count: number) =>
      settle(market, buildSettlement({ firstSlot: firstSlot + from, count, curves: [] }));
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await empty(10, 6);
    for (const [from, count, taken] of [
      [10, 1, 10],
      [15, 1, 15],
      [13, 8, 13],
      [0, 96, 10],
      [9, 2, 10],
    ] as const)
      await refuses(empty(from, count), "EnergyAlreadyClosed", [firstSlot + taken]);
    await empty(0, 10);
    await empty(16, 80);
    const open = await Promise.all(
      Array.from({ length: 98 }, async (_, t) => !(await exchange.read.isClosed([firstSlot - 1 + t]))),
    );
    expect(open.flatMap((is, t) => (is ? [t - 1] : []))).to.deep.equal([-1, 96]);
  });

  it("lets the large books' contract alone take slots and close books, and holds to what it took and closed", async () => {
    const { firstSlot, exchange, large, admin } = await networkHelpers.loadFixture(plain);
    const hash = (n: number): Hex => `0x${"0".repeat(63)}${n}`;
    const closing = {
      ...{ count: 3n, status: 1, pricesHash: hash(1), postedHash: hash(2), positions: hash(3) },
      ...{ orders: 9n, networkMicro: 0n },
    };
    const nobody = [admin.account.address];
    await refuses(exchange.write.takeSlots([firstSlot, 3n]), "EnergyNotLargeBooks", nobody);
    await refuses(exchange.write.proveSums([firstSlot, "0x00000000", "0x"]), "EnergyNotLargeBooks", nobody);
    await refuses(exchange.write.closeBook([firstSlot, closing]), "EnergyNotLargeBooks", nobody);
    await networkHelpers.setBalance(large.address, 10n ** 18n);
    await networkHelpers.impersonateAccount(large.address);
    const asLarge = { account: large.address };
    await exchange.write.takeSlots([firstSlot + 2, 3n], asLarge);
    await refuses(exchange.write.takeSlots([firstSlot + 4, 1n], asLarge), "EnergyAlreadyClosed", [firstSlot + 4]);
    await exchange.write.closeBook([firstSlot + 2, closing], asLarge);
    const word = keccak256(
      encodeAbiParameters(
        [{ type: "uint256" }, { type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }],
        [3n, hash(1), hash(2), hash(3)],
      ),
    );
    expect(await exchange.read.bookOf([firstSlot + 2])).to.deep.equal([1, `${word.slice(0, -2)}00`]);
  });

  it("accepts any selection from the fallback deadline on, and void from the void deadline on, to the second", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot, exchange } = market;
    const at = (timestamp: number) => networkHelpers.time.setNextBlockTimestamp(timestamp);
    const { curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4));
    await market.board.write.commit([firstSlot, bookRoot(curves)]);
    const other = buildSettlement({ firstSlot, count: 1, curves: curves.slice(0, 1) });
    await at(fallbackTime(firstSlot));
    await settle(market, other);
    expect((await exchange.read.bookOf([firstSlot]))[0]).to.equal(2);
    await at(voidTime(firstSlot) - 1);
    await refuses(exchange.write.voidBook([firstSlot + 1, 95n], { gas: 1_000_000n }), "EnergyOutsideWindow");
    await at(voidTime(firstSlot));
    await exchange.write.voidBook([firstSlot + 1, 95n], { gas: 1_000_000n });
    expect((await exchange.read.bookOf([firstSlot + 1]))[0]).to.equal(3);
  });

  it("refuses a deployment whose lines are no tree or whose times do not fit", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const terms = {
      accounts: market.accounts.address,
      operator: market.board.address,
      networkAccount: NETWORK,
      priceShare: 5_000n,
      fallbackDelay: 100n,
      voidDelay: 200n,
    };
    const deploy = (changed: Partial<typeof terms>, links: Link[]) =>
      viem.deployContract("EnergyExchange", [{ ...terms, ...changed }, links]);
    await refuses(deploy({}, []), "EnergyBadTopology", [0]);
    await refuses(deploy({}, [hub, unlimited(1, 0)]), "EnergyBadTopology", [1]);
    await refuses(deploy({}, [hub, unlimited(0, 40_000)]), "EnergyBadTopology", [1]);
    await refuses(deploy({ fallbackDelay: 200n }, [hub]), "EnergyBadTiming");
    await refuses(deploy({ priceShare: 10_001n }, [hub]), "EnergyBadTiming");
    await refuses(deploy({ voidDelay: WITHDRAWAL_DELAY }, [hub]), "EnergyBadTiming");
    // An announced withdrawal must wait until every book whose gate it was before is void: a day's last slot, to the second.
    const voidDelay = WITHDRAWAL_DELAY - 86_400n - GATE_LEAD;
    await refuses(deploy({ voidDelay: voidDelay + 1n }, [hub]), "EnergyBadTiming");
    await deploy({ voidDelay, fallbackDelay: voidDelay - 1n, priceShare: 10_000n }, [hub]);
    const zones = (count: number): Link[] => [hub, ...new Array<Link>(count - 1).fill(unlimited(0, 32_768))];
    await refuses(deploy({}, zones(17)), "EnergyBadTopology", [17]);
    await refuses(deploy({}, [hub, unlimited(0, 32_769)]), "EnergyBadTopology", [1]);
    await deploy({}, zones(16));
    // A posted order is held for 1,024 slots; its slot must be void by then.
    const patient = await viem.deployContract("EnergyAccounts", [
      ...([market.token.address, market.manager.address, GATE_LEAD, 10n ** 9n, 1n] as const),
    ]);
    const longest = 1_024n * 900n - 86_400n - 129_600n - GATE_LEAD;
    await deploy({ accounts: patient.address, voidDelay: longest }, [hub]);
    await refuses(deploy({ accounts: patient.address, voidDelay: longest + 1n }, [hub]), "EnergyBadTiming");
  });
});

describe("EnergyExchange: posted orders", () => {
  async function post(market: Market, index: number, { slot, account, ...step }: PostedOrder): Promise<Hex> {
    const owner = keyOf(index).address;
    await networkHelpers.setBalance(owner, 10n ** 18n);
    await networkHelpers.impersonateAccount(owner);
    return market.accounts.write.post([slot, account, Number(BigInt(encodeStep(step)))], { account: owner });
  }

  it("I12: a posted order cannot be left out, added to or reordered; it settles without any operator", async () => {
    const market = await networkHelpers.loadFixture(posting);
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 100n);
    const seller = await market.open(keyOf(1), 0n);
    const posted: PostedOrder[] = [
      { slot: firstSlot, account: buyer, ...bid(5, 9) },
      { slot: firstSlot, account: seller, ...offer(5, 4) },
      { slot: firstSlot + 1, account: buyer, ...bid(3, 7) },
    ];
    for (const order of posted) {
      const hash = await post(market, order.account === buyer ? 0 : 1, order);
      const { logs } = await market.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: market.accounts.abi, logs, eventName: "OrderPosted" });
      expect(event?.args.step).to.equal(Number(BigInt(encodeStep(order))));
    }
    expect(await market.balanceOf(buyer)).to.equal(100n);
    const head = await market.accounts.read.postsOf([firstSlot]);
    expect(head).to.not.equal(0n);
    expect(await market.accounts.read.postHeads([firstSlot - 1, 3n])).to.deep.equal([0n, 0n, 0n]);
    expect((await market.accounts.read.postHeads([firstSlot, 3n])).map((found) => found !== 0n)).to.deep.equal([
      true,
      true,
      false,
    ]);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 2));
    const built = buildSettlement({ firstSlot, count: 2, curves: [], posted });
    const [a, b, c] = posted as [PostedOrder, PostedOrder, PostedOrder];
    const trySettle = (orders: PostedOrder[]) => settle(market, built, { posted: encodePosted(orders, firstSlot) });
    await refuses(trySettle([a, c]), "EnergyPostsOmitted", [firstSlot]);
    await refuses(trySettle([b, a, c]), "EnergyPostsOmitted", [firstSlot]);
    await refuses(trySettle([a, b]), "EnergyPostsOmitted", [firstSlot + 1]);
    await refuses(trySettle([a, b, c, c]), "EnergyPostsOmitted", [firstSlot + 1]);
    await refuses(trySettle([a, b, { ...c, slot: firstSlot + 2 }]), "EnergyPostsOmitted");
    await refuses(trySettle([a, b, c, { ...c, slot: firstSlot + 5 }]), "EnergyPostsOmitted", [firstSlot + 2]);
    await settle(market, built);
    expect([await market.balanceOf(buyer), await market.balanceOf(seller)]).to.deep.equal([70n, 30n]);
    expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
  });

  it("I12: counts a posted order as absent only when it is not covered, the last posted first", async () => {
    const market = await networkHelpers.loadFixture(posting);
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 80n);
    const seller = await market.open(keyOf(1), 0n);
    const stray = await market.open(keyOf(2), 100n, 5);
    const posted: PostedOrder[] = [
      { slot: firstSlot, account: buyer, ...bid(5, 9) },
      { slot: firstSlot, account: stray, ...bid(5, 9) },
      { slot: firstSlot, account: seller, ...offer(8, 4) },
      { slot: firstSlot + 1, account: buyer, ...bid(5, 8) },
    ];
    for (const [i, order] of posted.entries()) await post(market, [0, 2, 1, 0][i] as number, order);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 2));
    const zoneOf = (account: number) => (account === stray ? 5 : 0);
    const coverOf = (account: number) => (account === buyer ? 80n : 0n);
    const built = buildSettlement({ firstSlot, count: 2, curves: [], posted, zoneOf, coverOf });
    const snapshot = await networkHelpers.takeSnapshot();
    const hash = await settle(market, built);
    const { logs } = await market.client.getTransactionReceipt({ hash });
    const absent = parseEventLogs({ abi: market.exchange.abi, logs, eventName: "PostAbsent" });
    expect(absent.map(({ args }) => args)).to.deep.equal([
      { firstSlot, account: stray, index: 1n },
      { firstSlot, account: buyer, index: 0n },
    ]);
    expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
    expect(await market.balanceOf(buyer)).to.equal(80n);
    // Five more and both are covered: then both must count.
    await snapshot.restore();
    await market.accounts.write.deposit([buyer, 5n]);
    await refuses(settle(market, built), "EnergyNotClearing", [0, 5, 0]);
    await settle(market, buildSettlement({ firstSlot, count: 2, curves: [], posted, zoneOf }));
    expect(await market.balanceOf(buyer)).to.be.lessThan(85n);
  });

  it("covers posted orders by what an announced withdrawal leaves, the last posted first, to the unit", async () => {
    const links = [hub, unlimited(0, 0)];
    const market = await fresh({ operator: "none", links });
    const { firstSlot } = market;
    // The one who withdraws lives in the second zone, the others at the hub.
    const leaving = await market.open(keyOf(0), 100n, 1);
    const stray = await market.open(keyOf(1), 100n, links.length);
    const seller = await market.open(keyOf(2), 0n);
    const posted: PostedOrder[] = [
      { slot: firstSlot, account: leaving, ...bid(5, 10) },
      { slot: firstSlot, account: seller, ...offer(8, 4) },
      { slot: firstSlot + 1, account: leaving, ...bid(5, 8) },
      { slot: firstSlot + 1, account: stray, ...bid(5, 8) },
      { slot: firstSlot + 1, account: seller, ...offer(9, 2) },
      { slot: firstSlot + 2, account: leaving, ...offer(3, 1) },
      { slot: firstSlot + 2, account: seller, ...bid(2, 0) },
    ];
    for (const [i, order] of posted.entries()) await post(market, [0, 2, 0, 1, 2, 0, 2][i] as number, order);
    const snapshot = await networkHelpers.takeSnapshot();
    const settledWith = async (announced: bigint) => {
      await snapshot.restore();
      await market.accounts.write.announceWithdrawal([leaving, announced], { account: keyOf(0).address });
      await networkHelpers.time.increaseTo(settleTime(firstSlot, 3));
      const zoneOf = (account: number) => (account === leaving ? 1 : account === stray ? links.length : 0);
      const coverOf = (account: number) => (account === leaving ? 100n - announced : account === stray ? 100n : 0n);
      const built = buildSettlement({ firstSlot, count: 3, links, curves: [], posted, zoneOf, coverOf });
      const { logs } = await market.client.getTransactionReceipt({ hash: await settle(market, built) });
      const absent = parseEventLogs({ abi: market.exchange.abi, logs, eventName: "PostAbsent" });
      expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
      return absent.map(({ args }) => Number(args.index));
    };
    // 50 and 40 are just covered. An order that can cost nothing is, whatever was withdrawn.
    expect(await settledWith(10n)).to.deep.equal([3]);
    expect(await settledWith(11n)).to.deep.equal([3, 0]);
    expect(await settledWith(61n)).to.deep.equal([3, 2, 0]);
  });

  it("names a refused price by its cell: zone times slots plus slot", async () => {
    // The zones' line is shut, so that each has a price of its own.
    const links = [hub, { parent: 0, feeTicks: 0, exportCapWh: 0n, importCapWh: 0n }];
    const market = await fresh({ links });
    const { firstSlot } = market;
    const curves: SignedCurve[] = [];
    const zones = new Map<number, number>();
    for (const [i, [zone, t, step]] of (
      [
        [0, 1, bid(5, 9)],
        [0, 1, offer(5, 4)],
        [1, 2, bid(7, 19)],
        [1, 2, offer(7, 12)],
      ] as const
    ).entries()) {
      const account = await market.open(keyOf(i), RICH, zone);
      zones.set(account, zone);
      curves.push(await sign(market, i, { account, nonce: 0, firstSlot, steps: steps(3, { [t]: step }) }));
    }
    const zoneOf = (account: number) => zones.get(account) ?? 0;
    const posted: PostedOrder[] = [];
    for (const [i, step] of [bid(3, 30), offer(3, 20)].entries()) {
      const order = { slot: firstSlot, account: curves[2 + i]?.account as number, ...step };
      posted.push(order);
      await post(market, 2 + i, order);
    }
    const built = buildSettlement({ firstSlot, count: 3, curves, posted, links, zoneOf });
    await closeGate(market, firstSlot, 3, curves);
    const claimed = (cell: number, tick: number) => {
      const at = 2 + 8 * cell;
      const word = tick.toString(16).padStart(8, "0");
      return settle(market, built, {
        prices: `${built.prices.slice(0, at)}${word}${built.prices.slice(at + 8)}` as Hex,
      });
    };
    await refuses(claimed(1, 7), "EnergyPriceRule", [1, 4, 9, 7]);
    await refuses(claimed(1, 10), "EnergyNotClearing", [1, 0, 5]);
    await refuses(claimed(3, 24), "EnergyPriceRule", [3, 20, 30, 24]);
    await refuses(claimed(3, 31), "EnergyNotClearing", [3, 0, 3]);
    await refuses(claimed(5, 14), "EnergyPriceRule", [5, 12, 19, 14]);
    await refuses(claimed(5, 20), "EnergyNotClearing", [5, 0, 7]);
    await settle(market, built);
    expect(built.positions.map(({ moneyMicro }) => moneyMicro)).to.deep.equal([-30n, 30n, -105n, 105n]);
    expect(built.postedFills.map(({ moneyMicro }) => moneyMicro)).to.deep.equal([-75n, 75n]);
    expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
  });

  it("judges a signed order by the cover that posted orders of its book leave, and by nothing posted elsewhere", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4), 60n);
    await post(market, 0, { slot: firstSlot, account: buyer, ...bid(3, 5) });
    await closeGate(market, firstSlot, 1, curves);
    // After the gate the buyer regrets, and posts all his money for the next slots: his signed order stays.
    await post(market, 0, { slot: firstSlot + 20, account: buyer, ...bid(6, 10) });
    const posted = [{ slot: firstSlot, account: buyer, ...bid(3, 5) }];
    const [mine, other] = curves as [SignedCurve, SignedCurve];
    const dropped = buildSettlement({ firstSlot, count: 1, curves: [{ ...mine, absent: true }, other], posted });
    await refuses(settle(market, dropped), "EnergyNotAbsent", [0]);
    await settle(market, buildSettlement({ firstSlot, count: 1, curves, posted }));
    expect(await market.balanceOf(buyer)).to.equal(60n - 5n * 7n);
  });

  it("judges a signed order by the cover that posted orders of its book leave: one unit less is uncovered", async () => {
    const market = await networkHelpers.loadFixture(plain);
    const { firstSlot } = market;
    const { buyer, curves } = await pair(market, firstSlot, bid(5, 9), offer(5, 4), 59n);
    await post(market, 0, { slot: firstSlot, account: buyer, ...bid(3, 5) });
    const posted = [{ slot: firstSlot, account: buyer, ...bid(3, 5) }];
    await closeGate(market, firstSlot, 1, curves);
    await refuses(settle(market, buildSettlement({ firstSlot, count: 1, curves, posted })), "EnergyUncovered", [buyer]);
    const [mine, other] = curves as [SignedCurve, SignedCurve];
    await settle(market, buildSettlement({ firstSlot, count: 1, curves: [{ ...mine, absent: true }, other], posted }));
  });

  it("joins posted and signed orders in one book, rations ties in posting then account order", async () => {
    const market = await networkHelpers.loadFixture(posting);
    const { firstSlot } = market;
    const accounts: number[] = [];
    for (let i = 0; i < 4; i++) accounts.push(await market.open(keyOf(i), 1_000n));
    const [one, two, three, four] = accounts as [number, number, number, number];
    const posted = [{ slot: firstSlot, account: two, ...bid(10, 5) }];
    await post(market, 1, posted[0] as PostedOrder);
    const curves = [
      await sign(market, 0, { account: one, nonce: 0, firstSlot, steps: [bid(7, 5)] }),
      await sign(market, 2, { account: three, nonce: 0, firstSlot, steps: [bid(3, 5)] }),
      await sign(market, 3, { account: four, nonce: 0, firstSlot, steps: [offer(9, 5)] }),
    ];
    const built = buildSettlement({ firstSlot, count: 1, curves, posted });
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await settle(market, built);
    const balances = await Promise.all(accounts.map((account) => market.balanceOf(account)));
    expect(balances).to.deep.equal([985n, 980n, 990n, 1_045n]);
  });

  it("I9: what nobody settles is void, and neither settling nor voiding works twice", async () => {
    const market = await networkHelpers.loadFixture(posting);
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 100n);
    const posted = [{ slot: firstSlot + 3, account: buyer, ...bid(5, 9) }];
    await post(market, 0, posted[0] as PostedOrder);
    const voidFrom = voidTime(firstSlot);
    await networkHelpers.time.increaseTo(voidFrom - 2);
    await refuses(market.exchange.write.voidBook([firstSlot, 96n]), "EnergyOutsideWindow");
    await networkHelpers.time.increaseTo(voidFrom);
    const built = buildSettlement({ firstSlot, count: 96, curves: [], posted });
    await refuses(settle(market, built), "EnergyOutsideWindow");
    await market.exchange.write.voidBook([firstSlot, 96n]);
    expect(await market.balanceOf(buyer)).to.equal(100n);
    expect((await market.exchange.read.bookOf([firstSlot]))[0]).to.equal(3);
    await refuses(market.exchange.write.voidBook([firstSlot, 96n]), "EnergyAlreadyClosed", [firstSlot]);
  });

  it("takes posts from the horizon to the gate, of enough energy, covered, by the owner", async () => {
    const market = await fresh({ operator: "none", minimumPostWh: 4n });
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 44n);
    const order = { slot: firstSlot, account: buyer, ...bid(5, 9) };
    const closes = firstSlot * 900 - Number(GATE_LEAD);
    await refuses(post(market, 1, order), "EnergyNotOwner", [buyer, keyOf(1).address]);
    await refuses(post(market, 0, order), "EnergyUncovered", [buyer]);
    await refuses(post(market, 0, { ...order, ...bid(3, 9) }), "EnergyPostTooSmall", [3, 4]);
    const late = { ...order, slot: firstSlot + 400, ...bid(4, 1) };
    await refuses(post(market, 0, late), "EnergyPostWindow");
    await networkHelpers.time.increaseTo(closes - 2);
    await post(market, 0, { ...order, ...bid(4, 9) });
    await networkHelpers.time.increaseTo(closes);
    await refuses(post(market, 0, { ...order, ...bid(4, 1) }), "EnergyPostWindow", [
      firstSlot,
      closes - 36 * 3_600,
      closes,
    ]);
  });

  it("uses a ring place again when its slot is long void, and forgets what stood there", async () => {
    const market = await networkHelpers.loadFixture(posting);
    const { firstSlot } = market;
    const buyer = await market.open(keyOf(0), 100n);
    await post(market, 0, { slot: firstSlot, account: buyer, ...bid(5, 9) });
    const fresh = await market.accounts.read.postsOf([firstSlot]);
    const reused = firstSlot + 1_024;
    await networkHelpers.time.increaseTo(reused * 900 - 7_200);
    await post(market, 0, { slot: reused, account: buyer, ...bid(5, 9) });
    expect(await market.accounts.read.postsOf([reused])).to.equal(fresh);
    expect(await market.accounts.read.postsOf([firstSlot])).to.equal(0n);
    // The day's word, too, belongs to the newer day.
    expect(await market.accounts.read.postHeads([firstSlot, 96n])).to.deep.equal(new Array(96).fill(0n));
  });
});
