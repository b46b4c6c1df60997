import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { type Abi, createClient, custom, decodeFunctionData, type Hex, keccak256, pad } from "viem";
import { orderStepFunctions } from "../src/community/agreement.ts";
import * as abis from "../src/generated/abi.ts";
import * as energy from "../src/energy/index.ts";
import type { WriteClient } from "../src/foundation/client.ts";
import * as envelope from "../src/foundation/envelope/index.ts";
import * as insurance from "../src/insurance/index.ts";

/** Functions that change something and need no action of their own, and why. */
const ELSEWHERE: Record<string, string> = {
  "AccessManager.*": "OpenZeppelin's own; npm run roles, or a multisig's interface",
  "TestToken.*": "play money",
  "*.setAuthority": "the AccessManager's call",
  "*.approve": "ERC-20 and ERC-721: every wallet library",
  "*.transfer": "ERC-20",
  "*.transferFrom": "ERC-20 and ERC-721",
  "*.safeTransferFrom": "ERC-721",
  "*.setApprovalForAll": "ERC-721",
  "UnderwritingPool.mint": "ERC-4626: underwrite deposits",
  "UnderwritingPool.withdraw": "ERC-4626: requestWithdrawal and serveWithdrawals",
  "UnderwritingPool.redeem": "ERC-4626: requestWithdrawal and serveWithdrawals",
  "EstateVault.onERC721Received": "called by tokens",
  "EstateVault.onERC1155Received": "called by tokens",
  "EstateVault.onERC1155BatchReceived": "called by tokens",
  "EstateVault.multicall": "bundles the vault's other calls",
  "WillObituaries.announceObit": "for software that speaks ERC-7878; the registry decides",
  "WillObituaries.bequeath": "for software that speaks ERC-7878; finaliseWill and createVault",
  "WillObituaries.cancelObit": "for software that speaks ERC-7878; the registry decides",
  "TickBook.deposit": "depositToAccount: the same function of either kind of ledger",
  "EnergyAccounts.connect": "once, by the deployment",
  // One contract of the suite calls another, which refuses everybody else.
  "EnergyAccounts.move": "the markets' call",
  "EnergyExchange.closeBook": "LargeBooks' call",
  "EnergyExchange.proveSums": "LargeBooks' call",
  "EnergyExchange.takeSlots": "LargeBooks' call",
  "EquipmentRegister.submitRun": "WorkOrders' call; submitReadings for people",
  "PolicyBook.accept": "the registry's call",
  "PolicyBook.conclude": "the recourse's call",
  "PolicyBook.concludeWithoutData": "the recourse's call",
  "ReinsuranceTower.accept": "a pool's call",
  "ReinsuranceTower.cede": "a pool's call",
  "ReinsuranceTower.draw": "a pool's call",
  "ReinsuranceTower.release": "a pool's call",
  "ResidentForum.nominate": "WorkOrders' call",
  "ResidentForum.openDispute": "WorkOrders' call",
  "ResidentForum.openInspection": "WorkOrders' call",
  "ServiceContract.settle": "WorkOrders' call",
  "UnderwritingPool.accept": "the book's call",
  "UnderwritingPool.applyOutcome": "the book's call",
  "UnderwritingPool.draw": "the tower's call",
  "UnderwritingPool.release": "the book's call",
  "UnderwritingPool.write": "the book's call",
  "WillRegistry.heartbeatByVault": "a vault's call",
  "WillRegistry.settleByVault": "a vault's call",
};
/** The six steps of a repair are one action, `stepOrder`. */
for (const step of Object.values(orderStepFunctions)) ELSEWHERE[`WorkOrders.${step}`] = "stepOrder";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(SOURCES, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".ts") && !file.startsWith("generated"))
  .map((file) => readFileSync(join(SOURCES, file), "utf8"));

describe("the actions", () => {
  it("are there for every function of every contract by which people change something", () => {
    const missing: string[] = [];
    for (const [key, abi] of Object.entries(abis) as [string, Abi][]) {
      if (!abi.some(({ type }) => type === "constructor")) continue;
      const contract = key.charAt(0).toUpperCase() + key.slice(1, -"Abi".length);
      for (const item of abi) {
        if (item.type !== "function" || item.stateMutability === "view" || item.stateMutability === "pure") continue;
        const names = [`${contract}.${item.name}`, `${contract}.*`, `*.${item.name}`];
        if (names.some((name) => name in ELSEWHERE)) continue;
        if (!files.some((text) => text.includes(key) && text.includes(`"${item.name}"`))) missing.push(names[0] ?? "");
      }
    }
    expect(missing).to.deep.equal([]);
  });

  const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
  const CONTRACT = "0x00000000000000000000000000000000000000C0";
  const OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const HASH = pad("0x1234");
  const STEP = { side: "bid", tick: 250, energyWh: 1_500 } as const;
  const curve = { account: 4, nonce: 2, firstSlot: 960, steps: [STEP], r: HASH, vs: HASH };
  const settlement = energy.buildSettlement({ firstSlot: 960, count: 1, curves: [curve] });
  const person = { account: 4, zone: 0, metered: true, valuesWh: new Array<number>(96).fill(-5) };
  const parts = energy.deviationParts(settlement, [person], 1n);
  const day = { account: 4, day: 20_000, valuesWh: new Array<number>(96).fill(7) };
  const receipt = energy.receiptOf(curve);
  const proof = energy.omissionProof({ ...receipt, account: 9 }, [curve], energy.bookRoot([curve]));
  const meter = { curve: 1, class: 2, capWh: 3, x: HASH, y: pad("0x56") };
  const evidence = { observedAt: 9, value: -1n, r: HASH, vs: HASH };
  const contradiction = { key: { curve: 1 as const, x: HASH, y: HASH }, epoch: 3, first: evidence, second: evidence };

  /** What each action must send, to which function. */
  const cases: [name: string, send: (client: WriteClient) => Promise<Hex>, abi: Abi, call: string, args: unknown[]][] =
    [
      [
        "registerAccount",
        (c) => energy.registerAccount(c, { accounts: CONTRACT, owner: OTHER, zone: 2, metered: true }),
        abis.energyAccountsAbi,
        "register",
        [OTHER, 2, 1],
      ],
      [
        "depositToAccount",
        (c) => energy.depositToAccount(c, { accounts: CONTRACT, account: 4, amountMicro: 5n }),
        abis.energyAccountsAbi,
        "deposit",
        [4, 5n],
      ],
      [
        "announceWithdrawal",
        (c) => energy.announceWithdrawal(c, { accounts: CONTRACT, account: 4, amountMicro: 5n }),
        abis.energyAccountsAbi,
        "announceWithdrawal",
        [4, 5n],
      ],
      [
        "withdrawFromAccount",
        (c) => energy.withdrawFromAccount(c, { accounts: CONTRACT, account: 4 }),
        abis.energyAccountsAbi,
        "withdraw",
        [4],
      ],
      [
        "cancelSignedOrders",
        (c) => energy.cancelSignedOrders(c, { accounts: CONTRACT, account: 4 }),
        abis.energyAccountsAbi,
        "raiseNonce",
        [4],
      ],
      [
        "setSessionKey",
        (c) => energy.setSessionKey(c, { accounts: CONTRACT, account: 4, key: OTHER, until: 99 }),
        abis.energyAccountsAbi,
        "setSessionKey",
        [4, OTHER, 99],
      ],
      [
        "postOrder",
        (c) => energy.postOrder(c, { accounts: CONTRACT, account: 4, slot: 960, step: STEP }),
        abis.energyAccountsAbi,
        "post",
        [960, 4, Number(energy.encodeStep(STEP))],
      ],
      [
        "settleBook",
        (c) => energy.settleBook(c, { exchange: CONTRACT, accounts: OTHER, settlement }),
        abis.energyExchangeAbi,
        "settle",
        [960, settlement.prices, settlement.orders, settlement.posted],
      ],
      [
        "voidBook",
        (c) => energy.voidBook(c, { exchange: CONTRACT, firstSlot: 960, count: 96 }),
        abis.energyExchangeAbi,
        "voidBook",
        [960, 96n],
      ],
      [
        "continueLargeBook",
        (c) =>
          energy.continueLargeBook(c, {
            large: CONTRACT,
            call: { functionName: "collect", args: ["0x12", "0x34", true] },
          }),
        abis.largeBooksAbi,
        "collect",
        ["0x12", "0x34", true],
      ],
      [
        "abandonLargeBook",
        (c) => energy.abandonLargeBook(c, { large: CONTRACT, state: "0x12" }),
        abis.largeBooksAbi,
        "abandon",
        ["0x12"],
      ],
      [
        "payDeviations",
        (c) => energy.payDeviations(c, { balancing: CONTRACT, book: energy.deviationBook(settlement, [person], 1n) }),
        abis.energyBalancingAbi,
        "settle",
        [energy.deviationBook(settlement, [person], 1n)],
      ],
      [
        "sumDeviations",
        (c) => energy.sumDeviations(c, { balancing: CONTRACT, part: parts.sum[0] as (typeof parts.sum)[number] }),
        abis.energyBalancingAbi,
        "sum",
        [...(parts.sum[0] ?? [])],
      ],
      [
        "payDeviationPart",
        (c) => energy.payDeviationPart(c, { balancing: CONTRACT, part: parts.pay[0] as (typeof parts.pay)[number] }),
        abis.energyBalancingAbi,
        "payPart",
        [...(parts.pay[0] ?? [])],
      ],
      [
        "payLateDeviations",
        (c) => energy.payLateDeviations(c, { balancing: CONTRACT, book: energy.lateBook(settlement, [person], 1n) }),
        abis.energyBalancingAbi,
        "settleLate",
        [...energy.lateBook(settlement, [person], 1n)],
      ],
      [
        "setTariff",
        (c) =>
          energy.setTariff(c, {
            balancing: CONTRACT,
            tariff: { fromSlot: 960, longTick: -20, shortTick: 300, deadBandWh: 5, penaltyTicks: 6 },
          }),
        abis.energyBalancingAbi,
        "setTariff",
        [{ fromSlot: 960, longTick: -20, shortTick: 300, deadBandWh: 5, penaltyTicks: 6 }],
      ],
      [
        "registerMeter",
        (c) => energy.registerMeter(c, { meters: CONTRACT, account: 4, meter }),
        abis.meterRegistryAbi,
        "register",
        [4, meter],
      ],
      [
        "postMeterDay",
        (c) => energy.postMeterDay(c, { meters: CONTRACT, day, signature: { a: HASH, b: pad("0x56") } }),
        abis.meterRegistryAbi,
        "post",
        [4, 20_000, energy.encodeMeterValues(day.valuesWh), HASH, pad("0x56")],
      ],
      [
        "correctMeterDay",
        (c) => energy.correctMeterDay(c, { meters: CONTRACT, ...day, reason: HASH }),
        abis.meterRegistryAbi,
        "correct",
        [4, 20_000, keccak256(energy.encodeMeterValues(day.valuesWh)), HASH],
      ],
      [
        "commitBook",
        (c) => energy.commitBook(c, { operator: CONTRACT, curves: [curve] }),
        abis.marketOperatorAbi,
        "commitBook",
        [960, energy.bookRoot([curve])],
      ],
      [
        "depositOperatorBond",
        (c) => energy.depositOperatorBond(c, { operator: CONTRACT, amountMicro: 5n }),
        abis.marketOperatorAbi,
        "depositBond",
        [5n],
      ],
      [
        "announceBondWithdrawal",
        (c) => energy.announceBondWithdrawal(c, { operator: CONTRACT, amountMicro: 5n }),
        abis.marketOperatorAbi,
        "announceBondWithdrawal",
        [5n],
      ],
      [
        "withdrawOperatorBond",
        (c) => energy.withdrawOperatorBond(c, { operator: CONTRACT }),
        abis.marketOperatorAbi,
        "withdrawBond",
        [],
      ],
      [
        "proveOmission",
        (c) => energy.proveOmission(c, { operator: CONTRACT, receipt, signature: "0x12", proof }),
        abis.marketOperatorAbi,
        "proveOmission",
        [receipt, "0x12", proof.groups, proof.index, proof.leaves, proof.nextLeaves],
      ],
      ["openTickAccount", (c) => energy.openTickAccount(c, { book: CONTRACT }), abis.tickBookAbi, "register", []],
      [
        "placeTickOrders",
        (c) =>
          energy.placeTickOrders(c, {
            book: CONTRACT,
            account: 4,
            orders: [{ slot: 960, isOffer: true, level: 7, energyWh: 9 }],
          }),
        abis.tickBookAbi,
        "place",
        [4, [{ slot: 960, isOffer: true, level: 7, energyWh: 9 }]],
      ],
      [
        "clearTickSlot",
        (c) => energy.clearTickSlot(c, { book: CONTRACT, slot: 960 }),
        abis.tickBookAbi,
        "clear",
        [960],
      ],
      [
        "claimTickOrder",
        (c) => energy.claimTickOrder(c, { book: CONTRACT, slot: 960, account: 4 }),
        abis.tickBookAbi,
        "claim",
        [960, 4],
      ],
      [
        "withdrawFromTickBook",
        (c) => energy.withdrawFromTickBook(c, { book: CONTRACT, account: 4, amountMicro: 5n }),
        abis.tickBookAbi,
        "withdraw",
        [4, 5n],
      ],
      [
        "contestSeries",
        (c) =>
          insurance.contestSeries(c, {
            recourse: CONTRACT,
            series: 3n,
            round: 8,
            proofs: [{ ...contradiction, feed: HASH, round: 8 }],
          }),
        abis.seriesRecourseAbi,
        "contest",
        [3n, 8, [contradiction]],
      ],
      [
        "setLayers",
        (c) =>
          insurance.setLayers(c, {
            tower: CONTRACT,
            cedent: OTHER,
            layers: [{ pool: OTHER, shareBps: 1, fromBps: 2, toBps: 3, premiumBps: 4 }],
          }),
        abis.reinsuranceTowerAbi,
        "setLayers",
        [OTHER, [{ pool: OTHER, shareBps: 1, fromBps: 2, toBps: 3, premiumBps: 4 }]],
      ],
      [
        "relayEncryptionKey",
        (c) =>
          envelope.relayEncryptionKey(c, {
            registry: CONTRACT,
            account: OTHER,
            keyHash: HASH,
            deadline: 9n,
            signature: "0x12",
          }),
        abis.encryptionKeyRegistryAbi,
        "setKeyBySignature",
        [OTHER, HASH, 9n, "0x12"],
      ],
    ];
  for (const [name, send, abi, call, args] of cases)
    it(`${name} sends ${call}, with what it was given in its place`, async () => {
      const sent: { to: string; data: Hex; from: string }[] = [];
      const request = async ({ method, params }: { method: string; params?: unknown }) => {
        if (method === "eth_sendTransaction") sent.push((params as typeof sent)[0] as (typeof sent)[number]);
        return method === "eth_chainId" ? "0x1" : HASH;
      };
      expect(await send(createClient({ account: ACCOUNT, transport: custom({ request }) }))).to.equal(HASH);
      expect(sent).to.have.length(1);
      expect([sent[0]?.from, sent[0]?.to]).to.deep.equal([ACCOUNT, CONTRACT]);
      const found = decodeFunctionData({ abi, data: sent[0]?.data ?? "0x" });
      expect(found.functionName).to.equal(call);
      expect(found.args ?? []).to.deep.equal(args);
    });
});
