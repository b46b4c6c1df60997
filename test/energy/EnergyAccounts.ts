import { expect } from "chai";
import { network } from "hardhat";
import { type Hex, parseEventLogs } from "viem";
import { encodeStep, type Step } from "../../packages/sdk/src/energy/index.ts";
import { deployMarket, GATE_LEAD, keyOf, nextDay, WITHDRAWAL_DELAY } from "../../scripts/lib/energy-market.ts";
import { bid, offer, refuses } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const market = () => deployMarket(viem);

async function act(index: number): Promise<{ account: Hex }> {
  const { address } = keyOf(index);
  await networkHelpers.setBalance(address, 10n ** 18n);
  await networkHelpers.impersonateAccount(address);
  return { account: address };
}

describe("EnergyAccounts", () => {
  it("opens numbered accounts at a point of the grid; only the registrar does", async () => {
    const { accounts, client, stranger } = await networkHelpers.loadFixture(market);
    const { address } = keyOf(0);
    const hash = await accounts.write.register([address, 2, 0xff]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: accounts.abi, logs, eventName: "AccountRegistered" });
    expect(event?.args).to.deep.equal({ account: 4, owner: address, zone: 2, flags: 1 });
    expect(await accounts.read.accountOf([4])).to.deep.equal({
      owner: address,
      balanceMicro: 0n,
      nonce: 0,
      zone: 2,
      flags: 1,
    });
    await refuses(accounts.write.register([address, 0, 0], { account: stranger.account }), "AccessManagedUnauthorized");
    await refuses(accounts.write.register([`0x${"00".repeat(20)}`, 0, 0]), "EnergyZeroOwner");
  });

  it("credits what it received, and refuses nothing, strangers' numbers and more than 64 bits", async () => {
    const { accounts, admin, client, open, balanceOf, token } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 0n);
    const hash = await accounts.write.deposit([account, 7n]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: accounts.abi, logs, eventName: "Deposited" });
    expect(event?.args.amountMicro).to.equal(7n);
    expect(await balanceOf(account)).to.equal(7n);
    await refuses(accounts.write.deposit([99, 7n]), "EnergyUnknownAccount", [99]);
    await refuses(accounts.write.deposit([account, 0n]), "EnergyZeroAmount");
    await token.write.mint([admin.account.address, 2n ** 65n]);
    await refuses(accounts.write.deposit([account, 2n ** 64n - 7n]), "EnergyBalanceOverflow", [account]);
    await accounts.write.deposit([account, 2n ** 64n - 8n]);
    expect(await balanceOf(account)).to.equal(2n ** 64n - 1n);
  });

  it("credits a fee-taking token with what arrived, not with what was sent", async () => {
    const { manager, admin } = await networkHelpers.loadFixture(market);
    const token = await viem.deployContract("FeeToken");
    const accounts = await viem.deployContract("EnergyAccounts", [token.address, manager.address, 300n, 0n, 1n]);
    await refuses(accounts.write.deposit([1, 1n]), "EnergyConnection", [false]);
    await accounts.write.connect([admin.account.address, admin.account.address, admin.account.address]);
    await accounts.write.register([admin.account.address, 0, 0]);
    await token.write.mint([admin.account.address, 1_000n]);
    await token.write.approve([accounts.address, 1_000n]);
    await accounts.write.deposit([1, 1_000n]);
    expect((await accounts.read.accountOf([1])).balanceMicro).to.equal(990n);
  });

  it("lets a reentrant token neither deposit nor withdraw twice", async () => {
    const { manager, admin } = await networkHelpers.loadFixture(market);
    const token = await viem.deployContract("ReentrantToken");
    const accounts = await viem.deployContract("EnergyAccounts", [token.address, manager.address, 300n, 0n, 1n]);
    await accounts.write.connect([admin.account.address, admin.account.address, admin.account.address]);
    await accounts.write.register([admin.account.address, 0, 0]);
    await token.write.mint([admin.account.address, 100n]);
    await token.write.approve([accounts.address, 100n]);
    const { encodeFunctionData } = await import("viem");
    const again = encodeFunctionData({ abi: accounts.abi, functionName: "withdraw", args: [1] });
    await token.write.arm([accounts.address, again]);
    await accounts.write.deposit([1, 100n]);
    expect(await token.read.lastSucceeded()).to.equal(false);
    await accounts.write.announceWithdrawal([1, 40n]);
    await accounts.write.withdraw([1]);
    expect(await token.read.lastSucceeded()).to.equal(false);
    expect((await accounts.read.accountOf([1])).balanceMicro).to.equal(60n);
  });

  it("fixes the three markets once; each of them moves money, and nobody else", async () => {
    const { accounts, admin, exchange, large, balancing, manager, token, client, stranger } =
      await networkHelpers.loadFixture(market);
    await refuses(
      accounts.write.connect([admin.account.address, admin.account.address, admin.account.address]),
      "EnergyConnection",
      [true],
    );
    await refuses(accounts.write.move([[], 1, false]), "EnergyNotMarket", [admin.account.address]);
    for (const { address } of [exchange, large, balancing]) {
      await networkHelpers.setBalance(address, 10n ** 18n);
      await networkHelpers.impersonateAccount(address);
      await accounts.write.move([[], 1, false], { account: address });
    }
    const other = await viem.deployContract("EnergyAccounts", [token.address, manager.address, 300n, 0n, 1n]);
    const hash = await other.write.connect([exchange.address, exchange.address, balancing.address]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: other.abi, logs, eventName: "MarketsConnected" });
    expect(event?.args.exchange.toLowerCase()).to.equal(exchange.address);
    await refuses(
      other.write.connect([exchange.address, exchange.address, balancing.address], { account: stranger.account }),
      "AccessManagedUnauthorized",
    );
  });

  it("I1: a market's movements sum to zero; a trade may not draw on the residual account", async () => {
    const { manager, admin, client, token } = await networkHelpers.loadFixture(market);
    const accounts = await viem.deployContract("EnergyAccounts", [token.address, manager.address, 300n, 0n, 1n]);
    await accounts.write.connect([admin.account.address, admin.account.address, admin.account.address]);
    for (let i = 0; i < 3; i++) await accounts.write.register([admin.account.address, 0, 0]);
    await token.write.approve([accounts.address, 10n ** 9n]);
    for (const account of [1, 2, 3]) await accounts.write.deposit([account, 100n]);
    const entry = (account: number, change: bigint) => (BigInt(account) << 224n) | BigInt.asUintN(224, change);
    const balances = async () =>
      Promise.all([1, 2, 3].map(async (account) => (await accounts.read.accountOf([account])).balanceMicro));
    await accounts.write.move([[entry(1, -60n), entry(2, 50n)], 3, false]);
    expect(await balances()).to.deep.equal([40n, 150n, 110n]);
    await refuses(accounts.write.move([[entry(1, -1n), entry(2, 2n)], 3, false]), "EnergyUnbalanced", [-1]);
    await refuses(accounts.write.move([[entry(1, -41n)], 3, false]), "EnergyUncovered", [1]);
    await refuses(accounts.write.move([[entry(9, 1n)], 3, true]), "EnergyUnknownAccount", [9]);
    // Deviations stop at an empty account; the residual account bears the rest.
    const hash = await accounts.write.move([[entry(1, -70n), entry(2, 50n)], 3, true]);
    expect(await balances()).to.deep.equal([0n, 200n, 100n]);
    const { logs } = await client.getTransactionReceipt({ hash });
    const borne = parseEventLogs({ abi: accounts.abi, logs, eventName: "ShortfallBorne" });
    expect(borne.map(({ args }) => args)).to.deep.equal([{ account: 1, amountMicro: 30n }]);
    await refuses(accounts.write.move([[entry(2, 101n)], 3, true]), "EnergyUncovered", [3]);
    // Account 0 holds what is collected in between; only a market reaches it.
    await accounts.write.move([[entry(2, -30n)], 0, false]);
    await accounts.write.move([[entry(1, 10n)], 0, false]);
    expect(await balances()).to.deep.equal([10n, 170n, 100n]);
    expect((await accounts.read.accountOf([0])).balanceMicro).to.equal(20n);
    await refuses(accounts.write.move([[entry(1, 21n)], 0, false]), "EnergyUncovered", [0]);
    await refuses(accounts.write.deposit([0, 1n]), "EnergyUnknownAccount", [0]);
    await refuses(accounts.write.announceWithdrawal([0, 1n]), "EnergyNotOwner");
    await refuses(accounts.write.move([[entry(1, (1n << 64n) - 10n)], 0, false]), "EnergyBalanceOverflow", [1]);
  });

  it("I9: pays an announced withdrawal after its delay, to the owner, without anybody's leave", async () => {
    const { accounts, client, open, token, stranger } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 100n);
    const owner = await act(0);
    await refuses(accounts.write.withdraw([account]), "EnergyWithdrawalNotPayable");
    await refuses(accounts.write.announceWithdrawal([account, 30n]), "EnergyNotOwner");
    await accounts.write.announceWithdrawal([account, 30n], owner);
    const announcedAt = (await client.getBlock()).timestamp;
    expect((await accounts.read.accountOf([account])).flags).to.equal(2);
    expect(await accounts.read.reservedMicro([account, announcedAt])).to.equal(0n);
    expect(await accounts.read.reservedMicro([account, announcedAt + 1n])).to.equal(30n);
    await networkHelpers.time.increaseTo(announcedAt + WITHDRAWAL_DELAY - 2n);
    await refuses(accounts.write.withdraw([account]), "EnergyWithdrawalNotPayable", [
      account,
      announcedAt + WITHDRAWAL_DELAY,
    ]);
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.increaseTo(announcedAt + WITHDRAWAL_DELAY + 7n * 86_400n - 1n);
    await refuses(accounts.write.withdraw([account]), "EnergyWithdrawalNotPayable");
    await snapshot.restore();
    await networkHelpers.time.increaseTo(announcedAt + WITHDRAWAL_DELAY - 1n);
    const hash = await accounts.write.withdraw([account], { account: stranger.account });
    const { logs } = await client.getTransactionReceipt({ hash });
    const [paid] = parseEventLogs({ abi: accounts.abi, logs, eventName: "Withdrawn" });
    expect(paid?.args).to.deep.equal({ account, owner: keyOf(0).address, amountMicro: 30n });
    expect(await token.read.balanceOf([keyOf(0).address])).to.equal(30n);
    expect((await accounts.read.accountOf([account])).flags).to.equal(0);
    await refuses(accounts.write.withdraw([account]), "EnergyWithdrawalNotPayable");
  });

  it("lets the owner cancel an announcement, and pays no more than there is", async () => {
    const { accounts, client, open } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 100n);
    const owner = await act(0);
    await accounts.write.announceWithdrawal([account, 30n], owner);
    const hash = await accounts.write.announceWithdrawal([account, 0n], owner);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: accounts.abi, logs, eventName: "WithdrawalAnnounced" });
    const announcedAt = (await client.getBlock()).timestamp;
    expect(event?.args).to.deep.equal({ account, amountMicro: 0n, payableAt: announcedAt + WITHDRAWAL_DELAY });
    expect((await accounts.read.accountOf([account])).flags).to.equal(0);
    await accounts.write.announceWithdrawal([account, 101n], owner);
    await networkHelpers.time.increase(WITHDRAWAL_DELAY);
    await refuses(accounts.write.withdraw([account]), "EnergyUncovered", [account]);
  });

  it("remembers when a nonce was retired, and ends at 65,535", async () => {
    const { accounts, client, open } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 0n);
    const owner = await act(0);
    await accounts.write.raiseNonce([account], owner);
    const at = (await client.getBlock()).timestamp;
    expect(await accounts.read.wasNonceValid([account, 0, at])).to.equal(true);
    expect(await accounts.read.wasNonceValid([account, 0, at + 1n])).to.equal(false);
    expect(await accounts.read.wasNonceValid([account, 1, at + 1n])).to.equal(true);
    expect(await accounts.read.wasNonceValid([account, 2, at])).to.equal(false);
    // Books that were closed by then know nothing of the next one, neither while it is current nor once it is retired.
    expect(await accounts.read.wasNonceValid([account, 1, at])).to.equal(false);
    await accounts.write.raiseNonce([account], owner);
    expect(await accounts.read.wasNonceValid([account, 1, at])).to.equal(false);
    expect(await accounts.read.wasNonceValid([account, 1, at + 1n])).to.equal(true);
    // Straight to the last nonce: the word of account n lies n behind the first.
    const slots = await Promise.all(
      Array.from({ length: 12 }, (_, base) =>
        client.getStorageAt({ address: accounts.address, slot: `0x${(base + account).toString(16)}` }),
      ),
    );
    const base = slots.findIndex((word) => word?.slice(2, 42) === keyOf(0).address.slice(2).toLowerCase());
    const word = BigInt(slots[base] ?? "0x0") | (0xffffn << 16n);
    await networkHelpers.setStorageAt(accounts.address, base + account, word);
    expect((await accounts.read.accountOf([account])).nonce).to.equal(65_535);
    await refuses(accounts.write.raiseNonce([account], owner), "EnergyNonceExhausted", [account]);
  });

  it("gives a session key one stretch of time, for books that close within it", async () => {
    const { accounts, client, open } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 0n);
    const owner = await act(0);
    const key = keyOf(7).address;
    const now = async () => Number((await client.getBlock()).timestamp);
    const setUntil = async (until: number): Promise<number> => {
      await accounts.write.setSessionKey([account, key, until], owner);
      return (await accounts.read.sessionKeyOf([account, key]))[1];
    };
    const serves = (gate: number) => accounts.read.wasSessionKey([account, key, BigInt(gate)]);
    expect(await setUntil(0)).to.equal(0);
    // One that was never given cannot be given for the past.
    await networkHelpers.time.setNextBlockTimestamp((await now()) + 10);
    const over = (await now()) + 10;
    await refuses(accounts.write.setSessionKey([account, key, over], owner), "EnergySessionKeyEnded", [
      account,
      key,
      over,
    ]);
    const far = (await now()) + 1_000;
    expect(await setUntil(far)).to.equal(far);
    const since = await now();
    // A book that closed at that very second was closed before.
    expect([await serves(since), await serves(since + 1)]).to.deep.equal([false, true]);
    expect([await serves(far - 1), await serves(far)]).to.deep.equal([true, false]);
    expect(await setUntil(far + 1_000)).to.equal(far + 1_000);
    expect(await setUntil(far + 500)).to.equal(far + 500);
    expect(await accounts.read.sessionKeyOf([account, key])).to.deep.equal([since, far + 500]);
    // Books whose gate has closed keep what it signed, also one that closes at this second: it ends after it.
    const ended = (await now()) + 10;
    await networkHelpers.time.setNextBlockTimestamp(ended - 1);
    expect(await setUntil(ended - 1)).to.equal(ended);
    expect([await serves(ended - 1), await serves(ended)]).to.deep.equal([true, false]);
    await networkHelpers.time.setNextBlockTimestamp(ended);
    await refuses(accounts.write.setSessionKey([account, key, ended + 1_000], owner), "EnergySessionKeyEnded", [
      account,
      key,
      ended,
    ]);
    await networkHelpers.time.increase(50);
    expect(await setUntil(0)).to.equal(ended);
    expect(await accounts.read.sessionKeyOf([account, key])).to.deep.equal([since, ended]);
    expect(await accounts.read.sessionKeyOf([account, keyOf(8).address])).to.deep.equal([0, 0]);
  });

  it("takes posts from exactly 36 hours before the slot closes until it closes, if the balance just covers them", async () => {
    const { accounts, client, open } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 45n);
    const owner = await act(0);
    const slot = (await nextDay(client)) + 960;
    const closesAt = slot * 900 - Number(GATE_LEAD);
    const step = (some: Step) => Number(BigInt(encodeStep(some)));
    const postAt = async (timestamp: number, some: Step): Promise<void> => {
      await networkHelpers.time.setNextBlockTimestamp(timestamp);
      await accounts.write.post([slot, account, step(some)], { ...owner, gas: 1_000_000n });
    };
    const earliest = closesAt - 36 * 3_600;
    await refuses(postAt(earliest - 1, bid(5, 9)), "EnergyPostWindow", [slot, earliest, closesAt]);
    await postAt(earliest, bid(5, 9));
    // An offer at a negative price pays for being taken: that, too, must be covered; other offers cost nothing.
    await refuses(postAt(earliest + 2, offer(46, -1)), "EnergyUncovered", [account]);
    await postAt(earliest + 3, offer(45, -1));
    await postAt(earliest + 4, offer(1_000_000, 9));
    await postAt(earliest + 5, bid(1_000_000, -9));
    await postAt(closesAt - 1, bid(5, 9));
    await refuses(postAt(closesAt, bid(5, 9)), "EnergyPostWindow", [slot, earliest, closesAt]);
  });

  it("finds the posted orders of any part of a day, and those of its slots only", async () => {
    const { accounts, client, open } = await networkHelpers.loadFixture(market);
    const account = await open(keyOf(0), 100n);
    const owner = await act(0);
    const day = await nextDay(client);
    await networkHelpers.time.increaseTo(day * 900 - 3_600);
    const posted = [40, 41, 95, 96].map((t) => day + t);
    for (const slot of posted) await accounts.write.post([slot, account, Number(BigInt(encodeStep(bid(5, 9))))], owner);
    const headsOf = async (first: number, count: number) => {
      const heads = await accounts.read.postHeads([day + first, BigInt(count)]);
      const each = Array.from({ length: count }, (_, t) => accounts.read.postsOf([day + first + t]));
      expect(heads).to.deep.equal(await Promise.all(each));
      return heads.flatMap((head, t) => (head === 0n ? [] : [first + t]));
    };
    expect(await headsOf(0, 96)).to.deep.equal([40, 41, 95]);
    expect(await headsOf(38, 3)).to.deep.equal([40]);
    expect(await headsOf(41, 54)).to.deep.equal([41]);
    expect(await headsOf(90, 6)).to.deep.equal([95]);
    expect(await headsOf(96, 1)).to.deep.equal([96]);
  });
});
