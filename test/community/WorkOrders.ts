import { expect } from "chai";
import hre from "hardhat";
import { encodeAbiParameters, type Hex, keccak256 } from "viem";
import { assign } from "../../packages/sdk/src/community/rota.ts";
import {
  agree,
  approve,
  chainTime,
  type Community,
  cover,
  CREDENTIAL,
  deployCommunity,
  foundCrew,
  goodRun,
  installDevice,
  next,
  type PlayedDevice,
  PROFILE,
  seatAccount,
  TERMS,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, lotFalls, refused } from "../utils/community.ts";

const connection = await hre.network.create();
const EVIDENCE = `0x${"e1".repeat(32)}` as const;
const LIMITS = 0;
const SILENCE = 1;
const REPORTED = 2;
const STATE = {
  assigned: 2,
  accepted: 3,
  onSite: 4,
  working: 5,
  onHold: 6,
  verifying: 7,
  restored: 8,
  disputed: 9,
  closed: 10,
  selfCleared: 11,
} as const;
const [LEAD, PRINCIPAL, BACKUP] = [252, 253, 254];

async function fixture() {
  const community = await deployCommunity(connection);
  const crew = await foundCrew(community);
  await agree(community, crew);
  const device = await installDevice(community, { index: 1 });
  await cover(community, crew, device.id);
  await installDevice(community, { index: 2 });
  const critical = await installDevice(community, { index: 3, profile: { critical: true, partner: 2 } });
  const forumResidents = [10, 11, 12, 13, 14].map((index) => wallet(community, index).account);
  for (const account of forumResidents) {
    await community.credentials.write.set([
      CREDENTIAL.resident(community.parties.owner.address),
      account.address,
      true,
    ]);
    await community.forum.write.enrol([community.parties.owner.address], { account });
  }
  return { community, crew, device, critical, residents: forumResidents };
}

async function report(community: Community, device: PlayedDevice, value = 1_400) {
  return community.orders.write.report([next(community, device, await chainTime(community), value)]);
}

const orderOf = (community: Community, device: number, kind = LIMITS) => community.orders.read.orderOf([device, kind]);

/** The account the present order waits for. */
async function assignee(community: Community, device: number, kind = LIMITS) {
  return { account: seatAccount(community, (await orderOf(community, device, kind)).seat) };
}

async function toVerifying(community: Community, device: PlayedDevice) {
  await report(community, device);
  const by = await assignee(community, device.id);
  await community.orders.write.arriveAtSite([device.id, LIMITS], by);
  await community.orders.write.claimRepaired([device.id, LIMITS, 0x010203, EVIDENCE], by);
  return { by, claimedAt: await chainTime(community) };
}

async function toRestored(community: Community, device: PlayedDevice) {
  const { by, claimedAt } = await toVerifying(community, device);
  await travelTo(community, claimedAt + TERMS.verifySpan + 1);
  const hash = await community.orders.write.proveRepair([
    device.id,
    LIMITS,
    goodRun(community, device, claimedAt + TERMS.verifySpan + 1),
    [],
  ]);
  return { by, claimedAt, hash };
}

describe("WorkOrders", () => {
  const fresh = async () => {
    const world = await connection.networkHelpers.loadFixture(fixture);
    return { ...world, device: { ...world.device }, critical: { ...world.critical } };
  };

  describe("the life of an order", () => {
    it("goes from the device's reading to settlement with nobody dispatching", async () => {
      const { community, device } = await fresh();
      const { orders, service } = community;
      const opened = await emitted(community, await report(community, device), orders, "OrderOpened");
      expect(opened).to.deep.include({ device: 1, crew: 1, level: 1, redo: false });
      expect(opened.order).to.equal((1n << 24n) | 1n);
      const by = await assignee(community, 1);
      const key = [1, LIMITS] as const;
      await emitted(community, await orders.write.acceptWork(key, by), orders, "OrderAccepted");
      expect((await orderOf(community, 1)).state).to.equal(STATE.accepted);
      await emitted(community, await orders.write.arriveAtSite(key, by), orders, "OrderArrived");
      expect((await orderOf(community, 1)).state).to.equal(STATE.onSite);
      await emitted(community, await orders.write.beginRepair(key, by), orders, "OrderStarted");
      expect((await orderOf(community, 1)).state).to.equal(STATE.working);
      await emitted(community, await orders.write.hold(key, by), orders, "OrderHeld");
      await travelTo(community, (await chainTime(community)) + 3_599);
      const resumed = await emitted(community, await orders.write.continueWork(key, by), orders, "OrderResumed");
      expect(resumed.heldMinutes).to.equal(60);
      const claim = await orders.write.claimRepaired([...key, 0x010203, EVIDENCE], by);
      const claimed = await emitted(community, claim, orders, "FixClaimed");
      expect(claimed).to.deep.include({ code: 0x010203, evidenceRoot: EVIDENCE });
      const claimedAt = await chainTime(community);
      await travelTo(community, claimedAt + TERMS.verifySpan + 1);
      const run = goodRun(community, device, claimedAt + TERMS.verifySpan + 1);
      const proven = await orders.write.proveRepair([...key, run, []]);
      expect((await emitted(community, proven, orders, "OrderRestored")).restoredAt).to.equal(claimedAt);
      const { loads } = await orders.read.figuresOf([1]);
      expect(loads).to.equal(0n);
      const restoredAt = await chainTime(community);
      const [, dueAt] = await refused(orders.write.settle(key), "OrderNotDue").then((values) => [0, values[2]]);
      expect(dueAt).to.equal(BigInt(restoredAt + TERMS.confirmWindow));
      await travelTo(community, restoredAt + TERMS.confirmWindow);
      const hash = await orders.write.settle(key);
      await emitted(community, hash, orders, "OrderClosed");
      const settled = await emitted(community, hash, service, "RepairSettled");
      expect(settled).to.deep.include({ outcome: 0, fee: 10n ** 17n });
      const order = await orderOf(community, 1);
      expect(order).to.deep.include({ state: STATE.closed, held: 60, code: 0x010203, number: 1 });
      expect(await orders.read.isFinal(key)).to.equal(false);
      await travelTo(community, claimedAt + TERMS.warranty);
      expect(await orders.read.isFinal(key)).to.equal(false);
      await travelTo(community, claimedAt + TERMS.warranty + 1);
      expect(await orders.read.isFinal(key)).to.equal(true);
    });

    it("accepts on the way when the technician is there already", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const hash = await community.orders.write.arriveAtSite([1, LIMITS], await assignee(community, 1));
      await emitted(community, hash, community.orders, "OrderArrived");
      const order = await orderOf(community, 1);
      expect(order.accepted).to.be.greaterThan(0);
      expect(order.arrived).to.equal(order.accepted);
    });

    it("keeps one live order of a kind: further bad readings open nothing", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      await report(community, device);
      expect((await orderOf(community, 1)).number).to.equal(1);
      await refused(community.orders.write.open([1, LIMITS]), "OrderWrongState");
    });

    it("opens nothing for good readings or devices without a crew", async () => {
      const { community, device } = await fresh();
      await report(community, device, 500);
      expect((await orderOf(community, 1)).state).to.equal(0);
      await refused(community.orders.write.open([1, LIMITS]), "OrderWithoutFault");
      await refused(community.orders.write.open([1, SILENCE]), "OrderWithoutFault");
      await refused(community.orders.write.open([1, REPORTED]), "OrderWithoutFault");
      const alone = await installDevice(community, { index: 9, profile: { crew: 0 } });
      await report(community, alone);
      expect((await orderOf(community, alone.id)).state).to.equal(0);
      await refused(community.orders.write.open([alone.id, LIMITS]), "OrderWithoutCrew");
    });

    it("opens for a fault that the register already knows", async () => {
      const { community, device } = await fresh();
      await community.register.write.record([next(community, device, await chainTime(community), 1_400)]);
      await emitted(community, await community.orders.write.open([1, LIMITS]), community.orders, "OrderOpened");
    });

    it("opens for silence, beside an order of another kind", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      await travelTo(community, (await chainTime(community)) + 90_000);
      await community.register.write.markOffline([1]);
      await community.orders.write.open([1, SILENCE]);
      expect((await orderOf(community, 1, SILENCE)).state).to.equal(STATE.assigned);
      expect((await orderOf(community, 1, LIMITS)).state).to.equal(STATE.assigned);
    });

    it("refuses every step out of order and every step of somebody else", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const key = [1, LIMITS] as const;
      await report(community, device);
      const by = await assignee(community, 1);
      const stranger = { account: wallet(community, 15).account };
      for (const step of ["acceptWork", "decline", "arriveAtSite", "beginRepair", "hold", "continueWork"] as const)
        await refused(orders.write[step](key, stranger), "OrderNotAssignee");
      await refused(orders.write.claimRepaired([...key, 1, EVIDENCE], stranger), "OrderNotAssignee");
      for (const step of ["beginRepair", "hold", "continueWork"] as const)
        await refused(orders.write[step](key, by), "OrderWrongState");
      await refused(orders.write.claimRepaired([...key, 1, EVIDENCE], by), "OrderWrongState");
      await refused(orders.write.proveRepair([...key, [], []]), "OrderWrongState");
      await refused(orders.write.disprove([...key, []]), "OrderWrongState");
      await refused(orders.write.settle(key), "OrderWrongState");
      await refused(orders.write.rule(key), "OrderWrongState");
      await orders.write.acceptWork(key, by);
      await refused(orders.write.acceptWork(key, by), "OrderWrongState");
      await refused(orders.write.decline(key, by), "OrderWrongState");
      await orders.write.arriveAtSite(key, by);
      await refused(orders.write.arriveAtSite(key, by), "OrderWrongState");
      await orders.write.beginRepair(key, by);
      await refused(orders.write.selfClear([...key, [], []]), "OrderWrongState");
    });
  });

  describe("verification", () => {
    it("needs enough readings, contiguous, inside by the band, after the claim, spanning the time", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const { claimedAt } = await toVerifying(community, device);
      const span = TERMS.verifySpan;
      const end = claimedAt + span + 1;
      await travelTo(community, end + 100);
      const prove = (run: ReturnType<typeof goodRun>) => orders.write.proveRepair([1, LIMITS, run, []]);
      await refused(prove(goodRun(community, device, end, span, 2)), "OrderUnproven");
      await refused(prove(goodRun(community, device, end, span - 1)), "OrderUnproven");
      await refused(prove(goodRun(community, device, end - 1, span)), "OrderUnproven");
      const bad = goodRun(community, device, end, span, 2);
      await refused(prove([...bad, next(community, device, end, 951)]), "OrderUnproven");
      const gap = goodRun(community, device, end, span);
      device.counter += 1;
      await refused(prove([...gap, next(community, device, end, 200)]), "EquipmentRunBroken");
      const foreign = await installDevice(community, { index: 8 });
      await refused(prove(goodRun(community, foreign, end, span)), "OrderUnproven");
      await prove(goodRun(community, device, end, span));
      expect((await orderOf(community, 1)).state).to.equal(STATE.restored);
    });

    it("of a critical device needs its independent partner too", async () => {
      const { community, critical } = await fresh();
      const { orders } = community;
      const partner: PlayedDevice = { ...critical, id: 2, counter: 0 };
      const second = await installDevice(community, { index: 20 });
      const { claimedAt } = await toVerifying(community, critical);
      const end = claimedAt + TERMS.verifySpan + 1;
      await travelTo(community, end + 10);
      const run = goodRun(community, critical, end);
      await refused(orders.write.proveRepair([critical.id, LIMITS, run, []]), "EquipmentRunBroken");
      await refused(orders.write.proveRepair([critical.id, LIMITS, run, run]), "OrderUnproven");
      await refused(
        orders.write.proveRepair([critical.id, LIMITS, run, goodRun(community, second, end)]),
        "OrderUnproven",
      );
      const witness = {
        ...partner,
        privateKey: (await import("../../scripts/lib/community.ts")).keyOf("secp256k1", 2),
      };
      await orders.write.proveRepair([critical.id, LIMITS, run, goodRun(community, witness, end)]);
      expect((await orderOf(community, critical.id)).state).to.equal(STATE.restored);
    });

    it("fails on one reading outside after the claim, and the work goes on", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const { claimedAt } = await toVerifying(community, device);
      await travelTo(community, claimedAt + 10);
      const early = next(community, device, claimedAt, 1_400);
      await refused(orders.write.disprove([1, LIMITS, [early]]), "OrderUnproven");
      await refused(
        orders.write.disprove([1, LIMITS, [next(community, device, claimedAt + 1, 1_000)]]),
        "OrderUnproven",
      );
      // Another device's trouble says nothing about this repair.
      const other = await installDevice(community, { index: 8 });
      const elsewhere = next(community, other, await chainTime(community), 1_400);
      await refused(orders.write.disprove([1, LIMITS, [elsewhere]]), "OrderUnproven");
      const late = next(community, device, claimedAt + 1, 1_001);
      const failed = await emitted(community, await orders.write.disprove([1, LIMITS, [late]]), orders, "FixFailed");
      expect(failed.failures).to.equal(1);
      expect((await orderOf(community, 1)).state).to.equal(STATE.working);
    });

    it("that nobody brings in time counts as a failed fix", async () => {
      const { community, device } = await fresh();
      const { claimedAt } = await toVerifying(community, device);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(claimedAt + TERMS.verifyWindow) });
      await refused(community.orders.write.escalate([1, LIMITS], { gas: 300_000n }), "OrderNotDue");
      const hash = await community.orders.write.escalate([1, LIMITS]);
      await emitted(community, hash, community.orders, "FixFailed");
      expect((await orderOf(community, 1)).state).to.equal(STATE.working);
    });
  });

  describe("a fault that goes away", () => {
    it("clears before work begins by the device's readings; the call-out is paid only on site", async () => {
      const { community, device } = await fresh();
      const { orders, service } = community;
      for (const onSite of [false, true]) {
        await report(community, device);
        if (onSite) await orders.write.arriveAtSite([1, LIMITS], await assignee(community, 1));
        const opened = (await orderOf(community, 1)).openedAt;
        await travelTo(community, opened + TERMS.verifySpan + 10);
        const hash = await orders.write.selfClear([
          1,
          LIMITS,
          goodRun(community, device, opened + TERMS.verifySpan + 5),
          [],
        ]);
        expect((await emitted(community, hash, orders, "OrderSelfCleared")).onSite).to.equal(onSite);
        // Whom it was assigned to is free again.
        expect((await orders.read.figuresOf([1])).loads).to.equal(0n);
        const settled = await emitted(community, hash, service, "RepairSettled");
        expect(settled).to.deep.include({ outcome: 1, fee: onSite ? 10n ** 16n : 0n });
      }
      const record = await service.read.recordOf([orders.address, 1, 1]);
      expect(record.falseAlarms).to.equal(2);
    });

    it("does not clear what residents reported", async () => {
      const { community, residents } = await fresh();
      for (const account of residents.slice(0, 3)) await community.forum.write.say([1, 0], { account });
      await community.orders.write.open([1, REPORTED]);
      await refused(community.orders.write.selfClear([1, REPORTED, [], []]), "OrderNotClearable");
    });
  });

  describe("escalation", () => {
    it("climbs one level when the response time is over, not a second earlier", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const { openedAt } = await orderOf(community, 1);
      expect(await community.orders.read.dueAt([1, LIMITS])).to.equal(BigInt(openedAt + TERMS.response));
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(openedAt + TERMS.response) });
      await refused(community.orders.write.escalate([1, LIMITS], { gas: 300_000n }), "OrderNotDue");
      const hash = await community.orders.write.escalate([1, LIMITS]);
      const event = await emitted(community, hash, community.orders, "OrderReassigned");
      expect(event).to.deep.include({ level: 2, seat: LEAD });
      expect((await community.orders.read.figuresOf([1])).loads).to.equal(0n);
    });

    it("gives the same order whether called at every deadline or once after all of them", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const { openedAt } = await orderOf(community, 1);
      const snapshot = await community.test.snapshot();
      for (let level = 1; level < 5; level++) {
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(openedAt + level * TERMS.response + 1) });
        await community.orders.write.escalate([1, LIMITS]);
      }
      const punctual = await orderOf(community, 1);
      await community.test.revert({ id: snapshot });
      await travelTo(community, openedAt + 40 * TERMS.response);
      await community.orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.equal(punctual);
      expect(punctual).to.deep.include({ level: 5, seat: BACKUP, state: STATE.assigned });
      await refused(community.orders.write.escalate([1, LIMITS]), "OrderNotDue");
    });

    it("climbs a level for each deadline that is over, and none for one that is only reached", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const { openedAt } = await orderOf(community, 1);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(openedAt + 2 * TERMS.response) });
      await community.orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({ level: 2, stageAt: openedAt + TERMS.response });
      await community.orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({ level: 3, stageAt: openedAt + 2 * TERMS.response });
    });

    it("leaves the last level to whoever is on site already: owners and regulator only look on", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      await report(community, device);
      await travelTo(community, (await orderOf(community, 1)).openedAt + 3 * TERMS.response + 1);
      await orders.write.escalate([1, LIMITS]);
      const by = await assignee(community, 1);
      await orders.write.arriveAtSite([1, LIMITS], by);
      const due = (await chainTime(community)) + TERMS.restore;
      await travelTo(community, due);
      await orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({
        level: 5,
        seat: BACKUP,
        state: STATE.onSite,
        stageAt: due,
      });
      await orders.write.claimRepaired([1, LIMITS, 1, EVIDENCE], by);
    });

    it("hands on what was accepted or begun and not finished", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      await report(community, device);
      await orders.write.acceptWork([1, LIMITS], await assignee(community, 1));
      await travelTo(community, (await chainTime(community)) + TERMS.arrival + 1);
      await orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.assigned, seat: LEAD });
      await orders.write.arriveAtSite([1, LIMITS], await assignee(community, 1));
      await travelTo(community, (await chainTime(community)) + TERMS.restore + 1);
      await orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.assigned, seat: PRINCIPAL, level: 3 });
      const by = await assignee(community, 1);
      await orders.write.arriveAtSite([1, LIMITS], by);
      await orders.write.beginRepair([1, LIMITS], by);
      // The clock of the stage runs from arrival on.
      const { stageAt } = await orderOf(community, 1);
      expect(await orders.read.dueAt([1, LIMITS])).to.equal(BigInt(stageAt + TERMS.restore));
      await travelTo(community, stageAt + TERMS.restore);
      await orders.write.escalate([1, LIMITS]);
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.assigned, seat: BACKUP, level: 4 });
    });

    it("gives a second hold only what the first left of the time for parts", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const key = [1, LIMITS] as const;
      await report(community, device);
      const by = await assignee(community, 1);
      await orders.write.arriveAtSite(key, by);
      await orders.write.beginRepair(key, by);
      await orders.write.hold(key, by);
      await travelTo(community, (await chainTime(community)) + 3_600);
      await orders.write.continueWork(key, by);
      await orders.write.hold(key, by);
      const due = (await chainTime(community)) + TERMS.holdMax - 3_600;
      expect(await orders.read.dueAt(key)).to.equal(BigInt(due));
      await travelTo(community, due);
      await orders.write.escalate(key);
      expect(await orderOf(community, 1)).to.deep.include({
        state: STATE.working,
        held: TERMS.holdMax / 60,
        stageAt: due,
      });
    });

    it("ends a hold when the time for parts is used up, and another at once", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const key = [1, LIMITS] as const;
      await report(community, device);
      const by = await assignee(community, 1);
      await orders.write.arriveAtSite(key, by);
      await orders.write.beginRepair(key, by);
      await orders.write.hold(key, by);
      await travelTo(community, (await chainTime(community)) + TERMS.holdMax + 60);
      await orders.write.escalate(key);
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.working, held: TERMS.holdMax / 60 });
      // Another wait is over as soon as anyone says so.
      await orders.write.hold(key, by);
      await travelTo(community, (await chainTime(community)) + 1);
      await orders.write.escalate(key);
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.working, held: TERMS.holdMax / 60 });
    });
  });

  describe("the rota", () => {
    it("names whom every client computes", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      for (let i = 30; i < 40; i++) {
        const other = await installDevice(community, { index: i });
        const [figures, availability] = [await orders.read.figuresOf([1]), await orders.read.availabilityOf([1, 0])];
        await report(community, other);
        const order = await orderOf(community, other.id);
        const expected = assign(
          figures,
          availability,
          { device: other.id, kind: LIMITS, number: 1, round: 0 },
          order.openedAt,
        );
        expect({ level: order.level, seat: order.seat }).to.deep.equal(expected);
      }
      const { loads } = await orders.read.figuresOf([1]);
      const spread = [0n, 8n, 16n].map((shift) => Number((loads >> shift) & 0xffn));
      expect(Math.max(...spread) - Math.min(...spread)).to.be.at.most(1);
      await report(community, device);
    });

    it("goes on to another when the named one declines, at the cost of a point and the shift", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      await report(community, device);
      const first = (await orderOf(community, 1)).seat;
      const hash = await orders.write.decline([1, LIMITS], await assignee(community, 1));
      await emitted(community, hash, orders, "OrderDeclined");
      expect((await emitted(community, hash, orders, "RotaPointLost")).points).to.equal(1);
      const { seat: second, openedAt } = await orderOf(community, 1);
      expect(await emitted(community, hash, orders, "OrderReassigned")).to.deep.include({ level: 1, seat: second });
      expect(second).to.not.equal(first);
      // What every client computes: the shift given up, the load gone, another round.
      expect((await orders.read.availabilityOf([1, 0])) & (1n << BigInt(first))).to.equal(0n);
      const figures = { ...(await orders.read.figuresOf([1])), loads: 0n };
      const again = { device: 1, kind: LIMITS, number: 1, round: first + 1 };
      const predicted = assign(figures, await orders.read.availabilityOf([1, 0]), again, await chainTime(community));
      expect(predicted).to.deep.equal({ level: 1, seat: second });
      expect((await orderOf(community, 1)).stageAt).to.equal(openedAt);
      await orders.write.decline([1, LIMITS], await assignee(community, 1));
      await orders.write.decline([1, LIMITS], await assignee(community, 1));
      expect(await orderOf(community, 1)).to.deep.include({ level: 2, seat: LEAD });
      expect((await orders.read.figuresOf([1])).loads).to.equal(0n);
      expect((await orders.read.seatOf([1, first]))[1]).to.equal(1);
      // The lead cannot decline, only let time pass.
      await refused(orders.write.decline([1, LIMITS], await assignee(community, 1)), "OrderWrongState");
    });

    it("takes the running shift from who declines, and none before or after it", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const { epoch } = await orders.read.figuresOf([1]);
      await travelTo(community, epoch + 5 * 28_800);
      await report(community, device);
      const { seat } = await orderOf(community, 1);
      const before = await orders.read.availabilityOf([1, 0]);
      await orders.write.decline([1, LIMITS], await assignee(community, 1));
      expect(before ^ (await orders.read.availabilityOf([1, 0]))).to.equal(1n << BigInt(5 * 16 + seat));
    });

    it("goes to the lead when nobody is on duty", async () => {
      const { community, device } = await fresh();
      await travelTo(community, (await chainTime(community)) + 16 * 28_800);
      await report(community, device);
      expect(await orderOf(community, 1)).to.deep.include({ level: 2, seat: LEAD });
    });

    it("seats only credentialed technicians, sixteen at most, by the principal", async () => {
      const { community } = await fresh();
      const { orders, credentials } = community;
      const principal = { account: wallet(community, 3).account };
      const stranger = wallet(community, 15).account;
      await refused(orders.write.addMember([1, stranger.address]), "CrewNotPrincipal");
      await refused(orders.write.addMember([1, stranger.address], principal), "CrewMemberCredential");
      await credentials.write.set([CREDENTIAL.technician, stranger.address, true]);
      const hash = await orders.write.addMember([1, stranger.address], principal);
      expect((await emitted(community, hash, orders, "MemberJoined")).seat).to.equal(3);
      for (let i = 4; i < 16; i++) await orders.write.addMember([1, stranger.address], principal);
      await refused(orders.write.addMember([1, stranger.address], principal), "CrewFull");
      await refused(orders.write.removeMember([1, 3]), "CrewMemberCredential");
      await credentials.write.set([CREDENTIAL.technician, stranger.address, false]);
      await refused(orders.write.setAvailability([1, 3, 0, 1], { account: stranger }), "CrewMemberCredential");
      await emitted(community, await orders.write.removeMember([1, 3]), orders, "MemberLeft");
      await refused(orders.write.removeMember([1, 3]), "CrewNotSeatHolder");
      await refused(orders.write.removeMember([1, LEAD as number], principal), "CrewNotSeatHolder");
    });

    it("frees a seat for another, who begins with a clean record; the seats beside it stay", async () => {
      const { community, device } = await fresh();
      const { orders, credentials } = community;
      const principal = { account: wallet(community, 3).account };
      await report(community, device);
      const { seat } = await orderOf(community, 1);
      await orders.write.decline([1, LIMITS], await assignee(community, 1));
      expect(await orders.read.seatOf([1, seat])).to.deep.equal([seatAccount(community, seat).address, 1]);
      const before = await orders.read.figuresOf([1]);
      // The principal may take a seat back at any time, licence or not.
      await orders.write.removeMember([1, seat], principal);
      const between = await orders.read.figuresOf([1]);
      expect([between.size, between.active]).to.deep.equal([3, before.active & ~(1 << seat)]);
      const newcomer = wallet(community, 15).account;
      await credentials.write.set([CREDENTIAL.technician, newcomer.address, true]);
      await orders.write.addMember([1, newcomer.address], principal);
      const after = await orders.read.figuresOf([1]);
      expect([after.size, after.active]).to.deep.equal([before.size, before.active]);
      expect(await orders.read.seatOf([1, seat])).to.deep.equal([newcomer.address, 0]);
    });

    it("keeps one bit for each member and shift", async () => {
      const { community } = await fresh();
      const { orders } = community;
      await orders.write.setAvailability([1, 2, 1, 0b101], { account: seatAccount(community, 2) });
      await orders.write.setAvailability([1, 1, 1, 0b110], { account: seatAccount(community, 1) });
      const word = (1n << 2n) | (1n << 34n) | (1n << 17n) | (1n << 33n);
      expect(await orders.read.availabilityOf([1, 1])).to.equal(word);
      await orders.write.setAvailability([1, 1, 1, 0b010], { account: seatAccount(community, 1) });
      expect(await orders.read.availabilityOf([1, 1])).to.equal(word & ~(1n << 33n));
      await refused(
        orders.write.setAvailability([1, LEAD as number, 1, 1], { account: seatAccount(community, LEAD as number) }),
        "CrewNotSeatHolder",
      );
    });

    it("of a crew that nobody founded names the lead's empty seat, and time does not help", async () => {
      const { community } = await fresh();
      const orphan = await installDevice(community, { index: 9, profile: { crew: 9 } });
      await report(community, orphan);
      expect(await orderOf(community, orphan.id)).to.deep.include({ level: 2, seat: LEAD, crew: 9 });
      expect((await community.orders.read.seatOf([9, LEAD as number]))[0]).to.match(/^0x0{40}$/);
    });

    it("takes availability in advance only, from the member only", async () => {
      const { community } = await fresh();
      const { orders } = community;
      const member = { account: wallet(community, 6).account };
      await refused(orders.write.setAvailability([1, 1, 0, 1], member), "CrewNotSeatHolder");
      await travelTo(community, (await chainTime(community)) + 2 * 28_800);
      // The two shifts that are over keep their bits.
      const hash = await orders.write.setAvailability([1, 0, 0, 0], member);
      await emitted(community, hash, orders, "AvailabilitySet");
      const word = await orders.read.availabilityOf([1, 0]);
      expect([0, 1, 2, 15].map((shift) => (word >> BigInt(16 * shift)) & 1n)).to.deep.equal([1n, 1n, 0n, 0n]);
      await travelTo(community, (await chainTime(community)) + 14 * 28_800);
      await refused(orders.write.setAvailability([1, 0, 0, 1], member), "CrewPeriodOver");
    });

    it("founds crews with whole terms only", async () => {
      const { community } = await fresh();
      const [lead, backup] = [wallet(community, 4).account.address, wallet(community, 5).account.address];
      const none = "0x0000000000000000000000000000000000000000";
      const found = (terms: Partial<Record<keyof typeof TERMS, number>>, shift = 28_800, first = lead as string) =>
        community.orders.write.foundCrew([first as `0x${string}`, backup, shift, { ...TERMS, ...terms }]);
      for (const field of Object.keys(TERMS) as (keyof typeof TERMS)[])
        await refused(found({ [field]: 0 }), "CrewTermsInvalid");
      await refused(found({}, 3_599), "CrewTermsInvalid");
      await refused(found({}, 28_800, none), "CrewTermsInvalid");
      await refused(found({ verifyCount: 1 }), "CrewTermsInvalid");
      await refused(found({ verifyWindow: TERMS.verifySpan - 1 }), "CrewTermsInvalid");
      await refused(found({ warranty: TERMS.confirmWindow - 1 }), "CrewTermsInvalid");
      await refused(community.orders.write.foundCrew([lead, none as `0x${string}`, 28_800, TERMS]), "CrewTermsInvalid");
      await emitted(community, await found({}), community.orders, "CrewFounded");
      expect(await community.orders.read.termsOf([2])).to.deep.equal({ ...TERMS });
      const shortest = { verifyCount: 2, verifyWindow: TERMS.verifySpan, warranty: TERMS.confirmWindow };
      await found(shortest, 3_600);
      expect(await community.orders.read.termsOf([3])).to.deep.equal({ ...TERMS, ...shortest });
      const { shiftLength, epoch, verifySpan, verifyCount } = await community.orders.read.figuresOf([3]);
      expect([shiftLength, epoch, verifySpan, verifyCount]).to.deep.equal([
        3_600,
        await chainTime(community),
        TERMS.verifySpan,
        2,
      ]);
    });
  });

  describe("a redo", () => {
    it("inside the warranty is linked, free and penalised; after it a new order is paid", async () => {
      const { community, device } = await fresh();
      const { orders, service } = community;
      await toRestored(community, device);
      await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
      await orders.write.settle([1, LIMITS]);
      await toRestored(community, device);
      expect(await orderOf(community, 1)).to.deep.include({ number: 2, redo: true });
      await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
      const redone = await emitted(community, await orders.write.settle([1, LIMITS]), service, "RepairSettled");
      expect(redone.fee).to.equal(0n);
      expect((redone.penalty as bigint) >= 2n * 10n ** 17n).to.equal(true);
      await travelTo(community, (await chainTime(community)) + TERMS.warranty);
      await report(community, device);
      expect(await orderOf(community, 1)).to.deep.include({ number: 3, redo: false });
    });

    it("is no matter of another crew: its first order of a device is paid", async () => {
      const { community, device } = await fresh();
      await toRestored(community, device);
      await foundCrew(community, 1, 12);
      const profile = { ...PROFILE, crew: 2 };
      const message = { device: 1, profile, sequence: 0n, deadline: 2 ** 40 - 1 };
      const both = await approve(community, ["owner", "installer"], "Adjustment", message, message.deadline);
      await community.register.write.adjust([1, profile, both]);
      await report(community, device);
      expect(await orderOf(community, 1)).to.deep.include({ number: 2, crew: 2, redo: false });
    });

    it("is opened by the register's knowledge only when the device spoke after the end", async () => {
      for (const after of [0, 1]) {
        const { community, device } = await fresh();
        const { orders, register, test } = community;
        await report(community, device);
        const end = (await orderOf(community, 1)).openedAt + TERMS.verifySpan + 10;
        await travelTo(community, end - 2);
        const run = goodRun(community, device, end - 5);
        await register.write.record([next(community, device, end + after, 1_400)]);
        await test.setNextBlockTimestamp({ timestamp: BigInt(end) });
        await orders.write.selfClear([1, LIMITS, run, []]);
        expect((await orderOf(community, 1)).state).to.equal(STATE.selfCleared);
        if (after === 0) await refused(orders.write.open([1, LIMITS]), "OrderWithoutFault");
        else await orders.write.open([1, LIMITS]);
      }
    });

    it("before the confirm window is over settles the first order and links the second", async () => {
      const { community, device } = await fresh();
      await toRestored(community, device);
      const hash = await report(community, device);
      await emitted(community, hash, community.service, "RepairSettled");
      expect((await emitted(community, hash, community.orders, "OrderOpened")).redo).to.equal(true);
    });
  });

  describe("residents, on the roll of ResidentForum", () => {
    it("open an order for what sensors do not see, and confirm a repair before the window is over", async () => {
      const { community, device, residents } = await fresh();
      const { forum, orders } = community;
      for (const account of residents.slice(0, 3)) await forum.write.say([1, 0], { account });
      await orders.write.open([1, REPORTED]);
      const by = await assignee(community, 1, REPORTED);
      await orders.write.arriveAtSite([1, REPORTED], by);
      await orders.write.claimRepaired([1, REPORTED, 7, EVIDENCE], by);
      const end = (await chainTime(community)) + TERMS.verifySpan + 1;
      await travelTo(community, end);
      await orders.write.proveRepair([1, REPORTED, goodRun(community, device, end), []]);
      await refused(orders.write.settle([1, REPORTED]), "OrderNotDue");
      for (const account of residents.slice(0, 3)) await forum.write.say([1, 1], { account });
      // The lot has to pass the order by as well.
      await refused(orders.write.settle([1, REPORTED]), "OrderNotDue");
      await lotFalls(community, [1, REPORTED], false);
      await refused(orders.write.inspect([1, REPORTED]), "ForumNotChosen");
      await orders.write.settle([1, REPORTED]);
      await refused(orders.write.open([1, REPORTED]), "OrderWithoutFault");
    });

    async function disputed() {
      const world = await fresh();
      const { community, device, residents } = world;
      await toRestored(community, device);
      const account = residents[0] as (typeof residents)[0];
      const value = 10n ** 16n;
      const hash = await community.orders.write.dispute([1, LIMITS], { account, value });
      const { disputeId } = await emitted(community, hash, community.orders, "OrderDisputed");
      await community.test.mine({ blocks: 3 });
      const drawn = await community.forum.write.drawPanel([disputeId as `0x${string}`]);
      const { panel } = await emitted(community, drawn, community.forum, "PanelDrawn");
      return { ...world, id: disputeId as `0x${string}`, panel: panel as `0x${string}`[], account, value };
    }

    it("dispute with a bond; upheld: no fee, a redo, and the bond comes back", async () => {
      const { community, id, panel, account, value } = await disputed();
      const { orders, forum, service } = community;
      await refused(orders.write.rule([1, LIMITS]), "OrderUndecided");
      await refused(forum.write.payBond([id]), "ForumBondNotDue");
      expect(panel.map((member) => member.toLowerCase())).to.not.include(account.address.toLowerCase());
      for (const member of panel.slice(0, 2)) {
        const hash = await forum.write.vote([id, true], { account: member });
        await emitted(community, hash, forum, "PanelVoted");
        await refused(forum.write.vote([id, true], { account: member }), "ForumNoVote");
      }
      await refused(forum.write.vote([id, true], { account: account.address }), "ForumNoVote");
      const hash = await orders.write.rule([1, LIMITS]);
      expect((await emitted(community, hash, orders, "OrderClosed")).refuted).to.equal(true);
      const settled = await emitted(community, hash, service, "RepairSettled");
      expect(settled).to.deep.include({ outcome: 2, fee: 0n });
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.assigned, number: 2, redo: true });
      const before = await community.client.getBalance({ address: account.address });
      const paid = await emitted(community, await forum.write.payBond([id]), forum, "DisputeBondPaid");
      expect(paid.amount).to.equal(value);
      expect(await community.client.getBalance({ address: account.address })).to.equal(before + value);
      await refused(forum.write.payBond([id]), "ForumBondNotDue");
    });

    it("dispute with a bond; rejected or unheard: the device's evidence stands and the bond is lost", async () => {
      for (const votes of [2, 1, 0]) {
        const { community, id, panel, value } = await disputed();
        const { orders, forum, parties } = community;
        for (const member of panel.slice(0, votes)) await forum.write.vote([id, false], { account: member });
        if (votes < 2) await travelTo(community, (await chainTime(community)) + 5 * 86_400 + 1);
        await orders.write.rule([1, LIMITS]);
        expect((await orderOf(community, 1)).state).to.equal(STATE.closed);
        const before = await community.client.getBalance({ address: parties.owner.address });
        await forum.write.payBond([id]);
        expect(await community.client.getBalance({ address: parties.owner.address })).to.equal(before + value);
      }
    });

    it("get an inspection by lot, without a bond: the panel judges the repair", async () => {
      for (const uphold of [true, false]) {
        const { community, device } = await fresh();
        const { orders, forum, service } = community;
        const key = [1, LIMITS] as const;
        await refused(orders.write.nominate(key), "OrderNotDisputable");
        await refused(orders.write.inspect(key), "OrderWrongState");
        await toRestored(community, device);
        await refused(orders.write.inspect(key), "ForumNotChosen");
        const id = await lotFalls(community, key, true);
        await refused(orders.write.nominate(key), "ForumNominatedBefore");
        const hash = await orders.write.inspect(key);
        await emitted(community, hash, orders, "OrderDisputed");
        expect((await emitted(community, hash, forum, "InspectionOpened")).id).to.equal(id);
        await community.test.mine({ blocks: 2 });
        await forum.write.drawPanel([id]);
        const { panel } = await forum.read.disputeOf([id]);
        expect(new Set(panel).size).to.equal(3);
        for (const account of panel.slice(0, 2)) await forum.write.vote([id, uphold], { account });
        const settled = await emitted(community, await orders.write.rule(key), service, "RepairSettled");
        expect(settled).to.deep.include(uphold ? { outcome: 2, fee: 0n } : { outcome: 0, fee: 10n ** 17n });
        expect((await orderOf(community, 1)).redo).to.equal(uphold);
        await refused(forum.write.payBond([id]), "ForumBondNotDue");
      }
    });

    it("nominate once, in the window; the lot is known from its block on, for 256 blocks", async () => {
      const { community, device } = await fresh();
      const { orders, forum, test } = community;
      const key = [1, LIMITS] as const;
      await toRestored(community, device);
      const restoredAt = await chainTime(community);
      const nominated = await emitted(community, await orders.write.nominate(key), forum, "RepairNominated");
      const [id, drawBlock] = [nominated.id as Hex, nominated.drawBlock as number];
      const blockNumber = async () => Number(await community.client.getBlockNumber({ cacheTime: 0 }));
      expect(drawBlock).to.equal((await blockNumber()) + 2);
      await test.mine({ blocks: 2 });
      expect(await forum.read.lotOf([id])).to.deep.equal([false, false]);
      await test.mine({ blocks: 1 });
      expect((await forum.read.lotOf([id]))[0]).to.equal(true);
      await test.mine({ blocks: drawBlock + 256 - (await blockNumber()) });
      expect((await forum.read.lotOf([id]))[0]).to.equal(true);
      await test.mine({ blocks: 1 });
      expect((await forum.read.lotOf([id]))[0]).to.equal(false);
      await refused(orders.write.inspect(key), "ForumNotChosen");
      await test.setNextBlockTimestamp({ timestamp: BigInt(restoredAt + TERMS.confirmWindow + 1) });
      await refused(orders.write.nominate(key, { gas: 300_000n }), "OrderNotDisputable");
    });

    it("dispute only as residents, in the window, with the exact bond", async () => {
      const { community, device, residents } = await fresh();
      const { orders } = community;
      const account = residents[0] as (typeof residents)[0];
      const value = 10n ** 16n;
      await report(community, device);
      await refused(orders.write.dispute([1, LIMITS], { account, value }), "OrderNotDisputable");
      await connection.networkHelpers.loadFixture(fixture);
      device.counter = 0;
      await toRestored(community, device);
      const restoredAt = await chainTime(community);
      const stranger = wallet(community, 15).account;
      await refused(orders.write.dispute([1, LIMITS], { account: stranger, value }), "OrderNotDisputable");
      await refused(orders.write.dispute([1, LIMITS], { account, value: value - 1n }), "ForumDisputeRefused");
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(restoredAt + TERMS.confirmWindow + 1) });
      await refused(orders.write.dispute([1, LIMITS], { account, value, gas: 500_000n }), "OrderNotDisputable");
    });

    it("may dispute in the last second of the window, in which nobody can settle yet", async () => {
      const { community, device, residents } = await fresh();
      const { orders, test } = community;
      const { hash } = await toRestored(community, device);
      const { timestamp } = await community.client.getBlock({
        blockNumber: (await community.client.getTransactionReceipt({ hash })).blockNumber,
      });
      const last = timestamp + BigInt(TERMS.confirmWindow);
      await test.setNextBlockTimestamp({ timestamp: last });
      await refused(orders.write.settle([1, LIMITS], { gas: 500_000n }), "OrderNotDue");
      await connection.networkHelpers.loadFixture(fixture);
      device.counter = 0;
      await toRestored(community, device);
      const until = (await chainTime(community)) + TERMS.confirmWindow;
      await test.setNextBlockTimestamp({ timestamp: BigInt(until) });
      const [account] = residents as [(typeof residents)[0]];
      await orders.write.dispute([1, LIMITS], { account, value: 10n ** 16n });
      expect(await orderOf(community, 1)).to.deep.include({ state: STATE.disputed, stageAt: until });
    });

    it("cannot confirm in advance: only what they say after the proof counts", async () => {
      const { community, device, residents } = await fresh();
      const { forum, orders } = community;
      const { claimedAt } = await toVerifying(community, device);
      for (const account of residents.slice(0, 3)) await forum.write.say([1, 1], { account });
      const end = claimedAt + TERMS.verifySpan + 1;
      await travelTo(community, end);
      await orders.write.proveRepair([1, LIMITS, goodRun(community, device, end), []]);
      await lotFalls(community, [1, LIMITS], false);
      await refused(orders.write.settle([1, LIMITS]), "OrderNotDue");
      for (const account of residents.slice(0, 3)) await forum.write.say([1, 1], { account });
      await orders.write.settle([1, LIMITS]);
    });

    it("who confirm in the very second of the proof have not seen the repair yet", async () => {
      const { community, device, residents } = await fresh();
      const { forum, orders, test } = community;
      const { claimedAt } = await toVerifying(community, device);
      const [third, ...others] = residents.slice(0, 3) as [(typeof residents)[0]];
      for (const account of others) await forum.write.say([1, 1], { account });
      const end = claimedAt + TERMS.verifySpan + 1;
      await travelTo(community, end);
      const run = goodRun(community, device, end);
      await test.setAutomine(false);
      const proof = await orders.write.proveRepair([1, LIMITS, run, []], { gas: 2_000_000n });
      const word = await forum.write.say([1, 1], { account: third, gas: 500_000n });
      await test.mine({ blocks: 1 });
      await test.setAutomine(true);
      await emitted(community, proof, orders, "OrderRestored");
      await emitted(community, word, forum, "ResidentsAgreed");
      expect(await forum.read.agreedAt([1, 1])).to.equal((await orderOf(community, 1)).stageAt);
      await lotFalls(community, [1, LIMITS], false);
      await refused(orders.write.settle([1, LIMITS]), "OrderNotDue");
    });

    it("open nothing for a device that is retired", async () => {
      const { community, residents } = await fresh();
      const { forum, orders, register } = community;
      for (const account of residents.slice(0, 3)) await forum.write.say([1, 0], { account });
      const message = { device: 1, sequence: 0n, deadline: 2 ** 40 - 1 };
      const approvals = await approve(community, ["owner", "installer"], "Retirement", message, message.deadline);
      await register.write.retire([1, approvals]);
      await refused(orders.write.open([1, REPORTED]), "OrderWithoutFault");
    });

    it("are on the roll with their community's credential, and leave it with it", async () => {
      const { community, residents } = await fresh();
      const { forum, credentials, parties } = community;
      const home = parties.owner.address;
      const type = CREDENTIAL.resident(home);
      const stranger = { account: wallet(community, 15).account };
      await refused(forum.write.enrol([home], stranger), "ForumNotResident");
      await refused(forum.write.say([1, 0], stranger), "ForumNotResident");
      const [first] = residents as [(typeof residents)[0]];
      await refused(forum.write.enrol([home], { account: first }), "ForumNotResident");
      await refused(forum.write.strike([home, first.address]), "ForumStillResident");
      await refused(forum.write.strike([home, stranger.account.address]), "ForumNotResident");
      await credentials.write.set([type, first.address, false]);
      await emitted(community, await forum.write.strike([home, first.address]), forum, "ResidentStruck");
      expect(await forum.read.residentCount([home])).to.equal(4);
      await credentials.write.set([type, first.address, true]);
      const hash = await forum.write.enrol([home], { account: first });
      expect((await emitted(community, hash, forum, "ResidentEnrolled")).index).to.equal(4);
      // Who was struck left the place to the last, who can be struck from there.
      const last = (residents[4] as (typeof residents)[0]).address;
      const roll = async () => Promise.all([0, 1, 2, 3, 4, 5].map((index) => forum.read.residentAt([home, index])));
      expect((await roll())[0]?.toLowerCase()).to.equal(last.toLowerCase());
      await credentials.write.set([type, last, false]);
      await forum.write.strike([home, last]);
      expect((await roll()).map((account) => account.toLowerCase())).to.deep.equal([
        ...[first, residents[1], residents[2], residents[3]].map((account) => account?.address.toLowerCase()),
        `0x${"00".repeat(20)}`,
        `0x${"00".repeat(20)}`,
      ]);
      await refused(forum.write.strike([home, last]), "ForumNotResident");
      expect(await forum.read.isResident([home, first.address])).to.equal(true);
      expect(await forum.read.isResident([home, last])).to.equal(false);
    });

    it("agree when all of a small community say so; what was said a day ago to the second still counts", async () => {
      const { community, residents } = await fresh();
      const { forum, credentials, parties, test } = community;
      const home = parties.owner.address;
      for (const { address } of residents.slice(2)) {
        await credentials.write.set([CREDENTIAL.resident(home), address, false]);
        await forum.write.strike([home, address]);
      }
      const [first, second] = residents as [(typeof residents)[0], (typeof residents)[0]];
      for (let round = 0; round < 2; round++) {
        await forum.write.say([1, 0], { account: first });
        const firstAt = await chainTime(community);
        await test.setNextBlockTimestamp({ timestamp: BigInt(firstAt + 86_400) });
        const hash = await forum.write.say([1, 0], { account: second });
        await emitted(community, hash, forum, "ResidentsAgreed");
        expect(await forum.read.agreedAt([1, 0])).to.equal(firstAt + 86_400);
      }
    });

    it("split or silent, leave the device's evidence standing; one voice alone decides when time is up", async () => {
      for (const [votes, upheld] of [
        [[true, false], false],
        [[true], true],
        [[false], false],
      ] as const) {
        const { community, id, panel } = await disputed();
        const { forum, test } = community;
        for (const [i, vote] of votes.entries())
          await forum.write.vote([id, vote], { account: panel[i] as `0x${string}` });
        const { voteUntil } = await forum.read.disputeOf([id]);
        await travelTo(community, voteUntil);
        expect(await forum.read.verdictOf([id])).to.deep.equal([false, false]);
        await test.mine({ blocks: 1 });
        expect(await forum.read.verdictOf([id])).to.deep.equal([true, upheld]);
      }
    });

    it("vote until the last second of the panel's time", async () => {
      const { community, id, panel } = await disputed();
      const { forum, test } = community;
      const { voteUntil } = await forum.read.disputeOf([id]);
      const [early, late] = panel as [Hex, Hex];
      await test.setNextBlockTimestamp({ timestamp: BigInt(voteUntil) });
      await forum.write.vote([id, true], { account: early });
      await test.setNextBlockTimestamp({ timestamp: BigInt(voteUntil) + 1n });
      await refused(forum.write.vote([id, true], { account: late, gas: 300_000n }), "ForumNoVote");
    });

    it("are drawn from the second block on; a small community fills as many seats as it can", async () => {
      const { community, residents } = await fresh();
      const { forum, credentials, parties, test } = community;
      const home = parties.owner.address;
      for (const { address } of residents.slice(3)) {
        await credentials.write.set([CREDENTIAL.resident(home), address, false]);
        await forum.write.strike([home, address]);
      }
      const court = wallet(community, 15).account;
      const [plaintiff, ...others] = residents.slice(0, 3).map(({ address }) => address) as [Hex, Hex, Hex];
      const reference = `0x${"0c".repeat(32)}` as const;
      await forum.write.openDispute([reference, home, plaintiff], { account: court, value: 10n ** 16n });
      const id = await forum.read.disputeId([court.address, reference]);
      await refused(forum.write.drawPanel([id], { gas: 500_000n }), "ForumDrawNotReady");
      await forum.write.drawPanel([id]);
      const { panel, drawFrom } = await forum.read.disputeOf([id]);
      expect(BigInt(drawFrom)).to.equal(await community.client.getBlockNumber({ cacheTime: 0 }));
      const seated = panel.map((member) => member.toLowerCase());
      expect(seated.slice(0, 2).sort()).to.deep.equal(others.map((member) => member.toLowerCase()).sort());
      expect(seated[2]).to.match(/^0x0{40}$/);
      const empty = `0x${"0d".repeat(32)}` as const;
      await forum.write.openDispute([empty, court.address, plaintiff], { account: court, value: 10n ** 16n });
      await test.mine({ blocks: 3 });
      const lonely = await forum.read.disputeId([court.address, empty]);
      await refused(forum.write.drawPanel([lonely]), "ForumDrawNotReady");
    });

    it("see the lot as anyone can compute it, and an inspection opens once", async () => {
      const { community } = await fresh();
      const { forum, parties, test, client } = community;
      const court = { account: wallet(community, 15).account };
      const seen = new Set<boolean>();
      for (let i = 1; i < 40 && seen.size < 2; i++) {
        const reference = `0x${i.toString(16).padStart(64, "0")}` as const;
        const hash = await forum.write.nominate([reference], court);
        const { id, drawBlock } = await emitted(community, hash, forum, "RepairNominated");
        await test.mine({ blocks: 3 });
        const lot = (await client.getBlock({ blockNumber: BigInt(drawBlock as number) })).hash;
        const draw = keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [lot, id as Hex]));
        const chosen = BigInt(draw) % 8n === 0n;
        expect(await forum.read.lotOf([id as Hex])).to.deep.equal([true, chosen]);
        seen.add(chosen);
        const open = () => forum.write.openInspection([reference, parties.owner.address], court);
        if (chosen) await open();
        await refused(open(), "ForumNotChosen");
      }
      expect(seen.size).to.equal(2);
    });

    it("count once in a round, and a new round begins after a day", async () => {
      const { community, residents } = await fresh();
      const { forum } = community;
      const [first, second, third] = residents as [(typeof residents)[0], (typeof residents)[0], (typeof residents)[0]];
      const said = await emitted(community, await forum.write.say([1, 0], { account: first }), forum, "ResidentSaid");
      expect(said.count).to.equal(1);
      await refused(forum.write.say([1, 0], { account: first }), "ForumAlreadySaid");
      await forum.write.say([1, 0], { account: second });
      await travelTo(community, (await chainTime(community)) + 86_401);
      await forum.write.say([1, 0], { account: third });
      expect(await forum.read.agreedAt([1, 0])).to.equal(0);
      await forum.write.say([1, 0], { account: first });
      await emitted(community, await forum.write.say([1, 0], { account: second }), forum, "ResidentsAgreed");
    });

    it("are drawn only after the delay, once, from those who still live there", async () => {
      const { community, device, residents } = await fresh();
      const { forum, orders, credentials, parties } = community;
      await toRestored(community, device);
      const account = residents[0] as (typeof residents)[0];
      const gone = residents[1] as (typeof residents)[0];
      await credentials.write.set([CREDENTIAL.resident(parties.owner.address), gone.address, false]);
      const hash = await orders.write.dispute([1, LIMITS], { account, value: 10n ** 16n });
      await emitted(community, hash, forum, "DisputeOpened");
      const { disputeId } = await emitted(community, hash, orders, "OrderDisputed");
      const id = disputeId as `0x${string}`;
      await refused(forum.write.drawPanel([id]), "ForumDrawNotReady");
      await refused(forum.write.vote([id, true], { account: residents[2] as typeof account }), "ForumNoVote");
      await community.test.mine({ blocks: 2 });
      await forum.write.drawPanel([id]);
      const { panel } = await forum.read.disputeOf([id]);
      expect(new Set(panel).size).to.equal(3);
      expect(panel.map((member) => member.toLowerCase())).to.not.include(gone.address.toLowerCase());
      await refused(forum.write.drawPanel([id]), "ForumDrawNotReady");
    });
  });
});
