import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import { type Hash, type Hex, pad, toHex, zeroHash } from "viem";
import { publica as run } from "../../packages/cli/test/harness.ts";
import { slotDay } from "../../packages/cli/src/energy/market.ts";
import { bookRoot, DAY_SLOTS, encodeMeterValues, type SignedCurve } from "../../packages/sdk/src/energy/index.ts";
import { type Connection, connectLocal } from "../../scripts/lib/chain.ts";
import {
  BALANCE_PARTY,
  deployMarket,
  keyOf,
  type Market,
  METERED,
  meterKey,
  nextDay,
  settleTime,
} from "../../scripts/lib/energy-market.ts";
import { inspectedNames } from "../utils/inspected.ts";

const TARIFF = { longTick: 20, shortTick: 300, deadBandWh: 0, penaltyTicks: 0 };
const COMMANDS = ["account", "order", "post", "settle", "verify"];

describe("publica energy, end to end", () => {
  let server: JsonRpcServer;
  let connection: Connection;
  let market: Market;
  let folder: string;
  let url: string;
  let common: string[];
  let firstSlot: number;
  let day: string;
  let firstDay: string;
  let travel: (timestamp: number) => Promise<void>;
  let seller: number;
  let buyer: number;
  let neighbour: number;

  const env = Object.fromEntries([0, 1, 2, 3].map((i) => [`HOME_${i}`, pad(toHex(i + 1), { size: 32 })]));
  const home = (index: number): string[] => ["--key-env", `HOME_${index}`];
  const publica = (args: readonly string[]) => run(["energy", ...args, ...common], { cwd: folder, env });

  async function json<T>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await publica([...args, "--json"]);
    expect(code, stdout + stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  async function refused(args: readonly string[], says: RegExp): Promise<void> {
    const { code, stdout, stderr } = await publica(args);
    expect(stderr).to.match(says);
    expect(code).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr.trim().split("\n"), stderr).to.have.length(2);
  }

  const curve = (name: string, lines: readonly string[]): string[] => {
    writeFileSync(join(folder, name), lines.join("\n"));
    return ["--day", day, "--curve", name];
  };
  const signed = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8")) as SignedCurve;

  before(async () => {
    server = await hre.network.createServer("default", "127.0.0.1");
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    connection = await connectLocal(url);
    const { viem } = connection;
    market = await deployMarket(viem, { operator: "board" });
    const test = await viem.getTestClient();
    travel = async (timestamp) => {
      await test.setNextBlockTimestamp({ timestamp: BigInt(timestamp) });
      await test.mine({ blocks: 1 });
    };
    for (let i = 0; i < 4; i++) await test.setBalance({ address: keyOf(i).address, value: 10n ** 18n });
    seller = await market.open(keyOf(0), 1_000_000n, 0, METERED);
    buyer = await market.open(keyOf(1), 5_000_000n, 0, METERED);
    neighbour = await market.open(keyOf(2), 5_000_000n, 0, METERED);
    for (const [i, account] of [seller, buyer, neighbour].entries()) {
      const { x, y } = meterKey(i);
      await market.meters.write.register([account, { curve: 1, class: 0, capWh: 10 ** 6, x, y }]);
    }
    await market.accounts.write.deposit([BALANCE_PARTY, 5_000_000n]);
    folder = mkdtempSync(join(tmpdir(), "publica-energy-e2e-"));
    mkdirSync(join(folder, "orders"));
    const contracts = Object.fromEntries(
      Object.entries({
        EnergyAccounts: market.accounts,
        EnergyExchange: market.exchange,
        LargeBooks: market.large,
        EnergyBalancing: market.balancing,
        MeterRegistry: market.meters,
      }).map(([name, { address }]) => [name, { address, codeHash: zeroHash, block: 0 }]),
    );
    writeFileSync(
      join(folder, "addresses.json"),
      JSON.stringify({ chainId: market.chainId, network: "localhost", contracts }),
    );
    common = ["--rpc", url, "--deployment", "addresses.json"];
    firstSlot = await nextDay(market.client);
    day = slotDay(firstSlot);
    firstDay = day;
    // Announced 36 hours ahead: in force after the first book.
    const announced = Math.floor(Number((await market.client.getBlock()).timestamp) / 900) + 150;
    await market.balancing.write.setTariff([{ fromSlot: Math.max(announced, firstSlot + DAY_SLOTS), ...TARIFF }]);
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("explains every command with an example", async () => {
    for (const command of COMMANDS) {
      const { code, stdout } = await run(["energy", command, "--help"]);
      expect(code).to.equal(0);
      expect(stdout).to.match(new RegExp(`Example: publica energy ${command} `));
    }
  });

  it("account: shows it, pays in, announces and pays out, one change at a time", async () => {
    await refused(["account", "--account", "99"], /there is no account 99\n→ Ask the market's registrar/);
    expect((await publica(["account", "--account", String(seller)])).stdout).to.match(/balance +1 EEUR/);
    const mine = ["account", "--account", String(seller)];
    await refused([...mine, "--deposit", "1", ...home(0)], /has 0 EEUR\n→ Deposit less/);
    await market.token.write.transfer([keyOf(0).address, 2_000_000n]);
    const dry = await publica([...mine, "--deposit", "2", ...home(0)]);
    expect(dry.stdout).to.match(/1\. approve 2 EEUR[\s\S]*2\. deposit 2 EEUR[\s\S]*Add --yes to send/);
    expect(await market.balanceOf(seller)).to.equal(1_000_000n);
    await json([...mine, "--deposit", "2", ...home(0), "--yes"]);
    expect(await market.balanceOf(seller)).to.equal(3_000_000n);
    await refused([...mine, "--withdraw", "1", ...home(1)], /belongs to 0x\w+, not to 0x/);
    await refused([...mine, "--withdraw", "4", ...home(0)], /the balance is 3 EEUR/);
    await refused([...mine, "--payout", ...home(0)], /EnergyWithdrawalNotPayable/);
    const { code, stderr } = await publica([...mine, "--withdraw", "1", "--cancel-orders", ...home(0)]);
    expect(stderr).to.contain("one change at a time");
    expect(code).to.equal(2);
    await json([...mine, "--withdraw", "1", ...home(0), "--yes"]);
    expect((await publica(mine)).stdout).to.match(/withdrawing +1 EEUR/);
    await json([...mine, "--cancel-withdrawal", ...home(0), "--yes"]);
    expect((await publica(mine)).stdout).to.not.contain("withdrawing");
  });

  it("order: shows what a day can cost, signs with --yes, as the owner or by a session key", async () => {
    const sells = curve("sells.csv", ["12:00,offer,0.10,2", "12:15,offer,0.12,1"]);
    const order = ["order", "--account", String(seller), ...sells];
    const dry = await publica(order);
    expect(dry.stdout).to.match(/steps +2 of 96[\s\S]*costs at most +0 EEUR[\s\S]*Not signed\. Name the account's key/);
    await refused([...order, ...home(1), "--yes"], /may not sign for account/);
    const file = ["--out", "orders/seller.json"];
    expect((await publica([...order, ...home(0), ...file, "--yes"])).stdout).to.match(/signed +orders\/seller\.json/);
    await refused([...order, ...home(0), ...file, "--yes"], /exists already/);
    expect(signed("orders/seller.json").account).to.equal(seller);

    const dear = curve("dear.csv", ["12:00,bid,16,2"]);
    await refused(["order", "--account", String(buyer), ...dear], /the day can cost 32 EEUR, the account has 5 EEUR/);
    const buys = ["order", "--account", String(buyer), ...curve("buys.csv", ["12:00,bid,0.20,3"])];
    await refused([...buys, ...home(3), "--yes"], /may not sign for account/);
    const account = ["account", "--account", String(buyer), ...home(1)];
    await json([...account, "--session-key", keyOf(3).address, "--hours", "200", "--yes"]);
    await json([...buys, ...home(3), "--out", "orders/buyer.json", "--yes"]);
  });

  it("post: shows an order, posts it with --yes, for the owner only", async () => {
    await travel(firstSlot * 900 - 3_600);
    const step = ["--day", day, "--time", "12:15", "--side", "bid", "--price", "0.3", "--energy", "1.5"];
    const post = ["post", "--account", String(neighbour), ...step];
    expect((await publica([...post, ...home(2)])).stdout).to.match(
      /costs at most +0\.45 EEUR of 5 EEUR[\s\S]*1\. post bid 1\.500 kWh at 0\.300; .* would succeed now/,
    );
    expect(await market.accounts.read.postsOf([firstSlot + 49])).to.equal(0n);
    await refused([...post, ...home(1)], /belongs to/);
    await refused([...post, "--price", "12", ...home(2)], /EnergyUncovered/);
    await json([...post, ...home(2), "--yes"]);
    expect(await market.accounts.read.postsOf([firstSlot + 49])).to.not.equal(0n);
  });

  it("settle: refuses what the contract would, shows the clearing, then settles; verify replays it", async () => {
    const settle = ["settle", "--day", day, "--orders", "orders"];
    await refused([...settle, ...home(3)], /the book can be settled from/);
    await refused(["verify", "--day", day], /is closed\n→ publica energy settle/);
    const book = [signed("orders/seller.json"), signed("orders/buyer.json")].sort((a, b) => a.account - b.account);
    await market.board.write.commit([firstSlot, bookRoot(book)]);
    await travel(settleTime(firstSlot, DAY_SLOTS));
    // Somebody leaves the buyer out: the dry run says what the contract would say.
    await refused(["settle", "--day", day, "--orders", "orders/seller.json", ...home(3)], /EnergyBookMismatch/);
    await refused(["settle", "--day", day, "--orders", "nowhere", ...home(3)], /nowhere cannot be read/);
    const before = await market.balanceOf(buyer);
    expect((await publica([...settle, ...home(3)])).stdout).to.match(
      /orders +2 signed, 1 posted[\s\S]*absent +nobody[\s\S]*traded +3\.000 kWh[\s\S]*Add --yes to send/,
    );
    expect(await market.balanceOf(buyer)).to.equal(before);
    await json([...settle, ...home(3), "--yes"]);
    // 2 kWh at 12:00: the buyer is rationed, so he pays his own limit; 1 kWh at 12:15 goes to the posted order.
    expect(await market.balanceOf(buyer)).to.equal(before - 400_000n);
    expect(await market.balanceOf(seller)).to.equal(3_000_000n + 400_000n + 300_000n);
    await refused([...settle, ...home(3), "--yes"], /EnergyAlreadyClosed/);
    const text = (await publica(["verify", "--day", day])).stdout;
    expect(text).to.match(/outcome +settled from the committed book[\s\S]*replay +every fill agrees/);
    expect(text).to.match(/12:00 │ +0 │ +0\.200 │ 2\.000 │ MarginalBuyer/);
    const { matches, slots } = await json<{ matches: boolean; slots: { tick: number | null }[] }>([
      ...["verify", "--day", day],
    ]);
    expect(matches).to.equal(true);
    expect(slots.filter(({ tick }) => tick !== null)).to.have.length(2);
  });

  it("settle --parts: anybody carries a book on, call by call, until it is closed", async () => {
    firstSlot = (await nextDay(market.client)) + DAY_SLOTS;
    day = slotDay(firstSlot);
    mkdirSync(join(folder, "more"));
    const offers = curve("more.csv", ["08:00,offer,0.05,4"]);
    const bids = curve("most.csv", ["08:00,bid,0.09,1"]);
    await json(["order", "--account", String(seller), ...offers, ...home(0), "--out", "more/a.json", "--yes"]);
    await json(["order", "--account", String(buyer), ...bids, ...home(1), "--out", "more/b.json", "--yes"]);
    const book = [signed("more/a.json"), signed("more/b.json")].sort((a, b) => a.account - b.account);
    await market.board.write.commit([firstSlot, bookRoot(book)]);
    await travel(settleTime(firstSlot, DAY_SLOTS));
    const sold = await market.balanceOf(seller);
    const part = ["settle", "--day", day, "--orders", "more", "--parts", "--yes"];
    let calls = 0;
    for (; (await publica(["verify", "--day", day])).code !== 0; calls++) {
      expect(calls, "calls until the book is closed").to.be.lessThan(10);
      await json([...part, ...home(calls % 4)]);
    }
    expect(calls).to.be.greaterThan(2);
    expect(await market.balanceOf(seller)).to.equal(sold + 50_000n);
    await refused([...part, ...home(3)], /the book is closed\n→ publica energy verify/);
    expect((await publica(["verify", "--day", day])).stdout).to.match(/replay +every fill agrees/);
    await refused(["order", "--account", String(seller), "--day", day, "--curve", "more.csv"], /the gate of .* closed/);
    await json(["account", "--account", String(seller), "--cancel-orders", ...home(0), "--yes"]);
    expect((await publica(["account", "--account", String(seller)])).stdout).to.match(/nonce +1/);
  });

  it("settle --deviations: pays what meters measured, in one transaction or in parts with the same result", async () => {
    const deviations = ["settle", "--day", day, "--deviations", ...home(3)];
    await refused(["settle", "--day", firstDay, "--deviations", ...home(3)], /no tariff was in force for the book/);
    await refused(["settle", "--day", "2100-01-01", "--deviations", ...home(3)], /is closed\n→ publica energy settle/);
    await travel((firstSlot + DAY_SLOTS) * 900 + 3_600);
    await refused(deviations, new RegExp(`the meter of account ${seller} has not posted ${day}`));
    // At 08:00 the seller delivers 1.2 kWh for 1 kWh sold, the buyer takes 0.7 of it, the neighbour 0.1.
    const measured = [1_200, -700, -100];
    const date = firstSlot / DAY_SLOTS;
    for (const [i, account] of [seller, buyer, neighbour].entries()) {
      const valuesWh = Array.from({ length: DAY_SLOTS }, (_, t) => (t === 32 ? (measured[i] ?? 0) : 0));
      const domain = { chainId: market.chainId, registry: market.meters.address };
      const { a, b } = meterKey(i).sign(domain, { account, day: date, valuesWh });
      await market.meters.write.post([account, date, encodeMeterValues(valuesWh), a, b]);
    }
    const dry = await publica(deviations);
    expect(dry.stdout).to.match(
      /metered +3 accounts[\s\S]*silent +nobody[\s\S]*1\. pay the deviations of 3 accounts in one transaction {2}would succeed/,
    );
    const balances = () => Promise.all([seller, buyer, neighbour, BALANCE_PARTY].map((n) => market.balanceOf(n)));
    const before = await balances();
    const test = await connection.viem.getTestClient();
    const snapshot = await test.snapshot();
    const whole = await json<{ settledAccounts: number; transactions: object[] }>([...deviations, "--yes"]);
    expect(whole.settledAccounts).to.equal(3);
    expect(whole.transactions).to.have.length(1);
    const paid = await balances();
    // 0.5 kWh too much, 0.1 kWh too little: 100 Wh net at the slot's 50, 400 Wh earn the tariff's 20; nothing is lost.
    expect(paid[2]).to.equal((before[2] ?? 0n) - 100n * 50n);
    expect(paid.reduce((a, b) => a + b)).to.equal(before.reduce((a, b) => a + b));
    expect((await publica([...deviations, "--yes"])).stdout).to.match(/deviations +paid[\s\S]*Nothing to send/);

    await test.revert({ id: snapshot });
    const parts = [...deviations, "--parts"];
    expect((await publica(parts)).stdout).to.match(
      /1\. sum part 1 of 2 {2}would succeed[\s\S]*4\. pay part 2 of 2 {2}not tried/,
    );
    const again = await test.snapshot();
    const several = await json<{ settledAccounts: number; transactions: { hash: Hash }[] }>([...parts, "--yes"]);
    expect(several.settledAccounts).to.equal(3);
    expect(several.transactions).to.have.length(4);
    expect(await balances()).to.deep.equal(paid);
    expect((await publica([...parts, "--yes"])).stdout).to.contain("Nothing to send");

    // Somebody begins and stops: whoever comes next goes on from there, also after the sums were completed.
    const inputs: Hex[] = [];
    for (const { hash } of several.transactions) inputs.push((await market.client.getTransaction({ hash })).input);
    await test.revert({ id: again });
    const [anybody] = await connection.viem.getWalletClients();
    const send = (data: Hex | undefined) =>
      anybody?.sendTransaction({ to: market.balancing.address, data: data ?? "0x" });
    await send(inputs[0]);
    expect((await publica(parts)).stdout).to.match(/1\. sum part 2 of 2 {2}would succeed[\s\S]*3\. pay part 2 of 2/);
    await send(inputs[1]);
    await send(inputs[3]);
    expect((await publica(deviations)).stdout).to.match(/1\. pay part 1 of 2 {2}would succeed now\n\n/);
    await json([...deviations, "--yes"]);
    expect(await balances()).to.deep.equal(paid);
  });

  it("all that happened above is told by name by inspect tx", async () => {
    const names = await inspectedNames(url, join(folder, "addresses.json"));
    expect([...names]).to.include.members([
      "EnergyAccounts.post",
      "EnergyExchange.settle",
      "EnergyExchange.BookClosed",
      "LargeBooks.SessionMoved",
      "EnergyBalancing.DeviationsSummed",
    ]);
  });
});
