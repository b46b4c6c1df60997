import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";
import {
  getAgreement,
  getCommunityView,
  getDevice,
  getDevicePerformance,
  getOrder,
  performance,
  predictAssignee,
  rotaPick,
  rotaStart,
  settleOrder,
  stepOrder,
  reportReading,
  claimFixed,
  proveRepair,
} from "../../packages/sdk/src/community/index.ts";
import {
  agree,
  chainTime,
  cover,
  deployCommunity,
  foundCrew,
  goodRun,
  installDevice,
  next,
  TERMS,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";

const connection = await hre.network.create();
const EVIDENCE = `0x${"e1".repeat(32)}` as const;

describe("the community SDK", () => {
  it("computes the rota exactly as the chain does", async () => {
    const meter = await connection.viem.deployContract("RotaMeter");
    const size = fc.integer({ min: 0, max: 16 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 65_535 }),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        size,
        fc.bigInt({ min: 0n, max: 2n ** 16n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        async (device, kind, number, round, shift, members, available, loads) => {
          const first = rotaStart({ device, kind, number, round }, shift, members);
          const onChain = await meter.read.start([device, kind, number, round, BigInt(shift), BigInt(members)]);
          expect(BigInt(first)).to.equal(onChain);
          const [found, seat] = await meter.read.pick([available, loads, BigInt(members), onChain]);
          expect(rotaPick(available, loads, members, first)).to.equal(found ? seat : undefined);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("runs a repair from reading to settlement and rebuilds the chain's figures from events", async () => {
    const community = await deployCommunity(connection);
    const crew = await foundCrew(community);
    await agree(community, crew);
    const device = await installDevice(community, { index: 1 });
    await cover(community, crew, 1);
    const { client } = community;
    const orders = community.orders.address;
    const key = { orders, device: 1, kind: "limits" } as const;
    for (let round = 0; round < 3; round++) {
      const now = await chainTime(community);
      const predicted = await predictAssignee(client, {
        orders,
        crew,
        order: { device: 1, kind: 0, number: round + 1, round: 0 },
        now: now + 1,
      });
      await reportReading(wallet(community, 0), { orders, reading: next(community, device, now, 1_400) });
      const opened = await getOrder(client, key);
      expect({ level: opened.level, seat: opened.seat }).to.deep.equal(predicted);
      const technician = wallet(community, 6 + opened.seat);
      await stepOrder(technician, { ...key, step: "accept" });
      await stepOrder(technician, { ...key, step: "arrive" });
      await claimFixed(technician, { ...key, code: 1, evidenceRoot: EVIDENCE });
      const end = (await chainTime(community)) + TERMS.verifySpan + 1;
      await travelTo(community, end);
      await proveRepair(wallet(community, 0), { ...key, run: goodRun(community, device, end) });
      expect((await getOrder(client, key)).state).to.equal("restored");
      await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
      await settleOrder(wallet(community, 0), key);
    }
    const service = community.service.address;
    const view = await getCommunityView(client, { orders, service });
    const kpis = view.devices.get(1);
    if (kpis === undefined) throw new Error("the device is missing");
    const onChain = await getDevicePerformance(client, { service, orders, crew, device: 1 });
    for (const field of [
      "coveredSince",
      "lastUp",
      "downSeconds",
      "repairSeconds",
      "repairs",
      "falseAlarms",
      "redos",
    ] as const)
      expect(kpis[field], field).to.equal(Number(onChain[field]));
    const { mttrSeconds, mtbfSeconds, availabilityBp } = onChain;
    expect(performance(kpis, await chainTime(community))).to.deep.equal({ mttrSeconds, mtbfSeconds, availabilityBp });
    expect(kpis.redos).to.equal(2);
    expect(view.orders.size).to.equal(3);
    const { contractorDue } = await getAgreement(client, { service, orders, crew });
    expect(
      contractorDue + [...view.orders.values()].reduce((sum, order) => sum + order.penalty, 0n) >= kpis.feesPaid,
    ).to.equal(true);
    const stored = await getDevice(client, { register: community.register.address, device: 1 });
    expect(stored.status).to.equal("normal");
  });
});
