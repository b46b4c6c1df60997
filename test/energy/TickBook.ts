import { expect } from "chai";
import { network } from "hardhat";
import { parseEventLogs } from "viem";
import {
  type BookOrder,
  bookOf,
  clearBook,
  fillsOf,
  OUTCOMES,
  SINGLE_ZONE,
} from "../../packages/sdk/src/energy/index.ts";
import { keyOf } from "../../scripts/lib/energy-market.ts";
import { randomOf } from "./books.ts";
import { refuses } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const BASE = -40;
const WIDTH = 3;
const LEVELS = 64;

/** A book whose price lies at `share` of its interval, of 10,000. */
async function opened(share: bigint) {
  const [admin, ...others] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (admin === undefined) throw new Error("no account");
  const token = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const settings = [BigInt(LEVELS), BigInt(BASE), BigInt(WIDTH), 300n, share, 1n] as const;
  const book = await viem.deployContract("TickBook", [token.address, ...settings]);
  await token.write.mint([admin.account.address, 10n ** 15n]);
  await token.write.approve([book.address, 10n ** 15n]);
  const { timestamp } = await client.getBlock();
  const slot = Math.floor(Number(timestamp) / 900) + 8;
  const join = async (balance: bigint): Promise<number> => {
    await book.write.register();
    const account = await book.read.accountCount();
    if (balance > 0n) await book.write.deposit([account, balance]);
    return account;
  };
  const balanceOf = async (account: number) => (await book.read.accountOf([account])).balanceMicro;
  return { admin, others, client, token, book, slot, join, balanceOf };
}

const open = () => opened(5_000n);
const atTheTop = () => opened(10_000n);
const atTheBottom = () => opened(0n);

const tickOf = (level: number): number => BASE + WIDTH * level;
const place = (slot: number, side: "bid" | "offer", level: number, energyWh: number) => ({
  slot,
  isOffer: side === "offer",
  level,
  energyWh,
});

describe("TickBook", () => {
  it("I1–I8: clears random slots as the reference does and pays everybody to the unit, in any order of claims", async function () {
    this.timeout(900_000);
    const f = await networkHelpers.loadFixture(open);
    const { book, balanceOf } = f;
    const random = randomOf(3);
    const accounts: number[] = [];
    for (let i = 0; i < 12; i++) accounts.push(await f.join(10n ** 9n));
    const total = async () => (await Promise.all(accounts.map(balanceOf))).reduce((a, b) => a + b, 0n);
    const before = await total();
    const seen = new Set<string>();
    for (let round = 0; round < 40; round++) {
      const { timestamp } = await f.client.getBlock();
      const slot = Math.floor(Number(timestamp) / 900) + 3;
      const spread = [2, 8, 60][random(3)] as number;
      const orders: BookOrder[] = [];
      const owners: number[] = [];
      for (const account of accounts) {
        if (random(5) === 0) continue;
        const side = random(2) === 0 ? "bid" : "offer";
        const level = random(spread);
        const energyWh = 1 + random(random(2) === 0 ? 4 : 5_000);
        await book.write.place([account, [place(slot, side, level, energyWh)]]);
        orders.push({ side, tick: tickOf(level), energyWh });
        owners.push(account);
      }
      await networkHelpers.time.increaseTo(slot * 900 - 300);
      const reference = clearBook(bookOf(orders));
      const fills = fillsOf(bookOf(orders), reference);
      const hash = await book.write.clear([slot]);
      const { logs } = await f.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: book.abi, logs, eventName: "TickSlotCleared" });
      const zone = reference.zones[0];
      expect(event?.args).to.deep.equal({
        slot,
        tick: zone?.outcome === "NoTrade" ? 0 : zone?.tick,
        volumeWh: BigInt(reference.volumeWh),
        outcome: OUTCOMES.indexOf(zone?.outcome ?? "NoTrade"),
      });
      seen.add(zone?.outcome ?? "");
      for (const i of [...owners.keys()].reverse()) {
        const order = orders[i] as BookOrder;
        const account = owners[i] as number;
        const former = await balanceOf(account);
        await book.write.claim([slot, account]);
        const limit = order.side === "bid" ? order.tick : -order.tick;
        const locked = BigInt(Math.max(limit, 0) * order.energyWh);
        const money = BigInt(fills[i] ?? 0) * BigInt(zone?.outcome === "NoTrade" ? 0 : (zone?.tick ?? 0));
        expect((await balanceOf(account)) - former).to.equal(locked + money);
      }
      expect(await total()).to.equal(before);
    }
    expect(await f.token.read.balanceOf([book.address])).to.equal(before);
    for (const outcome of ["NoTrade", "MarginalBuyer", "MarginalSeller", "Interval"])
      expect([...seen]).to.include(outcome);
  });

  it("E1: rations a level by the prefix each order found there", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const level = 15;
    const accounts: number[] = [];
    for (const energyWh of [10, 7, 3]) {
      const account = await f.join(1_000n);
      accounts.push(account);
      const hash = await book.write.place([account, [place(slot, "bid", level, energyWh)]]);
      const { logs } = await f.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: book.abi, logs, eventName: "OrderPlaced" });
      expect(event?.args.beforeWh).to.equal({ 10: 0, 7: 10, 3: 17 }[energyWh]);
    }
    expect(await book.read.levelOf([slot, false, level])).to.equal(20);
    const seller = await f.join(0n);
    await book.write.place([seller, [place(slot, "offer", level, 9)]]);
    await networkHelpers.time.increaseTo(slot * 900 - 300);
    await book.write.clear([slot]);
    const filled: bigint[] = [];
    for (const account of [...accounts, seller]) {
      const hash = await book.write.claim([slot, account]);
      const { logs } = await f.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: book.abi, logs, eventName: "OrderClaimed" });
      filled.push(event?.args.fillWh ?? 0n);
    }
    expect(filled).to.deep.equal([4n, 3n, 2n, 9n]);
    expect(await book.read.resultOf([slot])).to.deep.include({ cleared: true, tick: 5, level, boughtAtWh: 9 });
  });

  it("a price at the top of its interval may stand on an offer left over, which is then the marginal one", async () => {
    const f = await networkHelpers.loadFixture(atTheTop);
    const { book, slot } = f;
    const owners: number[] = [];
    const orders: BookOrder[] = [];
    for (const [side, level, energyWh] of [
      ["bid", 40, 10],
      ["offer", 5, 10],
      ["offer", 20, 4],
    ] as const) {
      const account = await f.join(10n ** 9n);
      await book.write.place([account, [place(slot, side, level, energyWh)]]);
      owners.push(account);
      orders.push({ side, tick: tickOf(level), energyWh });
    }
    const { zones, volumeWh } = clearBook(bookOf(orders), SINGLE_ZONE, 10_000);
    expect(zones[0]).to.include({ tick: tickOf(20), outcome: "MarginalSeller" });
    await networkHelpers.time.increaseTo(slot * 900 - 300);
    const hash = await book.write.clear([slot]);
    const { logs } = await f.client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: book.abi, logs, eventName: "TickSlotCleared" });
    const outcome = OUTCOMES.indexOf("MarginalSeller");
    expect(event?.args).to.deep.equal({ slot, tick: tickOf(20), volumeWh: BigInt(volumeWh), outcome });
    for (const account of owners) await book.write.claim([slot, account]);
    const paid = 10n * BigInt(tickOf(20));
    expect(await Promise.all(owners.map(f.balanceOf))).to.deep.equal([10n ** 9n - paid, 10n ** 9n + paid, 10n ** 9n]);
  });

  it("says of a slot what stood and what traded at the level that proves the price, the lowest that clears", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const cases: [orders: ["bid" | "offer", number, number][], expected: object][] = [
      [
        [
          ["bid", 20, 10],
          ["bid", 15, 7],
          ["offer", 12, 11],
        ],
        { outcome: 2, tick: tickOf(15), level: 15, boughtAtWh: 1, demandAtWh: 7, soldAtWh: 0, supplyAtWh: 0 },
      ],
      [
        [
          ["bid", 30, 8],
          ["offer", 9, 5],
          ["offer", 22, 6],
        ],
        { outcome: 3, tick: tickOf(22), level: 22, boughtAtWh: 0, demandAtWh: 0, soldAtWh: 3, supplyAtWh: 6 },
      ],
      [
        [
          ["bid", 41, 9],
          ["offer", 20, 9],
        ],
        { outcome: 4, tick: 51, level: 20, boughtAtWh: 0, demandAtWh: 0, soldAtWh: 9, supplyAtWh: 9 },
      ],
      [
        [
          ["bid", 17, 9],
          ["offer", 17, 9],
        ],
        { outcome: 1, tick: tickOf(17), level: 17, boughtAtWh: 9, demandAtWh: 9, soldAtWh: 9, supplyAtWh: 9 },
      ],
      [
        [
          ["bid", 3, 9],
          ["offer", 63, 9],
        ],
        { outcome: 0, tick: 0, level: 3, boughtAtWh: 0, demandAtWh: 9, soldAtWh: 0, supplyAtWh: 0 },
      ],
    ];
    const accounts = [await f.join(10n ** 9n), await f.join(10n ** 9n), await f.join(10n ** 9n)];
    for (const [t, [orders]] of cases.entries())
      for (const [i, [side, level, energyWh]] of orders.entries())
        await book.write.place([accounts[i] as number, [place(slot + t, side, level, energyWh)]]);
    await networkHelpers.time.increaseTo((slot + cases.length) * 900 - 300);
    for (const [t, [, expected]] of cases.entries()) {
      const blank = { outcome: 0, tick: 0, level: 0, boughtAtWh: 0, demandAtWh: 0, soldAtWh: 0, supplyAtWh: 0 };
      expect(await book.read.resultOf([slot + t])).to.deep.equal({ cleared: false, ...blank });
      await book.write.clear([slot + t]);
      expect(await book.read.resultOf([slot + t])).to.deep.equal({ cleared: true, ...expected });
    }
  });

  it("a price at the bottom of its interval is the balancing level's own", async () => {
    const f = await networkHelpers.loadFixture(atTheBottom);
    const { book, slot } = f;
    const accounts = [await f.join(10n ** 9n), await f.join(10n ** 9n)];
    await book.write.place([accounts[0] as number, [place(slot, "bid", 40, 10)]]);
    await book.write.place([accounts[1] as number, [place(slot, "offer", 0, 10)]]);
    await networkHelpers.time.increaseTo(slot * 900 - 300);
    await book.write.clear([slot]);
    const outcome = OUTCOMES.indexOf("Interval");
    expect(await book.read.resultOf([slot])).to.deep.include({ tick: BASE, level: 0, outcome });
  });

  it("takes and clears at the very seconds its windows begin and end, and names them", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book } = f;
    const slot = f.slot + 500;
    const closesAt = slot * 900 - 300;
    const opensAt = closesAt - 383 * 900;
    const accounts = [await f.join(10n ** 6n), await f.join(10n ** 6n), await f.join(10n ** 6n)];
    const wide = { gas: 1_000_000n };
    const placeAt = async (time: number, index: number) => {
      await networkHelpers.time.setNextBlockTimestamp(time);
      return book.write.place([accounts[index] as number, [place(slot, "bid", 20, 1)]], wide);
    };
    await refuses(placeAt(opensAt - 1, 0), "TickWindow", [slot, opensAt, closesAt]);
    await placeAt(opensAt, 0);
    await networkHelpers.time.setNextBlockTimestamp(closesAt - 2);
    await refuses(book.write.clear([slot], wide), "TickWindow", [slot, closesAt, 2n ** 256n - 1n]);
    await placeAt(closesAt - 1, 1);
    const snapshot = await networkHelpers.takeSnapshot();
    await refuses(placeAt(closesAt, 2), "TickWindow", [slot, opensAt, closesAt]);
    await snapshot.restore();
    await networkHelpers.time.setNextBlockTimestamp(closesAt);
    await book.write.clear([slot], wide);
  });

  it("stands on any levels within the ticks, keeps its terms, and takes no order below its least", async () => {
    const f = await networkHelpers.loadFixture(open);
    const deploy = (levels: bigint, base: bigint, width: bigint, share = 5_000n, minimum = 1n) =>
      viem.deployContract("TickBook", [f.token.address, levels, base, width, 300n, share, minimum]);
    const widest = await deploy(256n, -16_384n, 128n, 10_000n, 5n);
    const read = [widest.read.LEVELS(), widest.read.BASE_TICK(), widest.read.TICK_WIDTH(), widest.read.GATE_LEAD()];
    expect(await Promise.all(read)).to.deep.equal([256n, -16_384n, 128n, 300n]);
    expect([await widest.read.PRICE_SHARE(), await widest.read.MINIMUM_WH()]).to.deep.equal([10_000n, 5n]);
    await deploy(2n, -16_384n, 32_767n);
    await deploy(2n, 16_382n, 1n);
    await refuses(deploy(2n, -16_384n, 32_768n), "TickBadLevels");
    await refuses(deploy(256n, -16_384n, 129n), "TickBadLevels");
    // A width that would wrap round to the level below.
    await refuses(deploy(2n, 0n, 2n ** 256n - 1n), "TickBadLevels");

    await widest.write.register();
    await f.token.write.approve([widest.address, 10n ** 15n]);
    await widest.write.deposit([1, 10n ** 9n]);
    await refuses(widest.write.place([1, [place(f.slot, "bid", 255, 4)]]), "TickTooSmall", [4]);
    await widest.write.place([1, [place(f.slot, "bid", 255, 5)]]);
    const top = -16_384n + 255n * 128n;
    expect((await widest.read.accountOf([1])).balanceMicro).to.equal(10n ** 9n - 5n * top);
  });

  it("I9: everything placed comes back by a claim and a withdrawal, with nobody's help", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const account = await f.join(1_000n);
    await refuses(book.write.withdraw([account, 1_001n]), "EnergyUncovered", [account]);
    await book.write.place([account, [place(slot, "bid", 63, 6)]]);
    expect(await f.balanceOf(account)).to.equal(1_000n - 6n * 149n);
    await refuses(book.write.withdraw([account, 1_000n]), "EnergyUncovered", [account]);
    await refuses(book.write.claim([slot, account]), "TickNothingToClaim", [slot, account]);
    await networkHelpers.time.increaseTo(slot * 900 - 300);
    await book.write.clear([slot]);
    await book.write.claim([slot, account]);
    await refuses(book.write.claim([slot, account]), "TickNothingToClaim", [slot, account]);
    await refuses(book.write.claim([slot, 99]), "TickNothingToClaim", [slot, 99]);
    await refuses(book.write.withdraw([account, 1_000n], { account: f.others[0]?.account as never }), "EnergyNotOwner");
    const held = await f.token.read.balanceOf([f.admin.account.address]);
    await book.write.withdraw([account, 1_000n]);
    expect(await f.token.read.balanceOf([f.admin.account.address])).to.equal(held + 1_000n);
    await refuses(book.write.withdraw([account, 0n]), "EnergyZeroAmount");
  });

  it("I13: clearing costs the same however many orders stand at the levels", async () => {
    const { book, client, join, slot } = await networkHelpers.loadFixture(open);
    const spent: bigint[] = [];
    const accounts: number[] = [];
    for (const [round, times] of [1, 4, 12].entries()) {
      while (accounts.length < 20 * times) accounts.push(await join(10n ** 6n));
      for (const [i, account] of accounts.entries()) {
        const order = i % 20;
        const [side, level] = order % 2 === 0 ? (["bid", 63 - 3 * order] as const) : (["offer", 3 * order] as const);
        await book.write.place([account, [place(slot + round, side, level, 100 + order)]]);
      }
      await networkHelpers.time.increaseTo((slot + round) * 900 - 300);
      const { gasUsed } = await client.getTransactionReceipt({ hash: await book.write.clear([slot + round]) });
      spent.push(gasUsed);
    }
    const [few, some, many] = spent as [bigint, bigint, bigint];
    expect(some - few).to.be.lessThan(500n);
    expect(many - few).to.be.lessThan(500n);
  });

  it("takes orders until the gate, clears from the gate on, once", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const account = await f.join(10_000n);
    const other = await f.join(10_000n);
    const gate = slot * 900 - 300;
    await networkHelpers.time.increaseTo(gate - 2);
    await book.write.place([account, [place(slot, "bid", 20, 1)]]);
    await networkHelpers.time.setNextBlockTimestamp(gate);
    await networkHelpers.mine();
    await refuses(book.write.place([other, [place(slot, "bid", 20, 1)]]), "TickWindow");
    await refuses(book.write.clear([slot + 1]), "TickWindow");
    await book.write.clear([slot]);
    await refuses(book.write.clear([slot]), "TickAlreadyCleared", [slot]);
    await refuses(book.write.place([other, [place(slot + 400, "bid", 20, 1)]]), "TickWindow");
  });

  it("names every other broken rule", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const account = await f.join(10n ** 13n);
    await refuses(book.write.place([account, [place(slot, "bid", LEVELS, 1)]]), "TickUnknownLevel", [LEVELS]);
    await refuses(book.write.place([account, [place(slot, "bid", 1, 0)]]), "TickTooSmall", [0]);
    await book.write.place([account, [place(slot, "offer", 63, 2 ** 32 - 1)]]);
    await refuses(book.write.place([account, [place(slot, "bid", 20, 1)]]), "TickOrderExists", [slot, account]);
    const second = await f.join(1n);
    await refuses(book.write.place([second, [place(slot, "offer", 63, 1)]]), "TickLevelFull", [slot, 63]);
    await refuses(book.write.place([second, [place(slot, "bid", 63, 1)]]), "EnergyUncovered", [second]);
    const stranger = f.others[0]?.account as never;
    await refuses(book.write.place([second, []], { account: stranger }), "EnergyNotOwner");
    const deploy = (levels: bigint, base: bigint, width: bigint, share = 5_000n, minimum = 1n) =>
      viem.deployContract("TickBook", [f.token.address, levels, base, width, 300n, share, minimum]);
    await refuses(deploy(1n, 0n, 1n), "TickBadLevels");
    await refuses(deploy(257n, 0n, 1n), "TickBadLevels");
    await refuses(deploy(2n, -16_385n, 1n), "TickBadLevels");
    await refuses(deploy(2n, 16_383n, 1n), "TickBadLevels");
    await refuses(deploy(2n, 0n, 0n), "TickBadLevels");
    await refuses(deploy(2n, 0n, 1n, 10_001n), "TickBadLevels");
    await refuses(deploy(2n, 0n, 1n, 5_000n, 0n), "TickBadLevels");
  });

  it("reuses the ring only over cleared slots and claimed orders, and keeps results for late claims", async () => {
    const f = await networkHelpers.loadFixture(open);
    const { book, slot } = f;
    const early = await f.join(10_000n);
    const late = await f.join(10_000n);
    await book.write.place([early, [place(slot, "bid", 20, 5)]]);
    await networkHelpers.time.increaseTo((slot + 380) * 900);
    const reused = slot + 384;
    await refuses(book.write.place([late, [place(reused, "bid", 20, 5)]]), "TickUncleared", [slot]);
    await book.write.clear([slot]);
    await book.write.place([late, [place(reused, "bid", 20, 7)]]);
    expect(await book.read.levelOf([reused, false, 20])).to.equal(7);
    expect(await book.read.levelOf([slot, false, 20])).to.equal(0);
    await refuses(book.write.place([early, [place(reused, "bid", 20, 5)]]), "TickUnclaimed", [slot, early]);
    await book.write.claim([slot, early]);
    expect(await f.balanceOf(early)).to.equal(10_000n);
    await book.write.place([early, [place(reused, "bid", 20, 5)]]);
    expect(await book.read.levelOf([reused, false, 20])).to.equal(12);
    // The slot before has a result still, but no order of his any more.
    await refuses(book.write.claim([slot, early]), "TickNothingToClaim", [slot, early]);
  });

  it("places a whole day at once", async () => {
    const f = await networkHelpers.loadFixture(open);
    const account = await f.join(10n ** 9n);
    const day = Array.from({ length: 96 }, (_, t) => place(f.slot + t, t % 2 ? "bid" : "offer", t % LEVELS, 10));
    await f.book.write.place([account, day]);
    expect(await f.book.read.levelOf([f.slot + 5, false, 5])).to.equal(10);
    expect(await f.book.read.levelOf([f.slot + 6, true, 6])).to.equal(10);
    expect(keyOf(0).address).to.not.equal(f.admin.account.address);
  });
});
