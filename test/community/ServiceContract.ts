import { expect } from "chai";
import hre from "hardhat";
import type { Address } from "viem";
import {
  agree,
  chainTime,
  type Community,
  cover,
  CREDENTIAL,
  deployCommunity,
  ETH_TERMS,
  foundCrew,
  goodRun,
  installDevice,
  next,
  type PlayedDevice,
  seatAccount,
  TERMS,
  termsHash,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, refused, rejected } from "../utils/community.ts";

const connection = await hre.network.create();
const EVIDENCE = `0x${"e1".repeat(32)}` as const;
const PERIOD = 2_592_000;
const YEAR = 31_536_000;

async function fixture() {
  const community = await deployCommunity(connection);
  const crew = await foundCrew(community);
  const device = await installDevice(community, { index: 1, profile: { heartbeatGap: 0 } });
  return { community, crew, device };
}

const key = (community: Community) => [community.orders.address, 1] as const;
const agreement = (community: Community) => community.service.read.agreementOf(key(community));
const contractor = (community: Community) => ({ account: wallet(community, 3).account });

/** A repair with chosen delays, in seconds, up to the proof. */
async function repair(
  community: Community,
  device: PlayedDevice,
  delays: { accept?: number; arrive?: number; fix?: number } = {},
) {
  const { orders } = community;
  await orders.write.report([next(community, device, await chainTime(community), 1_400)]);
  const { openedAt, seat } = await orders.read.orderOf([device.id, 0]);
  const by = { account: seatAccount(community, seat) };
  const at = async (delay: number) =>
    community.test.setNextBlockTimestamp({ timestamp: BigInt(openedAt + Math.max(1, delay)) });
  const accept = delays.accept ?? 60;
  const arrive = delays.arrive ?? accept + 60;
  const fix = delays.fix ?? arrive + 60;
  await at(accept);
  await orders.write.acceptWork([device.id, 0], by);
  await at(arrive);
  await orders.write.arriveAtSite([device.id, 0], by);
  await at(fix);
  await orders.write.claimRepaired([device.id, 0, 1, EVIDENCE], by);
  const end = openedAt + fix + TERMS.verifySpan + 1;
  await travelTo(community, end);
  await orders.write.proveRepair([device.id, 0, goodRun(community, device, end), []]);
}

async function settle(community: Community, device: PlayedDevice) {
  await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
  const hash = await community.orders.write.settle([device.id, 0]);
  return emitted(community, hash, community.service, "RepairSettled");
}

const backup = (community: Community) => ({ account: wallet(community, 5).account });

/** An order that nobody answers in time goes to the backup, who repairs; it is proven and settled. */
async function repairByBackup(community: Community, device: PlayedDevice) {
  await community.orders.write.report([next(community, device, await chainTime(community), 1_400)]);
  await travelTo(community, (await chainTime(community)) + 3 * TERMS.response + 10);
  await community.orders.write.escalate([device.id, 0]);
  return finishByBackup(community, device);
}

/** The same from where the backup holds the order. */
async function finishByBackup(community: Community, device: PlayedDevice) {
  await community.orders.write.arriveAtSite([device.id, 0], backup(community));
  await community.orders.write.claimRepaired([device.id, 0, 1, EVIDENCE], backup(community));
  const end = (await chainTime(community)) + TERMS.verifySpan + 1;
  await travelTo(community, end);
  await community.orders.write.proveRepair([device.id, 0, goodRun(community, device, end), []]);
  return settle(community, device);
}

/** What the contract holds is what it owes, to the wei. */
async function expectConserved(community: Community) {
  const { escrow, bond, contractorDue, backupDue, terms } = await agreement(community);
  const held =
    terms.token === ETH_TERMS.token
      ? await community.client.getBalance({ address: community.service.address })
      : await (
          await community.connection.viem.getContractAt("TestToken", terms.token)
        ).read.balanceOf([community.service.address]);
  expect(escrow + bond + contractorDue + backupDue).to.equal(held);
}

describe("ServiceContract", () => {
  const fresh = async () => {
    const world = await connection.networkHelpers.loadFixture(fixture);
    return { ...world, device: { ...world.device } };
  };
  const agreed = async () => {
    const world = await fresh();
    await agree(world.community, world.crew);
    await cover(world.community, world.crew, world.device.id);
    await travelTo(world.community, (await chainTime(world.community)) + 90 * 86_400);
    return world;
  };

  describe("the agreement", () => {
    it("is offered by the principal and accepted by the owner for exactly these terms", async () => {
      const { community } = await fresh();
      const { service, parties } = community;
      const owner = parties.owner.address;
      const by = contractor(community);
      await refused(service.write.offer([...key(community), owner, ETH_TERMS]), "ServiceOfferRefused");
      await service.simulate.offer(
        [...key(community), owner, { ...ETH_TERMS, availabilityBp: 10_000, notice: 86_400 }],
        { account: by.account.address },
      );
      for (const bad of [{ availabilityBp: 10_001 }, { notice: 86_399 }])
        await refused(
          service.write.offer([...key(community), owner, { ...ETH_TERMS, ...bad }], by),
          "ServiceTermsInvalid",
        );
      for (const nobody of [ETH_TERMS.token, wallet(community, 3).account.address])
        await refused(service.write.offer([...key(community), nobody, ETH_TERMS], by), "ServiceTermsInvalid");
      await refused(service.write.fund([...key(community), 0n], { value: 1n }), "ServiceNotRunning");
      await refused(service.write.draw(key(community)), "ServiceNotRunning");
      const offered = await service.write.offer([...key(community), owner, ETH_TERMS], by);
      await emitted(community, offered, service, "ServiceOffered");
      const hash = termsHash(ETH_TERMS);
      await refused(service.write.accept([...key(community), hash]), "ServiceNotAgreed");
      await refused(
        service.write.accept([...key(community), termsHash({ ...ETH_TERMS, fee: 1n })], { account: parties.owner }),
        "ServiceNotAgreed",
      );
      const started = await service.write.accept([...key(community), hash], { account: parties.owner });
      await emitted(community, started, service, "ServiceStarted");
      await refused(service.write.accept([...key(community), hash], { account: parties.owner }), "ServiceNotAgreed");
      await refused(service.write.offer([...key(community), owner, ETH_TERMS], by), "ServiceOfferRefused");
    });

    it("covers the owner's own devices, once, so that nobody repairs on another's account", async () => {
      const { community, crew, device } = await fresh();
      const { service, parties } = community;
      await agree(community, crew);
      const owner = { account: parties.owner };
      await refused(service.write.cover([...key(community), 1]), "ServiceDeviceRefused");
      await refused(service.write.cover([...key(community), 99], owner), "ServiceDeviceRefused");
      // A device that names the crew but is not covered is repaired without a fee.
      await repair(community, device);
      await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
      await community.orders.write.settle([1, 0]);
      expect((await agreement(community)).contractorDue).to.equal(0n);
      const hash = await service.write.cover([...key(community), 1], owner);
      await emitted(community, hash, service, "DeviceCovered");
      await refused(service.write.cover([...key(community), 1], owner), "ServiceDeviceRefused");
    });

    it("moves no money for what began before the cover, and the fee for what begins in its very second", async () => {
      for (const early of [true, false]) {
        const { community, crew, device } = await fresh();
        const { orders, service, parties, test } = community;
        await agree(community, crew, { ...ETH_TERMS, downtimeRate: 0n });
        const bad = next(community, device, await chainTime(community), 1_400);
        // One block for both, so that the order opens in the second of the cover.
        if (early) await orders.write.report([bad]);
        else await test.setAutomine(false);
        await service.write.cover([...key(community), 1], { account: parties.owner, gas: 500_000n });
        if (!early) {
          await orders.write.report([bad], { gas: 1_000_000n });
          await test.mine({ blocks: 1 });
          await test.setAutomine(true);
        }
        const { openedAt, seat } = await orders.read.orderOf([1, 0]);
        const { coveredSince } = await service.read.recordOf([...key(community), 1]);
        expect(coveredSince - openedAt).to.equal(early ? 1 : 0);
        const by = { account: seatAccount(community, seat) };
        await orders.write.arriveAtSite([1, 0], by);
        await orders.write.claimRepaired([1, 0, 1, EVIDENCE], by);
        const end = (await chainTime(community)) + TERMS.verifySpan + 1;
        await travelTo(community, end);
        await orders.write.proveRepair([1, 0, goodRun(community, device, end), []]);
        expect((await settle(community, device)).fee).to.equal(early ? 0n : ETH_TERMS.fee);
        // Downtime counts from the cover on, never from before it.
        const record = await service.read.recordOf([...key(community), 1]);
        const { restored } = await orders.read.orderOf([1, 0]);
        expect(record).to.deep.include({ repairs: 1, downSeconds: openedAt + restored - coveredSince });
        await expectConserved(community);
      }
    });

    it("takes deposits in its own currency only", async () => {
      const { community, crew } = await fresh();
      await agree(community, crew);
      const { service } = community;
      await refused(service.write.fund([...key(community), 5n]), "ServicePaymentWrong");
      await refused(service.write.postBond([...key(community), 5n]), "ServicePaymentWrong");
      const funded = await service.write.fund([...key(community), 0n], { value: 7n });
      expect((await emitted(community, funded, service, "EscrowFunded")).amount).to.equal(7n);
      const posted = await service.write.postBond([...key(community), 0n], { value: 8n });
      expect((await emitted(community, posted, service, "BondPosted")).amount).to.equal(8n);
      await expectConserved(community);
    });
  });

  describe("fees and penalties", () => {
    it("pay the fee for a punctual repair and count it", async () => {
      const { community, device } = await agreed();
      await repair(community, device, { accept: 1_800, arrive: 9_000, fix: 23_400 });
      const settled = await settle(community, device);
      expect(settled).to.deep.include({ outcome: 0, fee: ETH_TERMS.fee, penalty: 0n });
      expect((await agreement(community)).contractorDue).to.equal(ETH_TERMS.fee);
      const record = await community.service.read.recordOf([...key(community), 1]);
      expect(record).to.deep.include({ repairs: 1, repairSeconds: 23_400, downSeconds: 23_400 });
      const [mttr, mtbf, availability] = await community.service.read.performanceOf([...key(community), 1]);
      const covered = (await chainTime(community)) - record.coveredSince;
      expect(mttr).to.equal(23_400n);
      expect(mtbf).to.equal(BigInt(covered - 23_400));
      expect(availability).to.equal(BigInt(Math.floor(((covered - 23_400) * 10_000) / covered)));
      await expectConserved(community);
    });

    it("count each begun minute beyond the terms: a second late is a minute", async () => {
      const { community, device } = await agreed();
      await repair(community, device, { accept: 1_800, arrive: 9_001, fix: 23_461 });
      const { penalty } = await settle(community, device);
      // Arrival one second late, restoration 61 seconds late; silence did not escalate because nobody called.
      expect(penalty).to.equal(ETH_TERMS.arrivalRate + 2n * ETH_TERMS.restoreRate);
      expect((await agreement(community)).contractorDue).to.equal(ETH_TERMS.fee - (penalty as bigint));
      await expectConserved(community);
    });

    it("take from the bond what the fee does not cover, up to the cap", async () => {
      const { community, device } = await agreed();
      await repair(community, device, { accept: 1_000_000, arrive: 1_000_060, fix: 1_000_120 });
      const before = await agreement(community);
      const { penalty } = await settle(community, device);
      const after = await agreement(community);
      expect((penalty as bigint) > ETH_TERMS.fee && (penalty as bigint) <= ETH_TERMS.penaltyCap).to.equal(true);
      expect(after.contractorDue).to.equal(0n);
      expect(before.bond - after.bond).to.equal((penalty as bigint) - ETH_TERMS.fee);
      expect(after.escrow - before.escrow).to.equal((penalty as bigint) - ETH_TERMS.fee);
      await expectConserved(community);
    });

    it("penalise downtime beyond the promised availability once", async () => {
      const { community, crew, device } = await fresh();
      await agree(community, crew);
      await cover(community, crew, 1);
      await repair(community, device, { fix: 6_000, accept: 10, arrive: 20 });
      const { penalty } = await settle(community, device);
      const { downSeconds, chargedSeconds, lastUp, coveredSince } = await community.service.read.recordOf([
        ...key(community),
        1,
      ]);
      const allowed = Math.floor(((lastUp - coveredSince) * 100) / 10_000);
      expect(chargedSeconds).to.equal(downSeconds - allowed);
      expect(penalty).to.equal(BigInt(Math.ceil(chargedSeconds / 60)) * ETH_TERMS.downtimeRate);
    });

    it("give the fee to the backup when it took over, and the penalty to the contractor", async () => {
      const { community, device } = await agreed();
      const { service } = community;
      const { penalty } = await repairByBackup(community, device);
      const { backupDue, bond, contractorDue } = await agreement(community);
      expect(backupDue).to.equal(ETH_TERMS.fee);
      expect(contractorDue).to.equal(0n);
      expect(10n ** 19n - bond).to.equal(penalty);
      const hash = await service.write.draw(key(community), backup(community));
      expect((await emitted(community, hash, service, "ServicePaid")).amount).to.equal(ETH_TERMS.fee);
      await expectConserved(community);
    });

    it("keep a fee in arrears while the escrow is empty and pay it first from the next deposit", async () => {
      const { community, crew, device } = await fresh();
      await agree(community, crew, { ...ETH_TERMS, fee: 10n ** 19n + 5n });
      await cover(community, crew, 1);
      await travelTo(community, (await chainTime(community)) + 90 * 86_400);
      await repair(community, device);
      await settle(community, device);
      expect(await agreement(community)).to.deep.include({
        contractorDue: 10n ** 19n,
        contractorArrears: 5n,
        escrow: 0n,
      });
      await community.service.write.fund([...key(community), 0n], { value: 8n });
      expect(await agreement(community)).to.deep.include({
        contractorDue: 10n ** 19n + 5n,
        contractorArrears: 0n,
        escrow: 3n,
      });
      await expectConserved(community);
    });
  });

  it("keeps the backup's fee in arrears too, after the contractor's, and pays each only once", async () => {
    const { community, crew, device } = await fresh();
    await agree(community, crew, { ...ETH_TERMS, fee: 2n * 10n ** 19n, penaltyCap: 0n });
    const second = await installDevice(community, { index: 2, profile: { heartbeatGap: 0 } });
    for (const { id } of [device, second]) await cover(community, crew, id);
    const { service } = community;
    await repair(community, device);
    await settle(community, device);
    await repairByBackup(community, second);
    const ETH = 10n ** 18n;
    const owed = { contractorDue: 10n * ETH, contractorArrears: 10n * ETH, backupDue: 0n, backupArrears: 20n * ETH };
    expect(await agreement(community)).to.deep.include({ ...owed, escrow: 0n });
    await service.write.fund([...key(community), 0n], { value: 10n * ETH });
    expect(await agreement(community)).to.deep.include({
      ...owed,
      contractorDue: 20n * ETH,
      contractorArrears: 0n,
      escrow: 0n,
    });
    await service.write.fund([...key(community), 0n], { value: 19n * ETH });
    expect(await agreement(community)).to.deep.include({ backupDue: 19n * ETH, backupArrears: ETH, escrow: 0n });
    await service.write.fund([...key(community), 0n], { value: 2n * ETH });
    expect(await agreement(community)).to.deep.include({ backupDue: 20n * ETH, backupArrears: 0n, escrow: ETH });
    for (const by of [backup(community), contractor(community)]) {
      await service.write.draw(key(community), by);
      await refused(service.write.draw(key(community), by), "ServiceNothingDue");
    }
    expect(await agreement(community)).to.deep.include({ contractorDue: 0n, backupDue: 0n, escrow: ETH });
    await expectConserved(community);
  });

  it("pays the contractor's fee at once, but neither bond nor escrow before the release", async () => {
    const { community, device } = await agreed();
    const { service, parties } = community;
    await repair(community, device);
    await settle(community, device);
    const before = await agreement(community);
    const paid = await emitted(
      community,
      await service.write.draw(key(community), contractor(community)),
      service,
      "ServicePaid",
    );
    expect(paid.amount).to.equal(ETH_TERMS.fee);
    expect(await agreement(community)).to.deep.equal({ ...before, contractorDue: 0n });
    for (const by of [contractor(community), { account: parties.owner }])
      await refused(service.write.draw(key(community), by), "ServiceNothingDue");
    await expectConserved(community);
  });

  it("gives the means over all repairs of a device", async () => {
    const { community, device } = await agreed();
    const { service } = community;
    for (const fix of [600, 1_001]) {
      await repair(community, device, { accept: 10, arrive: 20, fix });
      await settle(community, device);
    }
    const [mttr, mtbf] = await service.read.performanceOf([...key(community), 1]);
    const { coveredSince } = await service.read.recordOf([...key(community), 1]);
    expect(mttr).to.equal(800n);
    expect(mtbf).to.equal(BigInt(Math.floor(((await chainTime(community)) - coveredSince - 1_601) / 2)));
  });

  it("gives figures of a device before its first repair, and of the first second", async () => {
    const { community, crew } = await fresh();
    await agree(community, crew);
    await cover(community, crew, 1);
    const { service } = community;
    const performance = async () => service.read.performanceOf([...key(community), 1], { blockTag: "latest" });
    expect(await performance()).to.deep.equal([0n, 0n, 10_000n]);
    await travelTo(community, (await chainTime(community)) + 500);
    expect(await performance()).to.deep.equal([0n, 500n, 10_000n]);
  });

  describe("the retainer", () => {
    it("is paid for whole periods that the escrow can pay, on anyone's call", async () => {
      const { community, crew } = await fresh();
      await agree(community, crew);
      const { service } = community;
      const { startedAt } = await agreement(community);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(startedAt + PERIOD - 1) });
      const early = service.write.payRetainer(key(community), { gas: 300_000n });
      const [dueAt, held] = await refused(early, "ServiceRetainerNotDue");
      expect([dueAt, held]).to.deep.equal([BigInt(startedAt + PERIOD), 10n ** 19n]);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(startedAt + PERIOD) });
      const paid = await emitted(community, await service.write.payRetainer(key(community)), service, "RetainerPaid");
      expect(paid.amount).to.equal(ETH_TERMS.retainer);
      await travelTo(community, startedAt + 200 * PERIOD);
      await service.write.payRetainer(key(community));
      expect((await agreement(community)).escrow).to.equal(0n);
      await refused(service.write.payRetainer(key(community)), "ServiceRetainerNotDue");
      await expectConserved(community);
    });
  });

  it("has no retainer due where none was agreed, however long it runs", async () => {
    const { community, crew } = await fresh();
    await agree(community, crew, { ...ETH_TERMS, retainer: 0n });
    await travelTo(community, (await chainTime(community)) + 10 * PERIOD);
    await refused(community.service.write.payRetainer(key(community)), "ServiceRetainerNotDue");
  });

  describe("the end", () => {
    it("comes after notice; escrow and bond are released after it, and nothing is left", async () => {
      const { community, device } = await agreed();
      const { service, parties } = community;
      await repair(community, device);
      await settle(community, device);
      await refused(
        service.write.giveNotice(key(community), { account: wallet(community, 5).account }),
        "ServiceNoticeRefused",
      );
      const noticed = await service.write.giveNotice(key(community), { account: parties.owner });
      const { endsAt } = await emitted(community, noticed, service, "NoticeGiven");
      await refused(service.write.giveNotice(key(community), contractor(community)), "ServiceNoticeRefused");
      const releasedAt = BigInt(endsAt as number) + BigInt(ETH_TERMS.notice);
      await refused(service.write.draw(key(community), { account: parties.owner }), "ServiceNothingDue");
      await community.test.setNextBlockTimestamp({ timestamp: releasedAt - 1n });
      await refused(service.write.draw(key(community), { account: parties.owner, gas: 300_000n }), "ServiceNothingDue");
      await community.test.setNextBlockTimestamp({ timestamp: releasedAt });
      await service.write.draw(key(community), { account: parties.owner });
      await service.write.draw(key(community), contractor(community));
      await expectConserved(community);
      expect(await community.client.getBalance({ address: service.address })).to.equal(0n);
    });

    it("pays retainers up to it and not beyond", async () => {
      const { community, crew } = await fresh();
      await agree(community, crew);
      const { service } = community;
      const { startedAt } = await agreement(community);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(startedAt + PERIOD - 1) });
      await service.write.giveNotice(key(community), contractor(community));
      const { endsAt } = await agreement(community);
      expect(endsAt).to.equal(startedAt + PERIOD - 1 + ETH_TERMS.notice);
      await travelTo(community, startedAt + 10 * PERIOD);
      const paid = await emitted(community, await service.write.payRetainer(key(community)), service, "RetainerPaid");
      expect(paid).to.deep.include({ amount: ETH_TERMS.retainer, until: startedAt + PERIOD });
      await refused(service.write.payRetainer(key(community)), "ServiceRetainerNotDue");
    });

    it("still pays what was opened in its last second, and counts without money what was opened in its first", async () => {
      for (const late of [0, 1]) {
        const { community, device } = await agreed();
        await community.service.write.giveNotice(key(community), contractor(community));
        const { endsAt } = await agreement(community);
        await travelTo(community, endsAt - 5);
        const reading = next(community, device, endsAt - 5, 1_400);
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(endsAt - 1 + late) });
        await community.orders.write.report([reading]);
        const { seat } = await community.orders.read.orderOf([1, 0]);
        const by = { account: seatAccount(community, seat) };
        await community.orders.write.arriveAtSite([1, 0], by);
        await community.orders.write.claimRepaired([1, 0, 1, EVIDENCE], by);
        const end = (await chainTime(community)) + TERMS.verifySpan + 1;
        await travelTo(community, end);
        await community.orders.write.proveRepair([1, 0, goodRun(community, device, end), []]);
        expect((await settle(community, device)).fee).to.equal(late === 0 ? ETH_TERMS.fee : 0n);
        expect((await community.service.read.recordOf([...key(community), 1])).repairs).to.equal(1);
      }
    });

    it("ends fees and penalties for what opens afterwards", async () => {
      const { community, device } = await agreed();
      await community.service.write.giveNotice(key(community), contractor(community));
      await travelTo(community, (await chainTime(community)) + ETH_TERMS.notice + 1);
      await repair(community, device);
      expect(await settle(community, device)).to.deep.include({ fee: 0n, penalty: 0n });
    });
  });

  describe("hostile currencies", () => {
    async function inToken(name: "FeeToken" | "BlocklistToken" | "SilentToken" | "ReentrantToken") {
      const { community, crew, device } = await fresh();
      const { address } = await community.connection.viem.deployContract(name);
      const token = await community.connection.viem.getContractAt("TestToken", address);
      const terms = { ...ETH_TERMS, token: token.address as Address, fee: 1_000n };
      await agree(community, crew, terms);
      await cover(community, crew, device.id);
      const { account } = wallet(community, 0);
      await token.write.mint([account.address, 10n ** 9n]);
      await token.write.approve([community.service.address, 10n ** 9n]);
      return { community, device, token };
    }

    it("are credited by what arrived, not by what was sent", async () => {
      const { community } = await inToken("FeeToken");
      await community.service.write.fund([...key(community), 10_000n]);
      expect((await agreement(community)).escrow).to.equal(9_900n);
      await expectConserved(community);
      await refused(community.service.write.fund([...key(community), 5n], { value: 1n }), "ServicePaymentWrong");
    });

    it("fill an agreement up to what each of its fields can hold, and not a unit further", async () => {
      const { community, device, token } = await inToken("BlocklistToken");
      const { service } = community;
      const LIMIT = 2n ** 104n - 1n;
      const { account } = wallet(community, 0);
      await token.write.mint([account.address, 2n ** 110n]);
      await token.write.approve([service.address, 2n ** 110n]);
      await service.write.fund([...key(community), 10_000n]);
      // Some of it is due to the backup, which counts as well.
      await repairByBackup(community, device);
      expect((await agreement(community)).backupDue).to.equal(1_000n);
      await rejected(service.write.postBond([...key(community), LIMIT - 9_999n]));
      await service.write.postBond([...key(community), LIMIT - 10_000n]);
      for (const deposit of [service.write.fund, service.write.postBond])
        await rejected(deposit([...key(community), 1n]));
      await expectConserved(community);
      await service.write.draw(key(community), backup(community));
      await service.write.fund([...key(community), 1_000n]);
      await rejected(service.write.fund([...key(community), 1n]));
    });

    it("that block one party do not block the others, and the amount stays due", async () => {
      const { community, device, token } = await inToken("BlocklistToken");
      const { service } = community;
      await service.write.fund([...key(community), 10_000n]);
      await travelTo(community, (await chainTime(community)) + 90 * 86_400);
      await repair(community, device);
      await settle(community, device);
      const principal = contractor(community);
      const blocklist = await community.connection.viem.getContractAt("BlocklistToken", token.address);
      await blocklist.write.setBlocked([principal.account.address, true]);
      await rejected(service.write.draw(key(community), principal));
      expect((await agreement(community)).contractorDue).to.equal(1_000n);
      await blocklist.write.setBlocked([principal.account.address, false]);
      await service.write.draw(key(community), principal);
      expect(await token.read.balanceOf([principal.account.address])).to.equal(1_000n);
      await expectConserved(community);
    });

    it("that fail silently are refused", async () => {
      const { community, token } = await inToken("SilentToken");
      const silent = await community.connection.viem.getContractAt("SilentToken", token.address);
      await silent.write.setFailing([true]);
      await rejected(community.service.write.fund([...key(community), 10n]));
      expect((await agreement(community)).escrow).to.equal(0n);
    });

    it("cannot enter again in the middle of a payment", async () => {
      const { community, token } = await inToken("ReentrantToken");
      const hostile = await community.connection.viem.getContractAt("ReentrantToken", token.address);
      const { encodeFunctionData } = await import("viem");
      const payload = encodeFunctionData({
        abi: community.service.abi,
        functionName: "fund",
        args: [...key(community), 1n],
      });
      await hostile.write.arm([community.service.address, payload]);
      await community.service.write.fund([...key(community), 10_000n]);
      expect(await hostile.read.lastSucceeded()).to.equal(false);
      await expectConserved(community);
    });
  });

  it("lets a recipient that refuses ETH block only itself", async () => {
    const { community, crew } = await fresh();
    const { credentials, service, sweeps, forum, test, orders } = community;
    // A contract without a receive function, played as owner, gateway and plaintiff.
    const account = credentials.address;
    await test.setBalance({ address: account, value: 10n ** 20n });
    await test.impersonateAccount({ address: account });
    await service.write.offer([...key(community), account, ETH_TERMS], contractor(community));
    await service.write.accept([...key(community), termsHash(ETH_TERMS)], { account });
    await service.write.fund([...key(community), 0n], { value: 100n });
    await service.write.giveNotice(key(community), { account });
    await travelTo(community, (await chainTime(community)) + 2 * ETH_TERMS.notice + 1);
    await refused(service.write.draw(key(community), { account }), "ServicePaymentFailed");
    expect((await agreement(community)).escrow).to.equal(100n);
    await sweeps.write.join({ account, value: 10n ** 18n });
    await sweeps.write.resign({ account });
    await travelTo(community, (await chainTime(community)) + 31 * 86_400);
    await refused(sweeps.write.withdraw({ account }), "GatewayPaymentFailed");
    await credentials.write.set([CREDENTIAL.resident(account), wallet(community, 9).account.address, true]);
    const reference = `0x${"07".repeat(32)}` as const;
    await forum.write.openDispute([reference, account, account], { value: 10n ** 16n });
    const id = await forum.read.disputeId([wallet(community, 0).account.address, reference]);
    await refused(forum.write.openDispute([reference, account, account], { value: 10n ** 16n }), "ForumDisputeRefused");
    await travelTo(community, (await chainTime(community)) + 6 * 86_400);
    await refused(forum.write.payBond([id]), "ForumPaymentFailed");
    expect(orders.address).to.not.equal(account);
    expect(crew).to.equal(1);
  });

  describe("no keeper", () => {
    it("a year in which nobody calls settles to the same wei as a punctual call", async () => {
      const { community, device } = await agreed();
      await repair(community, device);
      const snapshot = await community.test.snapshot();
      const punctual = await settle(community, device);
      const punctualRecord = await community.service.read.recordOf([...key(community), 1]);
      const punctualMoney = await agreement(community);
      await community.test.revert({ id: snapshot });
      await travelTo(community, (await chainTime(community)) + YEAR);
      const late = await settle(community, device);
      expect(late).to.deep.equal(punctual);
      expect(await community.service.read.recordOf([...key(community), 1])).to.deep.equal(punctualRecord);
      expect(await agreement(community)).to.deep.equal(punctualMoney);
      await expectConserved(community);
    });

    it("a year of silence on an open order ends at the last level, and its lateness is counted from the stamps", async () => {
      const { community, device } = await agreed();
      const { orders } = community;
      await orders.write.report([next(community, device, await chainTime(community), 1_400)]);
      const { openedAt } = await orders.read.orderOf([1, 0]);
      await travelTo(community, openedAt + YEAR);
      await orders.write.escalate([1, 0]);
      expect(await orders.read.orderOf([1, 0])).to.deep.include({ level: 5, seat: 254 });
      const settled = await finishByBackup(community, device);
      expect(settled).to.deep.include({ fee: ETH_TERMS.fee, penalty: ETH_TERMS.penaltyCap });
      await expectConserved(community);
    });
  });
});
