import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, type Hex, keccak256, numberToHex, parseEventLogs, size, zeroHash } from "viem";
import {
  bookGroups,
  bookRoot,
  buildSettlement,
  commitmentOf,
  curveLeaf,
  encodePosted,
  encodeRecord,
  encodeStep,
  join,
  type LargeCall,
  type LargeLimits,
  type LargeSession,
  nextLargeCall,
  type PostedOrder,
  readLargeSession,
  replayBook,
  type Settlement,
  type SettlementInput,
  type SignedCurve,
  signCurve,
  type Step,
} from "../../packages/sdk/src/energy/index.ts";
import {
  deployMarket,
  fallbackTime,
  GATE_LEAD,
  keyOf,
  type Market,
  NETWORK,
  nextDay,
  settleTime,
  voidTime,
} from "../../scripts/lib/energy-market.ts";
import { hub, randomOf, unlimited } from "./books.ts";
import { batchOf, bid, offer, refuses, traceless } from "./helpers.ts";

// One test needs more than a real chain's cap where the marks of coverage or mutation cost gas, too; the others keep to it.
const { viem, networkHelpers } = await network.create({ override: { transactionGasCap: 60_000_000n } });
const SMALL: LargeLimits = { records: 2, posts: 2, bytes: 1 };
const ESCROW = 0;

const addressesOf = (market: Market) => ({ accounts: market.accounts.address, large: market.large.address });

async function send(market: Market, { functionName, args }: LargeCall, gas = 16_000_000n): Promise<Hex> {
  return market.admin.writeContract({
    ...{ address: market.large.address, abi: market.large.abi, functionName, args: args as never, gas },
  } as never);
}

/** Goes on from where the session stands until it is closed, or until it has reached `until`. */
async function run(
  market: Market,
  input: SettlementInput,
  built: Settlement,
  options: { limits?: LargeLimits; fallback?: boolean } = {},
  until?: LargeSession["stage"],
  gas?: bigint,
): Promise<number> {
  for (let calls = 0; calls < 200; calls++) {
    const session = await readLargeSession(market.client as never, addressesOf(market), input.firstSlot);
    if (session !== undefined && session.stage === until) return calls;
    const call = nextLargeCall(input, built.prices, session, options);
    if (call === undefined) return calls;
    await send(market, call, gas);
  }
  throw new Error("the session does not end");
}

const dataOf = (market: Market, { functionName, args }: LargeCall): Hex =>
  encodeFunctionData({ abi: market.large.abi, functionName, args: args as never } as never);

const callOf = (market: Market, call: LargeCall) => ({ to: market.large.address, data: dataOf(market, call) });

async function post(market: Market, index: number, { slot, account, ...step }: PostedOrder): Promise<void> {
  const owner = keyOf(index).address;
  await networkHelpers.setBalance(owner, 10n ** 18n);
  await networkHelpers.impersonateAccount(owner);
  await market.accounts.write.post([slot, account, Number(BigInt(encodeStep(step)))], { account: owner });
}

/** A market in zones, its traders' day of three slots, posts among them one that is not covered, after the fallback. */
async function mixed() {
  const links = [hub, unlimited(0, 2), { ...unlimited(0, 3), importCapWh: 40n }];
  const market = await deployMarket(viem, { operator: "board", links });
  const firstSlot = await nextDay(market.client);
  const random = randomOf(77);
  const zones = new Map<number, number>();
  const ids: number[] = [];
  for (let i = 0; i < 9; i++) {
    const zone = i === 8 ? 7 : i % 3;
    const account = await market.open(keyOf(i), i === 7 ? 300n : 1_000_000n, zone);
    zones.set(account, zone);
    ids.push(account);
  }
  const anyStep = (): Step => {
    const energyWh = random(5) === 0 ? 0 : 1 + random(60);
    return random(2) === 0 ? bid(energyWh, 10 + random(20)) : offer(energyWh, random(25) - 5);
  };
  const posted: PostedOrder[] = [];
  for (const [i, t, step] of [
    [0, 0, bid(20, 30)],
    [1, 0, offer(25, 4)],
    [8, 0, bid(9, 9)],
    [7, 0, bid(9, 30)],
    [7, 0, bid(9, 29)],
    [2, 2, bid(7, 12)],
    [3, 2, offer(7, 12)],
  ] as const) {
    const order = { slot: firstSlot + t, account: ids[i] as number, ...step };
    posted.push(order);
    await post(market, i, order);
  }
  const curves: SignedCurve[] = [];
  for (let i = 0; i < 8; i++) {
    const curve = {
      ...{ account: ids[i] as number, nonce: 0, firstSlot },
      steps: i === 7 ? [bid(2, 29), bid(2, 9), bid(2, 9)] : [anyStep(), anyStep(), anyStep()],
    };
    curves.push({ ...(await signCurve(keyOf(i), market.domain, curve)), absent: i === 7 });
  }
  const input: SettlementInput = {
    ...{ firstSlot, count: 3, links, curves, posted },
    zoneOf: (account) => zones.get(account) ?? 0,
    coverOf: (account) => (account === ids[7] ? 300n : 1_000_000n),
  };
  await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  return { ...market, firstSlot, ids, input, built: buildSettlement(input) };
}

/** A day of three zones in a row, 288 cells, with posted orders in the last of them, after the fallback. */
async function wide() {
  const links = [hub, unlimited(0, 1), unlimited(1, 2)];
  const market = await deployMarket(viem, { operator: "none", links });
  const firstSlot = await nextDay(market.client);
  const zones = new Map<number, number>();
  const ids: number[] = [];
  for (let i = 0; i < 6; i++) {
    const account = await market.open(keyOf(i), 1_000_000n, i % 3);
    zones.set(account, i % 3);
    ids.push(account);
  }
  await networkHelpers.time.increaseTo(firstSlot * 900 - 7_200);
  const posted: PostedOrder[] = [];
  for (const [i, t, step] of [
    [2, 63, bid(4, 12)],
    [5, 63, offer(4, 12)],
    [5, 95, bid(5, 40)],
    [2, 95, offer(5, 39)],
  ] as const) {
    const order = { slot: firstSlot + t, account: ids[i] as number, ...step };
    posted.push(order);
    await post(market, i, order);
  }
  const curves: SignedCurve[] = [];
  for (const [i, account] of ids.entries()) {
    const day = Array.from({ length: 96 }, (_, t) =>
      (i + t) % 2 === 0 ? bid(1 + ((i * t) % 7), 10 + (t % 9)) : offer(1 + ((i + t) % 5), (t % 7) + i),
    );
    // At the posted orders' slots nobody else is there.
    for (const t of [63, 95]) day[t] = bid(0, 0);
    curves.push(await signCurve(keyOf(i), market.domain, { account, nonce: 0, firstSlot, steps: day }));
  }
  const input: SettlementInput = {
    ...{ firstSlot, count: 96, links, curves, posted },
    zoneOf: (account) => zones.get(account) ?? 0,
  };
  await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  return { ...market, firstSlot, ids, input, built: buildSettlement(input) };
}

const PIECEMEAL = { limits: { ...SMALL, posts: 1 }, fallback: true };

/** An open session whose buyer posted twice, his balance enough for both, and the two calls that collect his orders. */
async function halves() {
  const market = await deployMarket(viem, { operator: "none" });
  const firstSlot = await nextDay(market.client);
  const buyer = await market.open(keyOf(0), 250n);
  const seller = await market.open(keyOf(1), 1n);
  const order = { slot: firstSlot, account: buyer, ...bid(10, 10) };
  for (let i = 0; i < 2; i++) await post(market, 0, order);
  const curve = { account: seller, nonce: 0, firstSlot, steps: [offer(20, 5)] };
  const curves = [await signCurve(keyOf(1), market.domain, curve)];
  const input: SettlementInput = { firstSlot, count: 1, curves, posted: [order, order] };
  const built = buildSettlement(input);
  expect(built.postedFills.map(({ fillWh }) => fillWh)).to.deep.equal([-10, -10]);
  await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  const next = async () => {
    const session = await readLargeSession(market.client as never, addressesOf(market), firstSlot);
    return nextLargeCall(input, built.prices, session, PIECEMEAL) as LargeCall;
  };
  await send(market, await next());
  const opened = await networkHelpers.takeSnapshot();
  const calls = [await next()];
  await send(market, calls[0] as LargeCall);
  calls.push(await next());
  await opened.restore();
  expect(calls.map(({ functionName }) => functionName)).to.deep.equal(["collectPosts", "collectPosts"]);
  return { ...market, firstSlot, buyer, input, built, calls };
}

/** The book closed last, replayed from chain data alone by an endpoint without traces. */
async function replayed(market: Market) {
  const closed = await market.exchange.getEvents.BookClosed({}, { fromBlock: 0n });
  const addresses = { ...addressesOf(market), exchange: market.exchange.address };
  const hash = closed.at(-1)?.transactionHash ?? zeroHash;
  return replayBook(traceless(market.client), addresses, hash);
}

const balancesOf = async (market: Market & { ids: readonly number[] }) =>
  Promise.all([NETWORK, ESCROW, ...market.ids].map((account) => market.balanceOf(account)));

/** 131 traders of one slot whose book an operator has committed: two groups. */
async function committed() {
  const market = await deployMarket(viem, { operator: "board" });
  const firstSlot = await nextDay(market.client);
  const curves: SignedCurve[] = [];
  for (let i = 0; i < 131; i++) {
    const account = await market.open(keyOf(i), 1_000n);
    const steps = [i % 2 === 0 ? bid(5 + (i % 7), 9 + (i % 5)) : offer(4 + (i % 6), 3 + (i % 9))];
    curves.push(await signCurve(keyOf(i), market.domain, { account, nonce: 0, firstSlot, steps }));
  }
  await market.board.write.commit([firstSlot, bookRoot(curves)]);
  await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
  const input: SettlementInput = { firstSlot, count: 1, curves };
  return { ...market, firstSlot, ids: curves.map(({ account }) => account), input, built: buildSettlement(input) };
}

describe("LargeBooks", () => {
  it("gives, in any parts, exactly what one transaction gives", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, built, input } = market;
    const start = await networkHelpers.takeSnapshot();
    await market.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
    const expected = await balancesOf(market);
    const outcome = await market.exchange.read.bookOf([firstSlot]);
    expect(outcome).to.deep.equal([2, built.commitment]);
    expect(built.networkMicro > 0n).to.equal(true);
    let snapshot = start;
    for (const limits of [
      SMALL,
      { records: 3, posts: 1, bytes: 90 },
      { records: 1, posts: 3, bytes: 200 },
      { records: 99, posts: 99, bytes: 100_000 },
    ]) {
      await snapshot.restore();
      snapshot = await networkHelpers.takeSnapshot();
      const calls = await run(market, input, built, { limits, fallback: true });
      expect(calls).to.be.greaterThan(4);
      expect(await balancesOf(market)).to.deep.equal(expected);
      expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal(outcome);
      expect(await market.large.read.sessionOf([firstSlot])).to.equal(`0x${"00".repeat(32)}`);
      const closed = await market.exchange.getEvents.BookClosed({}, { fromBlock: 0n });
      expect(closed.at(-1)?.args).to.deep.include({ count: 3n, orders: 15n, networkMicro: built.networkMicro });
      const { settlement, matches } = await replayed(market);
      expect(matches).to.equal(true);
      expect(settlement.positions).to.deep.equal(built.positions);
    }
  });

  it("settles a committed book of several groups, and nothing but it, until the fallback", async () => {
    const market = await networkHelpers.loadFixture(committed);
    const { firstSlot, built, input, large } = market;
    const [gate] = await market.exchange.read.timesOf([firstSlot, 1n]);
    expect(gate).to.equal(BigInt(settleTime(firstSlot, 1)));
    const groups = nextLargeCall(input, built.prices, undefined)?.args[2] as readonly Hex[];
    expect(groups.length).to.equal(2);
    await refuses(large.write.open([firstSlot, 2, groups]), "EnergyOutsideWindow");
    await refuses(large.write.open([firstSlot, 0, groups]), "EnergyBadLength");
    await refuses(large.write.open([firstSlot, 1, groups.slice(1)]), "EnergyBookMismatch");
    await refuses(large.write.open([firstSlot, 1, []]), "EnergyBookMismatch");
    await large.write.open([firstSlot, 1, groups]);
    await refuses(large.write.open([firstSlot, 1, groups]), "EnergyAlreadyClosed", [firstSlot]);
    await refuses(market.exchange.write.settle([firstSlot, built.prices, built.orders, "0x"]), "EnergyAlreadyClosed", [
      firstSlot,
    ]);
    const at = async () => readLargeSession(market.client as never, addressesOf(market), firstSlot);
    const opened = (await at()) as LargeSession;
    const all = input.curves.map(encodeRecord);
    await refuses(large.write.collect([opened.state, join(all.slice(0, 128)), false]), "EnergyPostsOmitted", [
      firstSlot + 1,
    ]);
    await large.write.collectPosts([opened.state, 0, 0n, "0x"]);
    await refuses(large.write.collectPosts([opened.state, 0, 0n, "0x"]), "LargeWrongState", [firstSlot]);
    const { state } = (await at()) as LargeSession;
    const wide = { gas: 16_000_000n };
    const hashOf = (from: number, to: number) => bookGroups(input.curves.slice(from, to).map(curveLeaf))[0] as Hex;
    const collect = (from: number, to: number, last: boolean) =>
      large.write.collect([state, join(all.slice(from, to)), last], wide);
    const first = groups[0] as Hex;
    await refuses(collect(0, 127, false), "EnergyBookMismatch", [first, hashOf(0, 127)]);
    await refuses(collect(1, 129, false), "EnergyBookMismatch", [first, hashOf(1, 129)]);
    const word = (value: number) => numberToHex(value, { size: 32 });
    await refuses(collect(0, 128, true), "EnergyBookMismatch", [word(2), word(1)]);
    await refuses(collect(0, 131, false), "EnergyBookMismatch", [word(2), word(2)]);
    await refuses(large.write.serve([state, []]), "LargeWrongStage", [firstSlot, 1]);
    await refuses(large.write.count([state, built.prices, 0n, "0x", []]), "LargeWrongStage", [firstSlot, 1]);
    await run(market, input, built, { limits: { records: 128, posts: 10, bytes: 1 } });
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([1, built.commitment]);
    for (const { account, moneyMicro } of built.positions)
      expect(await market.balanceOf(account)).to.equal(1_000n + moneyMicro);
  });

  it("I9: escrow is the worst case of what was collected, money stays whole, and wrong prices hold up nobody", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, built, input, large } = market;
    await run(market, input, built, { limits: SMALL, fallback: true }, "Counting");
    const held = async () => (await balancesOf(market)).reduce((sum, balance) => sum + balance, 0n);
    expect(await held()).to.equal(8n * 1_000_000n + 300n);
    expect((await market.balanceOf(ESCROW)) > 0n).to.equal(true);
    const at = async () =>
      (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    const session = await at();
    const wrong = `0x${"00000001".repeat(9)}` as Hex;
    // A rival counts around prices of his own, to the end, where they fail.
    const hash = await large.write.count([session.state, wrong, 0n, "0x", session.cores.slice(0, 4)]);
    const rival = (await at()).counts.get(keccak256(wrong));
    expect(rival?.next).to.equal(4);
    const { logs } = await market.client.getTransactionReceipt({ hash });
    expect(parseEventLogs({ abi: large.abi, logs, eventName: "PartsCounted" }).map(({ args }) => args)).to.deep.equal([
      { firstSlot, pricesHash: keccak256(wrong), next: 4n, cells: rival?.cells },
    ]);
    const rest = session.cores.slice(4);
    const cells = rival?.cells as Hex;
    await refuses(large.write.count([session.state, wrong, 4n, cells, rest]), "EnergyNotClearing");
    await refuses(large.write.count([session.state, built.prices, 4n, cells, rest]), "LargeWrongState");
    await refuses(large.write.count([session.state, wrong, 3n, cells, rest]), "LargeWrongState");
    await refuses(large.write.count([session.state, wrong, 0n, cells, rest]), "LargeWrongState");
    await refuses(large.write.count([session.state, wrong, 4n, cells, session.cores.slice(3)]), "LargeWrongPart", [4]);
    await refuses(large.write.count([session.state, "0x00000001", 0n, "0x", []]), "EnergyBadLength");
    const number = session.cores.length;
    const beyond = [...session.cores, session.cores[number - 1] as Hex];
    await refuses(large.write.count([session.state, built.prices, 0n, "0x", beyond]), "LargeWrongPart", [number]);
    await run(market, input, built, { limits: SMALL, fallback: true }, "Serving");
    const serving = await at();
    await refuses(large.write.serve([serving.state, session.cores.slice(0, 1)]), "LargeWrongPart", [0]);
    const order = [...session.cores.slice(0, session.postParts).reverse(), ...session.cores.slice(session.postParts)];
    await refuses(large.write.serve([serving.state, [...order, order[number - 1] as Hex]]), "LargeWrongPart", [number]);
    await refuses(large.write.abandon([serving.state]), "LargeWrongStage", [firstSlot, 3]);
    // Proven prices need no deadline any more: whoever comes after the void deadline still serves.
    await networkHelpers.time.increaseTo(voidTime(firstSlot) + 10);
    await run(market, input, built, { limits: SMALL, fallback: true });
    expect(await held()).to.equal(8n * 1_000_000n + 300n);
    expect(await market.balanceOf(ESCROW)).to.equal(0n);
    expect(await market.balanceOf(NETWORK)).to.equal(built.networkMicro);
    expect((await market.exchange.read.bookOf([firstSlot]))[1]).to.equal(built.commitment);
  });

  it("I9: after the void deadline a session nobody finished gives everybody his escrow back", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, built, input, large } = market;
    const before = await balancesOf(market);
    await run(market, input, built, { limits: SMALL, fallback: true }, "Counting");
    expect(await balancesOf(market)).to.not.deep.equal(before);
    const at = async () =>
      (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    await networkHelpers.time.increaseTo(voidTime(firstSlot) - 2);
    await refuses(large.write.abandon([(await at()).state]), "EnergyOutsideWindow");
    await networkHelpers.time.increaseTo(voidTime(firstSlot));
    const { state, cores } = await at();
    await refuses(large.write.count([state, built.prices, 0n, "0x", cores]), "EnergyOutsideWindow");
    await large.write.abandon([state]);
    await run(market, input, built, { limits: SMALL, fallback: true });
    expect(await balancesOf(market)).to.deep.equal(before);
    // Three slots in three zones without a price, and nobody's position.
    const nothing = commitmentOf(3, `0x${"80000000".repeat(9)}`, "0x", "0x");
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([3, nothing]);
    await refuses(market.exchange.write.voidBook([firstSlot, 3n]), "EnergyAlreadyClosed", [firstSlot]);
  });

  it("counts around the prices of the whole book only, of no slot less or more", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, built, input, large } = market;
    await run(market, input, built, { limits: SMALL, fallback: true }, "Counting");
    const session = (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    for (const slots of [2, 4]) {
      const prices = `0x${"00000001".repeat(slots * 3)}` as Hex;
      await refuses(large.write.count([session.state, prices, 0n, "0x", []]), "EnergyBadLength");
    }
    await large.write.count([session.state, built.prices, 0n, "0x", session.cores.slice(0, 1)]);
  });

  it("I9: an empty session is void at once", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, large } = market;
    await large.write.open([firstSlot, 3, []]);
    const { state } = (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    await networkHelpers.time.increaseTo(voidTime(firstSlot));
    await refuses(large.write.collectPosts([state, 0, 0n, "0x"]), "EnergyOutsideWindow");
    await large.write.abandon([state]);
    expect((await market.exchange.read.bookOf([firstSlot]))[0]).to.equal(3);
  });

  it("I12: takes posted orders only as they were posted, wherever they are cut", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, input, built, large } = market;
    await large.write.open([firstSlot, 3, []]);
    const { state } = (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    const entry = (index: number) => `0x${built.posted.slice(2 + 22 * index, 24 + 22 * index)}` as Hex;
    const of = (...indices: number[]) => join(indices.map(entry));
    await refuses(large.write.collectPosts([state, 0, 0n, of(0, 1, 2, 3, 4, 5)]), "EnergyPostsOmitted", [
      firstSlot + 2,
    ]);
    await refuses(large.write.collectPosts([state, 0, 0n, of(1, 2, 3, 4, 5, 6)]), "EnergyPostsOmitted", [firstSlot]);
    await refuses(large.write.collectPosts([state, 1, 0n, of(6, 5)]), "EnergyPostsOmitted", [firstSlot + 2]);
    await refuses(large.write.collectPosts([state, 2, 7n, of(6)]), "EnergyPostsOmitted", [firstSlot + 2]);
    await refuses(large.write.collectPosts([state, 1, 0n, `${of(5, 6)}00`]), "EnergyBadLength");
    await refuses(large.write.collectPosts([state, 4, 0n, "0x"]), "EnergyBadLength");
    await refuses(large.write.collectPosts([state, 3, 5n, "0x"]), "EnergyPostsOmitted", [firstSlot + 3]);
    await refuses(large.write.collectPosts([state, 1, 0n, of(4, 5, 6)]), "EnergyPostsOmitted");
    // One at a time, from the back. Records come when all are in, not while some of the first slot are missing.
    const session = async () =>
      (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    const options = { limits: { ...SMALL, posts: 1 }, fallback: true };
    let now = await session();
    while (now.postSlot !== 0) {
      await send(market, nextLargeCall(input, built.prices, now, options) as LargeCall);
      now = await session();
    }
    expect(now.postHead).to.not.equal(0n);
    await refuses(large.write.collect([now.state, "0x", false]), "EnergyPostsOmitted", [firstSlot]);
    await run(market, input, built, options, "Counting");
    expect((await session()).postParts).to.equal(7);
  });

  it("says what moved, holds a book to 131,072 orders, and leaves the exchange to nobody else", async () => {
    const market = await networkHelpers.loadFixture(mixed);
    const { firstSlot, large, exchange, client, admin } = market;
    await refuses(exchange.write.takeSlots([firstSlot, 1n]), "EnergyNotLargeBooks", [admin.account.address]);
    const closing = {
      ...{ count: 1n, status: 1, orders: 0n, networkMicro: 0n },
      ...{ pricesHash: keccak256("0x"), postedHash: keccak256("0x"), positions: keccak256("0x") },
    };
    await refuses(exchange.write.closeBook([firstSlot, closing]), "EnergyNotLargeBooks", [admin.account.address]);
    const hash = await large.write.open([firstSlot, 3, []]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [moved] = parseEventLogs({ abi: large.abi, logs, eventName: "SessionMoved" });
    expect(moved?.args.stage).to.equal(1);
    expect(await large.read.sessionOf([firstSlot])).to.equal(keccak256(moved?.args.state as Hex));
    // The state of a session that has collected almost everything: `orders` is its eighth word behind the offset.
    const state = moved?.args.state as Hex;
    const at = 2 + 64 * 8;
    const full = `${state.slice(0, at)}${(131_072 - 6).toString(16).padStart(64, "0")}${state.slice(at + 64)}` as Hex;
    const place = await storageOf(market, firstSlot, await large.read.sessionOf([firstSlot]));
    await networkHelpers.setStorageAt(large.address, place, BigInt(keccak256(full)));
    await refuses(large.write.collectPosts([full, 0, 0n, market.built.posted]), "LargeTooManyOrders", [131_073]);
    const brimful = full.replace((131_072 - 6).toString(16), (131_072 - 7).toString(16)) as Hex;
    await networkHelpers.setStorageAt(large.address, place, BigInt(keccak256(brimful)));
    await large.write.collectPosts([brimful, 0, 0n, market.built.posted]);
  });

  it("gives what one transaction gives in a book of more cells than a byte can number", async () => {
    const market = await networkHelpers.loadFixture(wide);
    const { firstSlot, built, input } = market;
    const snapshot = await networkHelpers.takeSnapshot();
    await market.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
    const expected = await balancesOf(market);
    const outcome = await market.exchange.read.bookOf([firstSlot]);
    expect(outcome).to.deep.equal([2, built.commitment]);
    expect(built.postedFills.map(({ fillWh }) => fillWh)).to.deep.equal([-4, 4, -5, 5]);
    await snapshot.restore();
    await run(market, input, built, { limits: SMALL, fallback: true }, undefined, 50_000_000n);
    expect(await balancesOf(market)).to.deep.equal(expected);
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal(outcome);
  });

  it("takes two parts in one transaction as in two: what the first one cost is not counted again", async () => {
    const market = await networkHelpers.loadFixture(halves);
    const { firstSlot, input, built, buyer, calls } = market;
    // To somebody who takes anything, what only looks like the first part: of an account that does not exist.
    const [first] = calls;
    if (first?.functionName !== "collectPosts") throw new Error("not the first part");
    const posts = encodePosted([{ slot: firstSlot, account: 99, ...bid(1, 1) }], firstSlot);
    const args = [...first.args.slice(0, 3), posts] as unknown as typeof first.args;
    const like = { to: keyOf(0).address, data: dataOf(market, { functionName: "collectPosts", args }) };
    const sent = [like, ...calls.map((call) => callOf(market, call))];
    await market.admin.sendTransaction({ data: batchOf(sent), gas: 16_000_000n });
    const session = await readLargeSession(market.client as never, addressesOf(market), firstSlot);
    expect([session?.postParts, session?.posted]).to.deep.equal([2, input.posted]);
    expect(await readLargeSession(traceless(market.client), addressesOf(market), firstSlot)).to.deep.equal(session);
    expect(await market.balanceOf(buyer)).to.equal(50n);
    await run(market, input, built, PIECEMEAL);
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([2, built.commitment]);
    expect(await market.balanceOf(buyer)).to.equal(250n - 20n * 7n);
    expect(await market.balanceOf(ESCROW)).to.equal(0n);
    expect((await replayed(market)).matches).to.equal(true);
  });

  it("goes on after another contract's part from a trace, where the transaction does not show it", async () => {
    const market = await networkHelpers.loadFixture(halves);
    const { firstSlot, input, built, calls, client } = market;
    const hash = await market.admin.sendTransaction({
      data: batchOf(
        calls.map((call) => callOf(market, call)),
        true,
      ),
      gas: 16_000_000n,
    });
    await refuses(readLargeSession(traceless(client), addressesOf(market), firstSlot), "SdkCallUnseen", [hash]);
    await run(market, input, built, PIECEMEAL);
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([2, built.commitment]);
  });

  it("moves nothing for an absent order at the head of a long part, and reads nothing behind a part", async () => {
    const market = await deployMarket(viem, { operator: "none" });
    const firstSlot = await nextDay(market.client);
    const stray = await market.open(keyOf(0), 1_000n, 7);
    const posted: PostedOrder[] = [{ slot: firstSlot, account: stray, ...bid(9, 9) }];
    for (let i = 1; i < 20; i++) {
      const account = await market.open(keyOf(i), 1_000n);
      posted.push({ slot: firstSlot, account, ...(i % 2 === 0 ? bid(i, 30 - i) : offer(i, i)) });
    }
    for (const [i, order] of posted.entries()) await post(market, i, order);
    const signer = await market.open(keyOf(20), 1_000n);
    const order = { account: signer, nonce: 0, firstSlot, steps: [bid(3, 12)] };
    const input: SettlementInput = {
      ...{ firstSlot, count: 1, posted, curves: [await signCurve(keyOf(20), market.domain, order)] },
      zoneOf: (account) => (account === stray ? 7 : 0),
    };
    const built = buildSettlement(input);
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    const options = { limits: { records: 9, posts: 99, bytes: 1 }, fallback: true };
    await run(market, input, built, options, "Counting");
    const session = () => readLargeSession(market.client as never, addressesOf(market), firstSlot);
    for (let now = await session(); now?.stage === "Counting"; now = await session()) {
      // Each part is the last thing in the calldata: its last order, 13 bytes or a record's 12, once more fills up its word.
      const call = nextLargeCall(input, built.prices, now, options) as LargeCall;
      const core = (call.args[4] as readonly Hex[])[0] as Hex;
      const data = dataOf(market, call);
      const end = data.lastIndexOf(core.slice(2)) + core.length - 2;
      expect(data.slice(end)).to.match(/^0{26,}$/);
      const order = core.slice(size(core) % 13 === 0 ? -26 : -24);
      const filled = `${data.slice(0, end)}${order}`.padEnd(data.length, "0") as Hex;
      await market.admin.sendTransaction({ to: market.large.address, data: filled, gas: 16_000_000n });
    }
    await run(market, input, built, options);
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([2, built.commitment]);
    expect(await market.balanceOf(stray)).to.equal(1_000n);
    for (const { account, moneyMicro } of built.positions)
      expect(await market.balanceOf(account)).to.equal(1_000n + moneyMicro);
  });

  it("closes a book without orders when any prices are proven, and replays it", async () => {
    const market = await deployMarket(viem, { operator: "none", links: [hub, unlimited(0, 1)] });
    const firstSlot = await nextDay(market.client);
    const input: SettlementInput = { firstSlot, count: 2, links: [hub, unlimited(0, 1)], curves: [] };
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await run(market, input, buildSettlement(input), { limits: SMALL, fallback: true });
    const { settlement, matches } = await replayed(market);
    expect(matches).to.equal(true);
    expect(settlement.positions).to.deep.equal([]);
  });

  it("rations exactly also where each order at the margin is served in a part of its own", async () => {
    const market = await deployMarket(viem, { operator: "none" });
    const firstSlot = await nextDay(market.client);
    const curves: SignedCurve[] = [];
    for (const [i, step] of [bid(10, 5), bid(7, 5), bid(3, 5), offer(9, 5)].entries()) {
      const account = await market.open(keyOf(i), 1_000n);
      curves.push(await signCurve(keyOf(i), market.domain, { account, nonce: 0, firstSlot, steps: [step] }));
    }
    const input: SettlementInput = { firstSlot, count: 1, curves };
    const built = buildSettlement(input);
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await run(market, input, built, { limits: { ...SMALL, records: 1 }, fallback: true });
    expect(await market.exchange.read.bookOf([firstSlot])).to.deep.equal([2, built.commitment]);
    const moved = await Promise.all(curves.map(async ({ account }) => (await market.balanceOf(account)) - 1_000n));
    expect(moved).to.deep.equal([-20n, -15n, -10n, 45n]);
    expect(await market.balanceOf(ESCROW)).to.equal(0n);
  });

  it("judges nonces, session keys and withdrawals as of the gate", async () => {
    const market = await deployMarket(viem, { operator: "none" });
    const firstSlot = await nextDay(market.client);
    const { large, accounts } = market;
    const orderOf = async (index: number, signer = index) => {
      const account = await market.open(keyOf(index), 50n);
      const owner = keyOf(index).address;
      await networkHelpers.setBalance(owner, 10n ** 18n);
      await networkHelpers.impersonateAccount(owner);
      const order = { account, nonce: 0, firstSlot, steps: [bid(5, 9)] };
      const curve = await signCurve(keyOf(signer), market.domain, order);
      return { account, owner, curve, record: encodeRecord(curve) };
    };
    const cancelled = await orderOf(0);
    const keyed = await orderOf(1, 9);
    const leaving = await orderOf(2);
    const gate = firstSlot * 900 - Number(GATE_LEAD);
    await accounts.write.raiseNonce([cancelled.account], { account: cancelled.owner });
    await accounts.write.setSessionKey([keyed.account, keyOf(9).address, gate], { account: keyed.owner });
    await accounts.write.announceWithdrawal([leaving.account, 6n], { account: leaving.owner });
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    await large.write.open([firstSlot, 1, []]);
    const at = async () =>
      (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    await large.write.collectPosts([(await at()).state, 0, 0n, "0x"]);
    const { state } = await at();
    // Where nobody commits books, nothing signed gets in before the fallback.
    const early = await orderOf(5);
    const group = bookGroups([curveLeaf(early.curve)])[0];
    await refuses(large.write.collect([state, early.record, true]), "EnergyBookMismatch", [zeroHash, group]);
    await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
    await refuses(large.write.collect([state, cancelled.record, true]), "EnergyStaleNonce", [0]);
    await refuses(large.write.collect([state, keyed.record, true]), "EnergyBadSignature", [0]);
    await refuses(large.write.collect([state, leaving.record, true]), "EnergyUncovered", [leaving.account]);
    // Nor does anybody come twice, or after one with a higher number.
    const honest = await orderOf(3);
    const poor = await orderOf(4);
    await large.write.collect([state, honest.record, false]);
    const { state: next, lastAccount } = await at();
    expect(lastAccount).to.equal(honest.account);
    await refuses(large.write.collect([next, honest.record, true]), "EnergyIdOrder", [0]);
    await refuses(large.write.collect([next, leaving.record, true]), "EnergyIdOrder", [0]);
    await large.write.collect([next, poor.record, true]);
    expect(await market.balanceOf(ESCROW)).to.equal(90n);
  });

  it("opens, selects and abandons at the very seconds the book's times begin and end", async () => {
    const market = await deployMarket(viem, { operator: "board" });
    const firstSlot = await nextDay(market.client);
    const { large, exchange } = market;
    const curves: SignedCurve[] = [];
    for (const i of [0, 1]) {
      const account = await market.open(keyOf(i), 1_000n);
      const order = { account, nonce: 0, firstSlot, steps: [bid(5, 9)] };
      curves.push(await signCurve(keyOf(i), market.domain, order));
    }
    await market.board.write.commit([firstSlot, bookRoot(curves)]);
    const groups = bookGroups(curves.map(curveLeaf));
    const [, from, fallback, end] = await exchange.read.timesOf([firstSlot, 1n]);
    const gas = { gas: 5_000_000n };
    const at = async <T>(time: bigint, action: () => Promise<T>): Promise<T> => {
      await networkHelpers.time.setNextBlockTimestamp(time);
      return action();
    };
    const opening = (given: readonly Hex[], slots = 1) => large.write.open([firstSlot, slots, given], gas);
    await refuses(
      at(from - 1n, () => opening(groups)),
      "EnergyOutsideWindow",
      [from, end],
    );
    const before = await networkHelpers.takeSnapshot();
    await at(from, () => opening(groups));
    await before.restore();
    // The committed root binds its number of slots.
    const root = bookRoot(curves);
    await refuses(
      at(from + 900n, () => opening(groups, 2)),
      "EnergyBookMismatch",
      [root, `${root.slice(0, -2)}02`],
    );
    await refuses(
      at(fallback - 1n, () => opening([])),
      "EnergyBookMismatch",
    );
    await at(fallback, () => opening([]));
    await before.restore();
    await refuses(
      at(end, () => opening([])),
      "EnergyOutsideWindow",
      [from, end],
    );
    await before.restore();

    // Opened with the committed groups, then left: from the fallback on it takes what anybody selects.
    await at(from, () => opening(groups));
    const session = async () =>
      (await readLargeSession(market.client as never, addressesOf(market), firstSlot)) as LargeSession;
    await large.write.collectPosts([(await session()).state, 0, 0n, "0x"]);
    const { state } = await session();
    const select = () => large.write.collect([state, encodeRecord(curves[0] as SignedCurve), true], gas);
    await refuses(at(fallback - 1n, select), "EnergyBookMismatch");
    const open = await networkHelpers.takeSnapshot();
    await refuses(at(end, select), "EnergyOutsideWindow", [from, end]);
    await open.restore();
    await at(fallback, select);
    const input = { firstSlot, count: 1, curves: curves.slice(0, 1) };
    const built = buildSettlement(input);
    const selected = await networkHelpers.takeSnapshot();
    await run(market, input, built, { limits: SMALL, fallback: true });
    expect(await exchange.read.bookOf([firstSlot])).to.deep.equal([2, built.commitment]);
    await selected.restore();
    const { state: collected } = await session();
    const abandon = () => large.write.abandon([collected], gas);
    await refuses(at(end - 1n, abandon), "EnergyOutsideWindow", [end, 2n ** 256n - 1n]);
    await at(end, abandon);
    expect((await session()).stage).to.equal("Voiding");
  });
});

/** Where the session's hash is stored: looked for, so that the test does not depend on the layout. */
async function storageOf(market: Market, firstSlot: number, wanted: Hex): Promise<bigint> {
  for (let base = 0; base < 12; base++) {
    const key = keccak256(`0x${firstSlot.toString(16).padStart(64, "0")}${base.toString(16).padStart(64, "0")}`);
    if ((await market.client.getStorageAt({ address: market.large.address, slot: key })) === wanted) return BigInt(key);
  }
  throw new Error("not found");
}
