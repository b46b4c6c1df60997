import { expect } from "chai";
import hre from "hardhat";
import { nextSweepHead, type SignedReading } from "../../packages/sdk/src/community/device.ts";
import {
  chainTime,
  deployCommunity,
  installDevice,
  next,
  type PlayedDevice,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, refused } from "../utils/community.ts";

const connection = await hre.network.create();
const BOND = 10n ** 18n;
const ROOT = `0x${"ab".repeat(32)}` as const;
const NOTHING = `0x${"00".repeat(32)}` as const;
const SEAT = 17;
const HOUR = 3_600;

async function fixture() {
  const community = await deployCommunity(connection);
  const device = await installDevice(community, { index: 1 });
  const gateway = wallet(community, 2).account;
  await community.sweeps.write.join({ account: gateway, value: BOND });
  await community.sweeps.write.serve([community.parties.owner.address, true], { account: gateway });
  await community.sweeps.write.seat([gateway.address, SEAT, 1], { account: community.parties.owner });
  // A full hour, so that each test knows which hour its sweeps fall in.
  await travelTo(community, (Math.floor((await chainTime(community)) / HOUR) + 1) * HOUR);
  return { community, device: { ...device }, gateway, start: await chainTime(community) };
}

type World = Awaited<ReturnType<typeof fixture>>;

async function sweepAt(world: World, at: number, word: bigint) {
  await world.community.test.setNextBlockTimestamp({ timestamp: BigInt(at) });
  return world.community.sweeps.write.sweep([word, ROOT], { account: world.gateway });
}

async function repeatAt(world: World, at: number) {
  await world.community.test.setNextBlockTimestamp({ timestamp: BigInt(at) });
  return world.community.sweeps.write.repeatSweep([ROOT], { account: world.gateway });
}

const outside = (world: World, device: PlayedDevice, times: readonly number[]): SignedReading[] =>
  times.map((at) => next(world.community, device, at, 2_000));

describe("GatewaySweeps", () => {
  const fresh = async (): Promise<World> => {
    const world = await connection.networkHelpers.loadFixture(fixture);
    return { ...world, device: { ...world.device } };
  };

  it("takes exactly the bond, once", async () => {
    const { community, gateway } = await fresh();
    const { sweeps } = community;
    const other = wallet(community, 9).account;
    await refused(sweeps.write.join({ account: other, value: BOND - 1n }), "GatewayBondWrong");
    await refused(sweeps.write.join({ account: gateway, value: BOND }), "GatewayNotServing");
    await refused(sweeps.write.sweep([0n, ROOT], { account: other }), "GatewayNotServing");
    const hash = await sweeps.write.join({ account: other, value: BOND });
    expect((await emitted(community, hash, sweeps, "GatewayJoined")).bond).to.equal(BOND);
  });

  it("seats devices only by their owner, one a seat", async () => {
    const { community, gateway } = await fresh();
    const { sweeps, parties } = community;
    await installDevice(community, { index: 2 });
    await refused(sweeps.write.seat([gateway.address, 3, 2]), "GatewayNotDeviceOwner");
    const owner = { account: parties.owner };
    await refused(sweeps.write.seat([gateway.address, SEAT, 2], owner), "GatewaySeatTaken");
    await refused(sweeps.write.seat([parties.owner.address, 3, 2], owner), "GatewayNotServing");
    const hash = await sweeps.write.seat([gateway.address, 3, 2], owner);
    await emitted(community, hash, sweeps, "DeviceSeated");
    // Moving a device frees its seat.
    await sweeps.write.seat([gateway.address, 4, 2], owner);
    expect(await sweeps.read.deviceAt([gateway.address, 3])).to.equal(0);
    const [at, index, seated] = await sweeps.read.seatOf([2]);
    expect([at.toLowerCase(), index, seated]).to.deep.equal([gateway.address.toLowerCase(), 4, true]);
    expect(await sweeps.read.seatOf([3])).to.deep.equal([`0x${"00".repeat(20)}`, 0, false]);
  });

  it("answers only for owners that it agreed to serve", async () => {
    const { community, gateway } = await fresh();
    const { sweeps, parties } = community;
    await installDevice(community, { index: 2 });
    const hash = await sweeps.write.serve([parties.owner.address, false], { account: gateway });
    expect((await emitted(community, hash, sweeps, "OwnerServed")).served).to.equal(false);
    const owner = { account: parties.owner };
    await refused(sweeps.write.seat([gateway.address, 3, 2], owner), "GatewayNotServing");
    await sweeps.write.serve([parties.owner.address, true], { account: gateway });
    await sweeps.write.seat([gateway.address, 3, 2], owner);
    await refused(sweeps.write.serve([gateway.address, true], owner), "GatewayNotServing");
  });

  it("chains every change as the SDK does, and restates without writing within the hour", async () => {
    const world = await fresh();
    const { community, gateway, start } = world;
    const { sweeps } = community;
    await refused(repeatAt(world, start + HOUR), "GatewayHistoryWrong");
    const at = start + HOUR + 10;
    const hash = await sweepAt(world, at, 5n);
    const swept = await emitted(community, hash, sweeps, "FleetSwept");
    expect(swept).to.deep.include({ word: 5n, root: ROOT, formerHour: 0 });
    const [head, hour, serving] = await sweeps.read.gatewayOf([gateway.address]);
    expect(head).to.equal(nextSweepHead(NOTHING, { word: 5n, changedAt: at, formerHour: 0 }));
    expect([hour, serving]).to.deep.equal([Math.floor(at / HOUR), true]);
    await emitted(community, await repeatAt(world, at + 60), sweeps, "FleetUnchanged");
    await repeatAt(world, at + HOUR);
    expect((await sweeps.read.gatewayOf([gateway.address]))[1]).to.equal(hour + 1);
  });

  describe("a hidden fault", () => {
    it("costs the bond: half to the reporter, half to the owner", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      const { sweeps, parties } = community;
      const at = start + 1_000;
      const run = outside(world, device, [start + 100, start + 900, at]);
      await sweepAt(world, at, 0n);
      await sweepAt(world, at + 50, 1n << BigInt(SEAT));
      const history = [
        { word: 0n, changedAt: at, formerHour: 0 },
        { word: 1n << BigInt(SEAT), changedAt: at + 50, formerHour: Math.floor(at / HOUR) },
      ];
      const reporter = wallet(community, 9).account;
      const hash = await sweeps.write.expose([gateway.address, run, NOTHING, history], { account: reporter });
      const exposed = await emitted(community, hash, sweeps, "GatewayExposed");
      expect(exposed).to.deep.include({ device: 1, bond: BOND });
      expect(await sweeps.read.balanceOf([reporter.address])).to.equal(BOND / 2n);
      expect(await sweeps.read.balanceOf([parties.owner.address])).to.equal(BOND / 2n);
      await refused(
        sweeps.write.expose([gateway.address, run, NOTHING, history], { account: reporter }),
        "GatewayNotServing",
      );
      // What it said stays: the chain's head is kept, the service is over.
      const told = history.reduce((head, change) => nextSweepHead(head, change), NOTHING as `0x${string}`);
      const exposedSlot = await sweeps.read.gatewayOf([gateway.address]);
      expect(exposedSlot).to.deep.equal([told, Math.floor((at + 50) / HOUR), false]);
      await refused(sweepAt(world, at + 100, 0n), "GatewayNotServing");
      await refused(sweeps.write.join({ account: gateway, value: BOND }), "GatewayNotServing");
      const paid = await sweeps.write.withdraw({ account: reporter });
      expect((await emitted(community, paid, sweeps, "GatewayPaid")).amount).to.equal(BOND / 2n);
      await refused(sweeps.write.withdraw({ account: reporter }), "GatewayNothingDue");
    });

    it("is proven against a word that was merely repeated", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      await sweepAt(world, start + 10, 0n);
      const run = outside(world, device, [start + 100, start + HOUR + 30]);
      await repeatAt(world, start + HOUR + 40);
      const history = [{ word: 0n, changedAt: start + 10, formerHour: 0 }];
      await community.sweeps.write.expose([gateway.address, run, NOTHING, history]);
    });

    const cases: readonly [string, (world: World) => Promise<SignedReading[]>][] = [
      [
        "a gateway that told",
        async (world) => {
          const run = outside(world, world.device, [world.start + 100, world.start + 900]);
          await sweepAt(world, world.start + 900, 1n << BigInt(SEAT));
          return run;
        },
      ],
      [
        "a fault younger than the grace",
        async (world) => {
          const run = outside(world, world.device, [world.start + 301, world.start + 900]);
          await sweepAt(world, world.start + 900, 0n);
          return run;
        },
      ],
      [
        "a fault that was over",
        async (world) => {
          const run = outside(world, world.device, [world.start + 100, world.start + 899]);
          await sweepAt(world, world.start + 900, 0n);
          return run;
        },
      ],
      [
        "readings inside the limits",
        async (world) => {
          const run = [
            next(world.community, world.device, world.start + 100, 5),
            ...outside(world, world.device, [world.start + 900]),
          ];
          await sweepAt(world, world.start + 900, 0n);
          return run;
        },
      ],
    ];
    for (const [name, play] of cases)
      it(`is not proven against ${name}`, async () => {
        const world = await fresh();
        const run = await play(world);
        const word = name === "a gateway that told" ? 1n << BigInt(SEAT) : 0n;
        const history = [{ word, changedAt: world.start + 900, formerHour: 0 }];
        await refused(
          world.community.sweeps.write.expose([world.gateway.address, run, NOTHING, history]),
          "GatewayLieUnproven",
        );
      });

    it("at the last second of the grace is proven, so the boundary is exact", async () => {
      const world = await fresh();
      const run = outside(world, world.device, [world.start + 300, world.start + 900]);
      await sweepAt(world, world.start + 900, 0n);
      const history = [{ word: 0n, changedAt: world.start + 900, formerHour: 0 }];
      await world.community.sweeps.write.expose([world.gateway.address, run, NOTHING, history]);
    });

    it("needs the true history", async () => {
      const world = await fresh();
      const run = outside(world, world.device, [world.start + 100, world.start + 900]);
      await sweepAt(world, world.start + 900, 1n << BigInt(SEAT));
      for (const history of [[], [{ word: 0n, changedAt: world.start + 900, formerHour: 0 }]])
        await refused(
          world.community.sweeps.write.expose([world.gateway.address, run, NOTHING, history]),
          "GatewayHistoryWrong",
        );
    });

    it("counts the device's hold-off on top of the grace, to the second", async () => {
      for (const [first, proven] of [
        [240, true],
        [241, false],
      ] as const) {
        const world = await fresh();
        const { community, gateway, start } = world;
        const slow = await installDevice(community, { index: 2, profile: { holdOff: 60 } });
        await community.sweeps.write.seat([gateway.address, 40, 2], { account: community.parties.owner });
        const seatedAt = await chainTime(community);
        const run = outside(world, slow, [seatedAt + first, seatedAt + 900]);
        await sweepAt(world, seatedAt + 900, 0n);
        const history = [{ word: 0n, changedAt: seatedAt + 900, formerHour: 0 }];
        const exposed = community.sweeps.write.expose([gateway.address, run, NOTHING, history]);
        if (proven) await exposed;
        else await refused(exposed, "GatewayLieUnproven");
        expect(seatedAt).to.be.greaterThan(start - 1);
      }
    });

    for (const changed of [false, true])
      it(`stands until the hour of the last repetition${changed ? ", of which the next change still tells" : ""}`, async () => {
        for (const [before, proven] of [
          [600, true],
          [599, false],
        ] as const) {
          const world = await fresh();
          const { community, device, gateway, start } = world;
          await sweepAt(world, start + 10, 0n);
          const run = outside(world, device, [start + HOUR - before, start + HOUR + 300]);
          await repeatAt(world, start + HOUR + 40);
          const history = [{ word: 0n, changedAt: start + 10, formerHour: 0 }];
          if (changed) {
            await sweepAt(world, start + 5 * HOUR, 1n << BigInt(SEAT));
            history.push({
              word: 1n << BigInt(SEAT),
              changedAt: start + 5 * HOUR,
              formerHour: (start + HOUR) / HOUR,
            });
          } else await travelTo(community, start + HOUR + 300);
          const exposed = community.sweeps.write.expose([gateway.address, run, NOTHING, history]);
          if (proven) await exposed;
          else await refused(exposed, "GatewayLieUnproven");
        }
      });

    it("is shown from any change in the chain on, by the head before it", async () => {
      const world = await fresh();
      const { device, gateway, start } = world;
      const first = { word: 1n << BigInt(SEAT), changedAt: start + 10, formerHour: 0 };
      await sweepAt(world, first.changedAt, first.word);
      const second = { word: 0n, changedAt: start + 900, formerHour: Math.floor(start / HOUR) };
      const run = outside(world, device, [start + 100, start + 900]);
      await sweepAt(world, second.changedAt, second.word);
      const head = nextSweepHead(NOTHING, first);
      await world.community.sweeps.write.expose([gateway.address, run, head, [second]]);
    });

    it("of a device that sits elsewhere, or nowhere, is not this gateway's", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      const { sweeps, parties } = community;
      const other = wallet(community, 9).account;
      await sweeps.write.join({ account: other, value: BOND });
      await sweeps.write.serve([parties.owner.address, true], { account: other });
      await sweeps.write.seat([other.address, SEAT, 1], { account: parties.owner });
      const free = await installDevice(community, { index: 2 });
      await sweepAt(world, start + 900, 0n);
      const history = [{ word: 0n, changedAt: start + 900, formerHour: 0 }];
      for (const moved of [device, free]) {
        const run = outside(world, moved, [start + 100, start + 900]);
        await refused(sweeps.write.expose([gateway.address, run, NOTHING, history]), "GatewayLieUnproven");
      }
      expect(await sweeps.read.deviceAt([gateway.address, SEAT])).to.equal(0);
    });

    it("does not fall on a gateway that got the seat later", async () => {
      const world = await fresh();
      const { community, gateway, start } = world;
      const late = await installDevice(community, { index: 2 });
      const run = outside(world, late, [start + 100, start + 900]);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(start + 500) });
      await community.sweeps.write.seat([gateway.address, 40, 2], { account: community.parties.owner });
      await sweepAt(world, start + 900, 0n);
      const history = [{ word: 0n, changedAt: start + 900, formerHour: 0 }];
      await refused(community.sweeps.write.expose([gateway.address, run, NOTHING, history]), "GatewayLieUnproven");
    });
  });

  describe("a gateway that resigns", () => {
    it("gets its bond after the exposure window, not a second earlier", async () => {
      const { community, gateway } = await fresh();
      const { sweeps } = community;
      await refused(sweeps.write.withdraw({ account: gateway }), "GatewayNothingDue");
      const hash = await sweeps.write.resign({ account: gateway });
      const { withdrawableAt } = await emitted(community, hash, sweeps, "GatewayLeaving");
      expect(withdrawableAt).to.equal((await chainTime(community)) + 30 * 86_400);
      expect((await sweeps.read.gatewayOf([gateway.address]))[2]).to.equal(false);
      await refused(sweeps.write.repeatSweep([ROOT], { account: gateway }), "GatewayNotServing");
      await refused(
        sweeps.write.seat([gateway.address, 3, 1], { account: community.parties.owner }),
        "GatewayNotServing",
      );
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(withdrawableAt as number) - 1n });
      await refused(sweeps.write.withdraw({ account: gateway, gas: 200_000n }), "GatewayNothingDue");
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(withdrawableAt as number) });
      await sweeps.write.withdraw({ account: gateway });
      expect(await community.client.getBalance({ address: sweeps.address })).to.equal(0n);
      expect(await sweeps.read.balanceOf([gateway.address])).to.equal(0n);
      await refused(sweeps.write.join({ account: gateway, value: BOND }), "GatewayNotServing");
    });

    it("that takes no ETH keeps its bond due until it does", async () => {
      const { community } = await fresh();
      const { sweeps, credentials, client, test } = community;
      // A contract without a receive function, played as gateway.
      const account = credentials.address;
      await test.setBalance({ address: account, value: 10n ** 20n });
      await test.impersonateAccount({ address: account });
      await sweeps.write.join({ account, value: BOND });
      await sweeps.write.resign({ account });
      await travelTo(community, (await chainTime(community)) + 30 * 86_400);
      const held = await client.getBalance({ address: sweeps.address });
      await refused(sweeps.write.withdraw({ account }), "GatewayPaymentFailed");
      expect(await sweeps.read.balanceOf([account])).to.equal(BOND);
      await connection.networkHelpers.setCode(account, "0x");
      await sweeps.write.withdraw({ account });
      expect(await client.getBalance({ address: sweeps.address })).to.equal(held - BOND);
    });

    it("has nothing left to lose once the bond is out", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      const { sweeps } = community;
      const run = outside(world, device, [start + 100, start + 900]);
      await sweepAt(world, start + 900, 0n);
      await sweeps.write.resign({ account: gateway });
      await travelTo(community, (await chainTime(community)) + 30 * 86_400);
      await sweeps.write.withdraw({ account: gateway });
      const history = [{ word: 0n, changedAt: start + 900, formerHour: 0 }];
      await refused(sweeps.write.expose([gateway.address, run, NOTHING, history]), "GatewayNotServing");
    });

    it("and one that serves keeps serving while it draws a reward for another's lie", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      const { sweeps } = community;
      const other = wallet(community, 9).account;
      await sweeps.write.join({ account: other, value: BOND });
      const run = outside(world, device, [start + 100, start + 900]);
      await sweepAt(world, start + 900, 0n);
      const history = [{ word: 0n, changedAt: start + 900, formerHour: 0 }];
      await sweeps.write.expose([gateway.address, run, NOTHING, history], { account: other });
      await sweeps.write.withdraw({ account: other });
      await sweeps.write.sweep([0n, ROOT], { account: other });
      expect((await sweeps.read.gatewayOf([other.address]))[2]).to.equal(true);
    });

    it("can be exposed until then, and loses it", async () => {
      const world = await fresh();
      const { community, device, gateway, start } = world;
      const run = outside(world, device, [start + 100, start + 900]);
      await sweepAt(world, start + 900, 0n);
      await community.sweeps.write.resign({ account: gateway });
      const history = [{ word: 0n, changedAt: start + 900, formerHour: 0 }];
      await community.sweeps.write.expose([gateway.address, run, NOTHING, history]);
      expect(await community.sweeps.read.balanceOf([gateway.address])).to.equal(0n);
    });
  });
});
