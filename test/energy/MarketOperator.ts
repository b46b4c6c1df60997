import { expect } from "chai";
import { network } from "hardhat";
import { type Hex, parseEventLogs } from "viem";
import {
  bookRoot,
  buildSettlement,
  type Curve,
  omissionProof,
  receiptOf,
  receiptTypedData,
  type SignedCurve,
  signCurve,
} from "../../packages/sdk/src/energy/index.ts";
import {
  CHALLENGE_SECONDS,
  deployMarket,
  GATE_LEAD,
  keyOf,
  nextDay,
  SLASH,
  settleTime,
} from "../../scripts/lib/energy-market.ts";
import { bid, offer, refuses } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();

async function bonded() {
  const market = await deployMarket(viem, { operator: "bonded" });
  const { operator, token, operatorWallet } = market;
  await token.write.approve([operator.address, 10n ** 12n]);
  await operator.write.depositBond([3n * SLASH]);
  const firstSlot = await nextDay(market.client);
  const asOperator = { account: operatorWallet.account };
  return { ...market, firstSlot, asOperator };
}

type Bonded = Awaited<ReturnType<typeof bonded>>;

/** A curve of account `account` for the book; unsigned, since a leaf does not depend on the signature. */
const curve = (firstSlot: number, account: number, tick = 5): Curve => ({
  account,
  nonce: 0,
  firstSlot,
  steps: [bid(5, tick)],
});

async function receipt(f: Bonded, of: Curve): Promise<Hex> {
  const typed = receiptTypedData(f.chainId, f.operator.address, receiptOf(of));
  return f.operatorWallet.signTypedData(typed);
}

async function prove(f: Bonded, missing: Curve, book: readonly Curve[], signature?: Hex, root = bookRoot(book)) {
  const { groups, index, leaves, nextLeaves } = omissionProof(receiptOf(missing), book, root);
  return f.operator.write.proveOmission([
    receiptOf(missing),
    signature ?? (await receipt(f, missing)),
    groups,
    index,
    leaves,
    nextLeaves,
  ]);
}

describe("MarketOperator", () => {
  it("I14: shows only the root before the gate; the exchange settles exactly that book", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator, asOperator, client } = f;
    const accounts = [await f.open(keyOf(0), 100n), await f.open(keyOf(1), 100n)] as const;
    const curves: SignedCurve[] = [];
    for (const [i, step] of [bid(5, 9), offer(5, 4)].entries()) {
      const mine = { account: accounts[i] ?? 0, nonce: 0, firstSlot, steps: [step] };
      curves.push(await signCurve(keyOf(i), f.domain, mine));
    }
    const root = bookRoot(curves);
    const hash = await operator.write.commitBook([firstSlot, root], asOperator);
    const receiptOfCommit = await client.getTransactionReceipt({ hash });
    const { logs } = receiptOfCommit;
    const [event] = parseEventLogs({ abi: operator.abi, logs, eventName: "BookCommitted" });
    expect(event?.args).to.deep.equal({ firstSlot, root });
    const { input } = await client.getTransaction({ hash });
    expect(input.length).to.equal(2 + 8 + 128);
    await refuses(operator.write.commitBook([firstSlot, root], asOperator), "OperatorRootTaken", [firstSlot]);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    const late = buildSettlement({ firstSlot, count: 1, curves: curves.slice(0, 1) });
    await refuses(f.exchange.write.settle([firstSlot, late.prices, late.orders, late.posted]), "EnergyBookMismatch");
    const built = buildSettlement({ firstSlot, count: 1, curves });
    await f.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
    expect(await f.balanceOf(accounts[1])).to.equal(130n);
  });

  it("commits before the gate only, the operator only, never zero", async () => {
    const { firstSlot, operator, asOperator, admin } = await networkHelpers.loadFixture(bonded);
    const root = `0x${"11".repeat(32)}` as const;
    const gate = firstSlot * 900 - Number(GATE_LEAD);
    await refuses(operator.write.commitBook([firstSlot, root]), "OperatorOnly", [admin.account.address]);
    await refuses(operator.write.commitBook([firstSlot, `0x${"00".repeat(32)}`], asOperator), "OperatorRootTaken");
    await networkHelpers.time.increaseTo(gate - 2);
    const snapshot = await networkHelpers.takeSnapshot();
    await operator.write.commitBook([firstSlot, root], asOperator);
    await snapshot.restore();
    await networkHelpers.time.increaseTo(gate - 1);
    await refuses(operator.write.commitBook([firstSlot, root], asOperator), "OperatorGateClosed", [firstSlot, gate]);
  });

  it("pays the owner of an order with a receipt that is not in the book, wherever it would stand", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator, asOperator } = f;
    const owners: number[] = [];
    for (let i = 0; i < 6; i++) owners.push(await f.open(keyOf(i), 0n));
    const [a, b, c, d, e, z] = owners as [number, number, number, number, number, number];
    for (const [missing, present] of [
      [curve(firstSlot, a), [b, c, d]],
      [curve(firstSlot, c), [a, b, d]],
      [curve(firstSlot, z), [a, b, e]],
    ] as const) {
      const snapshot = await networkHelpers.takeSnapshot();
      const book = present.map((account) => curve(firstSlot, account));
      await operator.write.commitBook([firstSlot, bookRoot(book)], asOperator);
      await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
      const hash = await prove(f, missing, book);
      const { logs } = await f.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: operator.abi, logs, eventName: "OmissionProven" });
      expect(event?.args.paidMicro).to.equal(SLASH);
      const owner = keyOf(owners.indexOf(missing.account)).address;
      expect(event?.args.owner).to.equal(owner);
      expect(await f.token.read.balanceOf([owner])).to.equal(SLASH);
      expect(await operator.read.bondMicro()).to.equal(2n * SLASH);
      await refuses(prove(f, missing, book), "OperatorAlreadyPaid", [firstSlot, missing.account]);
      await snapshot.restore();
    }
  });

  it("proves absence in and between groups of 128, and not for an order that is there", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator, asOperator } = f;
    // Accounts 2, 4, … 600: three groups; what is missing stands first, inside, between groups, last.
    const book = Array.from({ length: 300 }, (_, i) => curve(firstSlot, 2 * i + 2));
    await operator.write.commitBook([firstSlot, bookRoot(book)], asOperator);
    for (let i = 0; i < 602; i++) if (i >= 3) await f.accounts.write.register([f.admin.account.address, 0, 0]);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    for (const account of [1, 101, 257, 511, 601]) await prove(f, curve(firstSlot, account), book.slice());
    expect(await operator.read.bondMicro()).to.equal(0n);
    for (const account of [2, 256, 258, 600])
      await refuses(prove(f, curve(firstSlot, account), book), "OperatorNotOmitted", [account]);
    // Another curve of an account that is there, first or last of its group: the operator swapped it.
    for (const account of [256, 258]) await prove(f, curve(firstSlot, account, 6), book);
  });

  it("refuses proofs that hide the place, and books that do not hash to the root", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator, asOperator } = f;
    const book = Array.from({ length: 300 }, (_, i) => curve(firstSlot, 2 * i + 2));
    await operator.write.commitBook([firstSlot, bookRoot(book)], asOperator);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    const wanted = curve(firstSlot, 256);
    const { groups } = omissionProof(receiptOf(wanted), book, bookRoot(book));
    const show = (account: number) => omissionProof(receiptOf(curve(firstSlot, account)), book, bookRoot(book));
    const [first, second, last] = [show(3), show(259), show(600)];
    const signature = await receipt(f, wanted);
    const submit = (index: bigint, leaves: readonly Hex[], next: readonly Hex[], list = groups) =>
      operator.write.proveOmission([receiptOf(wanted), signature, list, index, leaves, next]);
    // Account 256 ends the first group: the second shows only what lies above it, the third likewise.
    await refuses(submit(1n, second.leaves, []), "OperatorNotOmitted", [256]);
    await refuses(submit(2n, last.leaves, []), "OperatorNotOmitted", [256]);
    await refuses(submit(0n, first.leaves, second.leaves), "OperatorNotOmitted", [256]);
    await refuses(submit(0n, first.leaves, [], groups.slice(1)), "OperatorWrongProof", [0]);
    await refuses(submit(0n, second.leaves, []), "OperatorWrongProof", [1]);
    await refuses(submit(3n, [], []), "OperatorWrongProof", [1]);
    await refuses(submit(0n, first.leaves, last.leaves), "OperatorWrongProof", [2]);
    await refuses(submit(2n, last.leaves, first.leaves), "OperatorWrongProof", [2]);
    // A group that ends below the account, without the next one, proves nothing.
    const above = curve(firstSlot, 257);
    const alone = operator.write.proveOmission([
      receiptOf(above),
      await receipt(f, above),
      groups,
      0n,
      first.leaves,
      [],
    ]);
    await refuses(alone, "OperatorNotOmitted", [257]);
    await refuses(() => omissionProof(receiptOf(wanted), book.slice(1), bookRoot(book)), "SdkInvalidInput");
  });

  it("pays for silence too, and not for forged receipts, cancelled orders or late challenges", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator } = f;
    const account = await f.open(keyOf(0), 0n);
    const missing = curve(firstSlot, account);
    const gate = BigInt(firstSlot) * 900n - GATE_LEAD;
    const silent = async (of: Curve, signature?: Hex) =>
      operator.write.proveOmission([receiptOf(of), signature ?? (await receipt(f, of)), [], 0n, [], []]);
    const at = (timestamp: bigint) => networkHelpers.time.setNextBlockTimestamp(timestamp);
    await at(gate - 1n);
    await refuses(silent(missing), "OperatorChallengeWindow", [gate, gate + CHALLENGE_SECONDS]);
    const open = await networkHelpers.takeSnapshot();
    for (const timestamp of [gate, gate + CHALLENGE_SECONDS - 1n]) {
      await at(timestamp);
      await silent(missing);
      await open.restore();
    }
    await networkHelpers.time.increaseTo(gate);
    const forged = await keyOf(0).signTypedData(receiptTypedData(f.chainId, operator.address, receiptOf(missing)));
    await refuses(silent(missing, forged), "OperatorBadReceipt");
    await refuses(silent({ ...missing, nonce: 1 }), "OperatorOrderCancelled", [account, 1]);
    await at(gate + CHALLENGE_SECONDS);
    await refuses(silent(missing), "OperatorChallengeWindow");
  });

  it("takes committing an unsorted book as proof enough", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { firstSlot, operator, asOperator } = f;
    const { bookGroups, curveLeaf, join } = await import("../../packages/sdk/src/energy/index.ts");
    const { keccak256 } = await import("viem");
    const account = await f.open(keyOf(0), 0n);
    const leaves = [3, 1].map((id) => curveLeaf(curve(firstSlot, id)));
    const groups = bookGroups(leaves);
    await operator.write.commitBook([firstSlot, keccak256(join(groups))], asOperator);
    await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
    const missing = curve(firstSlot, account);
    await operator.write.proveOmission([receiptOf(missing), await receipt(f, missing), groups, 0n, leaves, []]);
    expect(await operator.read.bondMicro()).to.equal(2n * SLASH);
  });

  it("gives bond back only when no challenge can come any more", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { operator, asOperator, admin, client, token, operatorWallet } = f;
    const before = await operator.read.bondMicro();
    const paid = await operator.write.depositBond([5n]);
    const deposits = parseEventLogs({
      abi: operator.abi,
      logs: (await client.getTransactionReceipt({ hash: paid })).logs,
      eventName: "BondDeposited",
    });
    expect(deposits[0]?.args.amountMicro).to.equal(5n);
    expect(await operator.read.bondMicro()).to.equal(before + 5n);
    await refuses(operator.write.announceBondWithdrawal([1n]), "OperatorOnly", [admin.account.address]);
    await refuses(operator.write.withdrawBond(asOperator), "OperatorBondLocked", [0]);
    const announced = await operator.write.announceBondWithdrawal([10n ** 12n], asOperator);
    const [event] = parseEventLogs({
      abi: operator.abi,
      logs: (await client.getTransactionReceipt({ hash: announced })).logs,
      eventName: "BondWithdrawalAnnounced",
    });
    const payableAt = (await client.getBlock()).timestamp + CHALLENGE_SECONDS + 129_600n;
    expect(event?.args).to.deep.equal({ amountMicro: 10n ** 12n, payableAt });
    await networkHelpers.time.increaseTo(payableAt - 2n);
    await refuses(operator.write.withdrawBond(asOperator), "OperatorBondLocked", [payableAt]);
    await networkHelpers.time.setNextBlockTimestamp(payableAt);
    const hash = await operator.write.withdrawBond(asOperator);
    const { logs } = await client.getTransactionReceipt({ hash });
    const [out] = parseEventLogs({ abi: operator.abi, logs, eventName: "BondWithdrawn" });
    expect(out?.args.amountMicro).to.equal(before + 5n);
    expect(await token.read.balanceOf([operatorWallet.account.address])).to.equal(before + 5n);
    await refuses(operator.write.withdrawBond(asOperator), "OperatorBondLocked");
  });

  it("gives back what was announced and keeps the rest; a bond too small for a slash pays what is left of it", async () => {
    const f = await networkHelpers.loadFixture(bonded);
    const { operator, asOperator, token, operatorWallet, client } = f;
    const account = await f.open(keyOf(0), 0n);
    await operator.write.announceBondWithdrawal([3n * SLASH - 7n], asOperator);
    await networkHelpers.time.increase(CHALLENGE_SECONDS + 129_600n);
    await operator.write.withdrawBond(asOperator);
    expect(await operator.read.bondMicro()).to.equal(7n);
    expect(await token.read.balanceOf([operatorWallet.account.address])).to.equal(3n * SLASH - 7n);
    const missing = curve(await nextDay(client), account);
    await networkHelpers.time.increaseTo(settleTime(missing.firstSlot, 1));
    await operator.write.proveOmission([receiptOf(missing), await receipt(f, missing), [], 0n, [], []]);
    expect(await token.read.balanceOf([keyOf(0).address])).to.equal(7n);
    expect(await operator.read.bondMicro()).to.equal(0n);
  });
});
