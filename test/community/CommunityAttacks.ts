// The attacks of the design, by name: each is tried, against WorkOrders, EquipmentRegister, GatewaySweeps, ResidentForum
// and ServiceContract as they work together, and comes to nothing.
import { expect } from "chai";
import hre from "hardhat";
import type { Hex } from "viem";
import { deviceKey } from "../../packages/sdk/src/community/device.ts";
import { equipmentDigest, proveKey } from "../../packages/sdk/src/community/typedData.ts";
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
  keyOf,
  next,
  type PlayedDevice,
  seatAccount,
  TERMS,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, lotFalls, refused } from "../utils/community.ts";

const connection = await hre.network.create();
const EVIDENCE = `0x${"e1".repeat(32)}` as const;
const FAR = 2 ** 40 - 1;
const [LIMITS, SILENCE, REPORTED] = [0, 1, 2];
const [ASSIGNED, RESTORED, DISPUTED, CLOSED] = [2, 8, 9, 10];

async function fixture() {
  const community = await deployCommunity(connection);
  const crew = await foundCrew(community);
  await agree(community, crew);
  const device = await installDevice(community, { index: 1 });
  await cover(community, crew, device.id);
  const residents = [10, 11, 12, 13, 14].map((index) => wallet(community, index).account);
  for (const account of residents) {
    await community.credentials.write.set([
      CREDENTIAL.resident(community.parties.owner.address),
      account.address,
      true,
    ]);
    await community.forum.write.enrol([community.parties.owner.address], { account });
  }
  return { community, device, residents };
}

const orderOf = (community: Community, device: number, kind: number) => community.orders.read.orderOf([device, kind]);

async function assignee(community: Community, device: number, kind: number) {
  return { account: seatAccount(community, (await orderOf(community, device, kind)).seat) };
}

async function report(community: Community, device: PlayedDevice, value = 1_400) {
  return community.orders.write.report([next(community, device, await chainTime(community), value)]);
}

/** Opens nothing; takes the open order to a claimed repair. */
async function claim(community: Community, device: number, kind: number): Promise<number> {
  const by = await assignee(community, device, kind);
  await community.orders.write.arriveAtSite([device, kind], by);
  await community.orders.write.claimRepaired([device, kind, 1, EVIDENCE], by);
  return chainTime(community);
}

describe("attacks on community equipment", () => {
  const fresh = async () => {
    const world = await connection.networkHelpers.loadFixture(fixture);
    return { ...world, device: { ...world.device } };
  };

  describe("A1, the technician spoofs the sensor", () => {
    it("warming one probe of a critical device proves nothing: two independent sensors must agree", async () => {
      const { community, device } = await fresh();
      const critical = await installDevice(community, { index: 3, profile: { critical: true, partner: device.id } });
      await report(community, critical);
      const claimedAt = await claim(community, critical.id, LIMITS);
      const end = claimedAt + TERMS.verifySpan + 1;
      await travelTo(community, end + 1);
      const warmed = goodRun(community, critical, end);
      const honest = goodRun(community, device, end - 1, TERMS.verifySpan - 1, 2);
      const outside = [...honest, next(community, device, end, 1_400)];
      const key = [critical.id, LIMITS] as const;
      await refused(community.orders.write.proveRepair([...key, warmed, []]), "EquipmentRunBroken");
      await refused(community.orders.write.proveRepair([...key, warmed, warmed]), "OrderUnproven");
      await refused(community.orders.write.proveRepair([...key, warmed, outside]), "OrderUnproven");
    });

    it("a spare probe has another key, a patched controller another firmware: neither is heard", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const end = (await claim(community, device.id, LIMITS)) + TERMS.verifySpan + 1;
      await travelTo(community, end + 1);
      const spare = { ...device, privateKey: keyOf("secp256k1", 77) };
      const patched = { ...device, firmware: `0x${"bd".repeat(32)}` as const };
      for (const probe of [spare, patched])
        await refused(
          community.orders.write.proveRepair([device.id, LIMITS, goodRun(community, probe, end), []]),
          "EquipmentReadingUnsigned",
        );
    });

    it("leaving the bad readings out breaks the counter", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const end = (await claim(community, device.id, LIMITS)) + TERMS.verifySpan + 1;
      await travelTo(community, end + 1);
      const start = end - TERMS.verifySpan;
      const first = next(community, device, start, 200);
      next(community, device, start + 100, 1_400);
      const rest = [next(community, device, start + 200, 200), next(community, device, end, 200)];
      await refused(
        community.orders.write.proveRepair([device.id, LIMITS, [first, ...rest], []]),
        "EquipmentRunBroken",
      );
    });

    it("and residents who see that nothing works dispute what the sensor says", async () => {
      const { community, device, residents } = await fresh();
      await report(community, device);
      const end = (await claim(community, device.id, LIMITS)) + TERMS.verifySpan + 1;
      await travelTo(community, end);
      const key = [device.id, LIMITS] as const;
      await community.orders.write.proveRepair([...key, goodRun(community, device, end), []]);
      const [account] = residents as [(typeof residents)[0]];
      const hash = await community.orders.write.dispute(key, { account, value: 10n ** 16n });
      const id = (await emitted(community, hash, community.orders, "OrderDisputed")).disputeId as Hex;
      await community.test.mine({ blocks: 2 });
      await community.forum.write.drawPanel([id]);
      const { panel } = await community.forum.read.disputeOf([id]);
      for (const member of panel.slice(0, 2)) await community.forum.write.vote([id, true], { account: member });
      const settled = await emitted(
        community,
        await community.orders.write.rule(key),
        community.service,
        "RepairSettled",
      );
      expect(settled).to.deep.include({ outcome: 2, fee: 0n });
    });
  });

  describe("A2, somebody takes the device's key over", () => {
    async function proposal(community: Community, device: number, by: readonly ("owner" | "installer")[]) {
      const privateKey = keyOf("secp256k1", 99);
      const key = deviceKey("secp256k1", privateKey);
      const sequence = await community.register.read.sequenceOf([device]);
      const message = { device, key, sequence, deadline: FAR };
      const digest = equipmentDigest(community.typedDomain, "KeyChange", message);
      const proof = proveKey({ curve: "secp256k1", privateKey }, digest);
      const approvals = await approve(community, by, "KeyChange", message, FAR);
      return { args: [device, key, proof.a, proof.b, approvals] as const, privateKey };
    }

    it("one of the three is not enough", async () => {
      const { community, device } = await fresh();
      for (const by of [["owner"], ["installer"]] as const) {
        const { args } = await proposal(community, device.id, by);
        await refused(community.register.write.proposeKey(args), "EquipmentTwoOfThreeMissing");
      }
    });

    it("two of three wait out the time lock, in which the third cancels; the old key speaks until then", async () => {
      const { community, device } = await fresh();
      const { register, parties, test } = community;
      const { args, privateKey } = await proposal(community, device.id, ["owner", "installer"]);
      const proposed = await emitted(community, await register.write.proposeKey(args), register, "DeviceKeyProposed");
      const readyAt = proposed.readyAt as number;
      expect(readyAt).to.equal((await chainTime(community)) + 3 * 86_400);
      const stolen = { ...device, privateKey };
      await refused(
        register.write.record([next(community, stolen, await chainTime(community), 5)]),
        "EquipmentReadingUnsigned",
      );
      await travelTo(community, readyAt - 2);
      await refused(register.write.applyKey([device.id]), "EquipmentKeyChangeNotReady");
      await test.setBalance({ address: parties.manufacturer.address, value: 10n ** 18n });
      await register.write.cancelKey([device.id], { account: parties.manufacturer });
      await travelTo(community, readyAt + 1);
      await refused(register.write.applyKey([device.id]), "EquipmentKeyChangeNotReady");
      await register.write.record([next(community, device, await chainTime(community), 5)]);
    });
  });

  describe("A3, a flapping device farms call-outs", () => {
    it("values in the hysteresis band keep the one order, and clear nothing", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const opened = (await orderOf(community, device.id, LIMITS)).openedAt;
      // 951 … 1,000 is inside the limits but not by the band.
      for (const value of [999, 1_001, 960, 1_200]) await report(community, device, value);
      expect((await orderOf(community, device.id, LIMITS)).number).to.equal(1);
      await travelTo(community, opened + TERMS.verifySpan + 20);
      const end = await chainTime(community);
      const band = [0, 300, 600].map((at) => next(community, device, end - 600 + at, 960));
      await refused(community.orders.write.selfClear([device.id, LIMITS, band, []]), "OrderUnproven");
    });

    it("each flap that clears is a false alarm and pays nothing unless somebody came", async () => {
      const { community, device } = await fresh();
      const before = await community.service.read.agreementOf([community.orders.address, 1]);
      for (let flap = 0; flap < 3; flap++) {
        await report(community, device);
        const end = (await orderOf(community, device.id, LIMITS)).openedAt + TERMS.verifySpan + 2;
        await travelTo(community, end);
        await community.orders.write.selfClear([device.id, LIMITS, goodRun(community, device, end), []]);
      }
      const after = await community.service.read.agreementOf([community.orders.address, 1]);
      expect(after.contractorDue).to.equal(before.contractorDue);
      const record = await community.service.read.recordOf([community.orders.address, 1, device.id]);
      expect(record).to.deep.include({ falseAlarms: 3, repairs: 0 });
    });

    it("a device with a hold-off opens nothing before it has been outside for so long", async () => {
      const { community } = await fresh();
      const slow = await installDevice(community, { index: 5, profile: { holdOff: 600 } });
      const start = await chainTime(community);
      await travelTo(community, start + 600);
      for (const [after, state] of [
        [1, 0],
        [600, 0],
        [601, ASSIGNED],
      ] as const) {
        await community.orders.write.report([next(community, slow, start + after, 1_400)]);
        expect((await orderOf(community, slow.id, LIMITS)).state, `after ${after} s`).to.equal(state);
      }
    });
  });

  it("A4, the contractor silences the device: a missing heartbeat is a fault, and only the device ends it", async () => {
    const { community, device } = await fresh();
    const { register, orders, service } = community;
    await register.write.record([next(community, device, await chainTime(community), 5)]);
    const heard = await chainTime(community);
    await refused(orders.write.open([device.id, SILENCE]), "OrderWithoutFault");
    await travelTo(community, heard + 86_401);
    await register.write.markOffline([device.id]);
    await orders.write.open([device.id, SILENCE]);
    expect((await orderOf(community, device.id, SILENCE)).state).to.equal(ASSIGNED);
    const claimedAt = await claim(community, device.id, SILENCE);
    await travelTo(community, claimedAt + TERMS.verifyWindow + 1);
    // Silence proves nothing: the claim lapses and the downtime goes on.
    const failed = await emitted(community, await orders.write.escalate([device.id, SILENCE]), orders, "FixFailed");
    expect(failed.failures).to.equal(1);
    const record = await service.read.recordOf([orders.address, 1, device.id]);
    expect(record.repairs).to.equal(0);
  });

  it("A5, a gateway tells one thing and knows another: its one chain of words convicts it", async () => {
    const { community, device } = await fresh();
    const { sweeps, parties, orders } = community;
    const gateway = wallet(community, 2).account;
    await sweeps.write.join({ account: gateway, value: 10n ** 18n });
    await sweeps.write.serve([parties.owner.address, true], { account: gateway });
    await sweeps.write.seat([gateway.address, 1, device.id], { account: parties.owner });
    const start = (Math.floor((await chainTime(community)) / 3_600) + 1) * 3_600;
    await travelTo(community, start);
    const run = [0, 300, 700].map((after) => next(community, device, start + after, 1_400));
    await community.test.setNextBlockTimestamp({ timestamp: BigInt(start + 650) });
    // "All is well", ten minutes after the first bad reading.
    await sweeps.write.sweep([0n, EVIDENCE], { account: gateway });
    const told = { word: 0n, changedAt: start + 650, formerHour: 0 };
    await travelTo(community, start + 710);
    const zero = `0x${"00".repeat(32)}` as const;
    const resident = { account: wallet(community, 10).account };
    // It cannot show another chain: only the words it really said lead to its head.
    await refused(
      sweeps.write.expose([gateway.address, run, zero, [{ ...told, word: 2n }]], resident),
      "GatewayHistoryWrong",
    );
    await sweeps.write.expose([gateway.address, run, zero, [told]], resident);
    await orders.write.report([next(community, device, start + 710, 1_400)], resident);
    expect((await orderOf(community, device.id, LIMITS)).state).to.equal(ASSIGNED);
    expect(await sweeps.read.balanceOf([resident.account.address])).to.equal(5n * 10n ** 17n);
  });

  describe("A6, technician and residents work hand in hand", () => {
    async function invented() {
      const world = await fresh();
      const { community, device, residents } = world;
      const { forum, orders } = community;
      // Three friends report what no sensor sees, and confirm a repair that nobody needed.
      for (const account of residents.slice(0, 3)) await forum.write.say([device.id, 0], { account });
      await orders.write.open([device.id, REPORTED]);
      const end = (await claim(community, device.id, REPORTED)) + TERMS.verifySpan + 1;
      await travelTo(community, end);
      await orders.write.proveRepair([device.id, REPORTED, goodRun(community, device, end), []]);
      for (const account of residents.slice(0, 3)) await forum.write.say([device.id, 1], { account });
      return { ...world, key: [device.id, REPORTED] as const };
    }

    it("their word alone closes nothing early: the lot has to pass the order by", async () => {
      const { community, key } = await invented();
      await refused(community.orders.write.settle(key), "OrderNotDue");
      await lotFalls(community, key, true);
      await refused(community.orders.write.settle(key), "OrderNotDue");
      expect((await orderOf(community, ...key)).state).to.equal(RESTORED);
    });

    it("random re-inspection needs no bond: a drawn panel looks again, and the fee is lost", async () => {
      const { community, key } = await invented();
      const { forum, orders, service } = community;
      const id = await lotFalls(community, key, true);
      await orders.write.inspect(key, { account: wallet(community, 15).account });
      expect((await orderOf(community, ...key)).state).to.equal(DISPUTED);
      await community.test.mine({ blocks: 2 });
      await forum.write.drawPanel([id]);
      const { panel } = await forum.read.disputeOf([id]);
      for (const account of panel.slice(0, 2)) await forum.write.vote([id, true], { account });
      const settled = await emitted(community, await orders.write.rule(key), service, "RepairSettled");
      expect(settled.fee).to.equal(0n);
      expect((settled.penalty as bigint) > 0n).to.equal(true);
      expect(await orderOf(community, ...key)).to.deep.include({ state: ASSIGNED, redo: true });
    });

    it("what the lot passed by closes as soon as they confirm", async () => {
      const { community, key } = await invented();
      await lotFalls(community, key, false);
      await community.orders.write.settle(key);
      expect((await orderOf(community, ...key)).state).to.equal(CLOSED);
    });
  });

  describe("A7, clocks are set forward or back", () => {
    it("a device's clock orders its readings and moves no deadline", async () => {
      const { community, device } = await fresh();
      const { orders } = community;
      const now = await chainTime(community);
      // A minute ahead is accepted, and the order is still opened now.
      await orders.write.report([next(community, device, now + 60, 1_400)]);
      const { openedAt } = await orderOf(community, device.id, LIMITS);
      expect(openedAt).to.equal(await chainTime(community));
      expect(await orders.read.dueAt([device.id, LIMITS])).to.equal(BigInt(openedAt + TERMS.response));
      await refused(orders.write.report([next(community, device, now + 3_600, 1_400)]), "EquipmentReadingFromFuture");
      // Backwards: never before what it said already.
      await refused(orders.write.report([next(community, device, now + 59, 1_400)]), "EquipmentReadingStale");
    });

    it("a device whose clock runs behind cannot prove with readings dated before the claim", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const claimedAt = await claim(community, device.id, LIMITS);
      await travelTo(community, claimedAt + 10 * TERMS.verifySpan);
      const behind = goodRun(community, device, claimedAt + TERMS.verifySpan);
      await refused(community.orders.write.proveRepair([device.id, LIMITS, behind, []]), "OrderUnproven");
    });

    it("restoration counts from the claim by the chain's clock, not from what the readings say", async () => {
      const { community, device } = await fresh();
      await report(community, device);
      const claimedAt = await claim(community, device.id, LIMITS);
      const end = claimedAt + TERMS.verifySpan + 1;
      await travelTo(community, end);
      const hash = await community.orders.write.proveRepair([
        device.id,
        LIMITS,
        goodRun(community, device, end + 59),
        [],
      ]);
      const restored = await emitted(community, hash, community.orders, "OrderRestored");
      expect(restored.restoredAt).to.equal(claimedAt);
    });
  });

  describe("A8, a licence is gone but the seat is not", () => {
    it("the repair cannot be claimed, whatever the seat; anyone frees the seat, and with it goes every step", async () => {
      const { community, device } = await fresh();
      const { orders, credentials } = community;
      await report(community, device);
      const by = await assignee(community, device.id, LIMITS);
      const { seat } = await orderOf(community, device.id, LIMITS);
      await orders.write.arriveAtSite([device.id, LIMITS], by);
      await credentials.write.set([CREDENTIAL.technician, by.account.address, false]);
      await refused(orders.write.claimRepaired([device.id, LIMITS, 1, EVIDENCE], by), "CrewMemberCredential");
      await orders.write.removeMember([1, seat], { account: wallet(community, 15).account });
      await refused(orders.write.beginRepair([device.id, LIMITS], by), "OrderNotAssignee");
      // The order is not lost: time hands it to the lead, who needs a licence too.
      await travelTo(community, (await chainTime(community)) + TERMS.restore + 1);
      await orders.write.escalate([device.id, LIMITS]);
      const lead = await assignee(community, device.id, LIMITS);
      await orders.write.arriveAtSite([device.id, LIMITS], lead);
      await credentials.write.set([CREDENTIAL.technician, lead.account.address, false]);
      await refused(orders.write.claimRepaired([device.id, LIMITS, 1, EVIDENCE], lead), "CrewMemberCredential");
      await credentials.write.set([CREDENTIAL.technician, lead.account.address, true]);
      await orders.write.claimRepaired([device.id, LIMITS, 1, EVIDENCE], lead);
    });
  });
});
