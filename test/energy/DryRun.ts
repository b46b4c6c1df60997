import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, type Hex } from "viem";
import {
  bookRoot,
  buildSettlement,
  chainView,
  dryRunSettlement,
  encodeRecord,
  encodeStep,
  type PostedOrder,
  replayBook,
  type SettleCall,
  type SignedCurve,
  signCurve,
} from "../../packages/sdk/src/energy/index.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/index.ts";
import { deployMarket, keyOf, nextDay, settleTime } from "../../scripts/lib/energy-market.ts";
import { batchOf, bid, offer, traceless } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();

async function sealed() {
  const market = await deployMarket(viem, { operator: "board" });
  const firstSlot = await nextDay(market.client);
  const ids: number[] = [];
  for (const [i, balance] of [1_000n, 1_000n, 20n, 1_000n].entries()) ids.push(await market.open(keyOf(i), balance));
  const stray = await market.open(keyOf(9), 1_000n, 7);
  const sign = (index: number, account: number, step: ReturnType<typeof bid>, nonce = 0) =>
    signCurve(keyOf(index), market.domain, { account, nonce, firstSlot, steps: [step] });
  const [a, b, c, d] = ids as [number, number, number, number];
  const curves = [await sign(0, a, bid(5, 9)), await sign(1, b, offer(7, 4)), await sign(2, c, bid(5, 5))];
  const book = [curves[0], curves[1], { ...(curves[2] as SignedCurve), absent: true }] as SignedCurve[];
  const posted: PostedOrder[] = [{ slot: firstSlot, account: d, ...bid(1, 6) }];
  const poster = keyOf(3).address;
  await networkHelpers.setBalance(poster, 10n ** 18n);
  await networkHelpers.impersonateAccount(poster);
  const step = Number(BigInt(encodeStep(bid(1, 6))));
  await market.accounts.write.post([firstSlot, d, step], { account: poster });
  await market.board.write.commit([firstSlot, bookRoot(book)]);
  await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
  const built = buildSettlement({ firstSlot, count: 1, curves: book, posted });
  const addresses = { accounts: market.accounts.address, exchange: market.exchange.address };
  return { ...market, firstSlot, ids, stray, sign, curves, book, built, addresses };
}

type Sealed = Awaited<ReturnType<typeof sealed>>;

async function codeOf(action: () => Promise<unknown>): Promise<[string, string[]]> {
  try {
    await action();
  } catch (error) {
    const { code, values } = decodeRevert(error);
    return [code, values.map(String)];
  }
  return ["accepted", []];
}

/** Demands that the dry run and the exchange give the same answer, which is `code`. */
async function agree(f: Sealed, call: SettleCall, code: string): Promise<void> {
  const view = await chainView(f.client as never, f.addresses);
  const onChain = await codeOf(() =>
    f.exchange.simulate.settle([call.firstSlot, call.prices, call.orders, call.posted]),
  );
  expect(onChain[0]).to.equal(code);
  expect(await codeOf(() => dryRunSettlement(view, call))).to.deep.equal(onChain);
}

describe("the SDK's dry run", () => {
  it("names, before anything is sent, the error and the values the exchange would revert with", async () => {
    const f = await networkHelpers.loadFixture(sealed);
    const { firstSlot, built, ids, sign, stray } = f;
    const [a, b, c] = ids as [number, number, number];
    const [first, second, third] = f.curves as [SignedCurve, SignedCurve, SignedCurve];
    const orders = (...curves: SignedCurve[]): Hex =>
      `0x${curves.map((curve) => encodeRecord(curve).slice(2)).join("")}`;
    await agree(f, built, "accepted");
    await agree(f, { ...built, prices: "0x" }, "EnergyBadLength");
    await agree(f, { ...built, orders: `${built.orders}00` }, "EnergyBadLength");
    await agree(f, { ...built, firstSlot: firstSlot + 96 }, "EnergyOutsideWindow");
    await agree(f, { ...built, orders: orders(second, first) }, "EnergyIdOrder");
    await agree(f, { ...built, orders: orders({ ...first, steps: [bid(6, 9)] }, second) }, "EnergyBadSignature");
    await agree(f, { ...built, orders: orders(await sign(0, a, bid(5, 9), 3), second) }, "EnergyStaleNonce");
    await agree(f, { ...built, orders: orders(first, await sign(9, stray, bid(5, 9))) }, "EnergyUnknownZone");
    await agree(f, { ...built, orders: orders(first, second, third) }, "EnergyUncovered");
    await agree(f, { ...built, orders: orders(first, { ...second, absent: true }) }, "EnergyNotAbsent");
    await agree(f, { ...built, orders: orders(first, second) }, "EnergyBookMismatch");
    await agree(f, { ...built, orders: "0x" }, "EnergyBookMismatch");
    await agree(f, { ...built, posted: "0x" }, "EnergyPostsOmitted");
    await agree(f, { ...built, posted: `${built.posted}00` }, "EnergyBadLength");
    await agree(f, { ...built, posted: `${built.posted}${"00".repeat(11)}` }, "EnergyPostsOmitted");
    await agree(f, { ...built, prices: "0x00000005" }, "EnergyNotClearing");
    expect([b, c].length).to.equal(2);
  });

  it("agrees on the price rule and on books closed before", async () => {
    const f = await networkHelpers.loadFixture(sealed);
    const { firstSlot, built } = f;
    const view = await chainView(f.client as never, f.addresses);
    const predicted = await dryRunSettlement(view, built);
    expect(predicted.commitment).to.equal(built.commitment);
    expect(predicted.positions).to.deep.equal(built.positions);
    const hash = await f.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
    await agree(f, built, "EnergyAlreadyClosed");
    const { settlement, matches } = await replayBook(f.client as never, f.addresses, hash);
    expect(matches).to.equal(true);
    expect(settlement.positions).to.deep.equal(built.positions);
    expect(settlement.postedFills.map(({ fillWh }) => fillWh)).to.deep.equal([-1]);
  });

  it("replays what a wallet's contract settled, with a trace or from the transaction's input", async () => {
    const f = await networkHelpers.loadFixture(sealed);
    const { firstSlot, built, exchange } = f;
    const args = [firstSlot, built.prices, built.orders, built.posted] as const;
    const data = encodeFunctionData({ abi: exchange.abi, functionName: "settle", args });
    // To somebody who takes anything, what only looks like the call: of nobody's orders, and of no orders at all.
    const looks = ([`${built.orders}00`, "0x"] as const).map((orders) => ({
      to: keyOf(0).address,
      data: encodeFunctionData({
        ...{ abi: exchange.abi, functionName: "settle", args: [firstSlot, built.prices, orders, "0x"] },
      }),
    }));
    const hash = await f.admin.sendTransaction({ data: batchOf([...looks, { to: exchange.address, data }]) });
    for (const client of [f.client as never, traceless(f.client)]) {
      const { settlement, matches } = await replayBook(client, f.addresses, hash);
      expect(matches).to.equal(true);
      expect(settlement.positions).to.deep.equal(built.positions);
    }
  });

  it("explains every refusal with a remedy", async () => {
    const f = await networkHelpers.loadFixture(sealed);
    const view = await chainView(f.client as never, f.addresses);
    try {
      await dryRunSettlement(view, { ...f.built, posted: "0x" });
      expect.fail("should be refused");
    } catch (error) {
      const { message, remedy } = decodeRevert(error);
      expect(message).to.include(`slot = ${f.firstSlot}`);
      expect(remedy).to.include("every posted order must be included");
    }
  });
});
