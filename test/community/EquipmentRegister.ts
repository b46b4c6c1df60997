import { expect } from "chai";
import hre from "hardhat";
import { keccak256, stringToHex } from "viem";
import { type DeviceCurve, deviceKey, unpackReading } from "../../packages/sdk/src/community/device.ts";
import { equipmentDigest, proveKey, signEquipment } from "../../packages/sdk/src/community/typedData.ts";
import {
  approve,
  chainTime,
  CREDENTIAL,
  deployCommunity,
  FIRMWARE,
  goodRun,
  installArguments,
  installDevice,
  keyOf,
  next,
  PROFILE,
  signed,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, refused } from "../utils/community.ts";

const connection = await hre.network.create();
const NORMAL = 1;
const OUTSIDE = 2;
const FAULTY = 3;
const OFFLINE = 4;
const RETIRED = 5;
const FAR = 2 ** 40 - 1;

async function fixture() {
  return deployCommunity(connection);
}

describe("EquipmentRegister", () => {
  const fresh = () => connection.networkHelpers.loadFixture(fixture);

  describe("installation", () => {
    it("takes a device that two of the three approve, and says what was installed", async () => {
      const community = await fresh();
      const hash = await community.register.write.install(await installArguments(community, { index: 1 }));
      const event = await emitted(community, hash, community.register, "DeviceInstalled");
      expect(event.device).to.equal(1);
      expect(event.firmware).to.equal(FIRMWARE);
      await emitted(community, hash, community.register, "DeviceAdjusted");
      const parties = await community.register.read.partiesOf([1]);
      expect(parties.owner).to.equal(community.parties.owner.address);
      expect((await community.register.read.stateOf([1])).status).to.equal(NORMAL);
      expect((await community.register.read.profileOf([1])).firmware).to.equal(FIRMWARE.slice(0, 18));
    });

    it("accepts any two of the three, and refuses one", async () => {
      const community = await fresh();
      await installDevice(community, { index: 1, by: ["owner", "manufacturer"] });
      await installDevice(community, { index: 2, by: ["installer", "manufacturer"] });
      await refused(
        community.register.write.install(await installArguments(community, { index: 3, by: ["manufacturer"] })),
        "EquipmentTwoOfThreeMissing",
      );
    });

    it("counts whoever holds two offices once, whichever they are, and takes all three", async () => {
      const community = await fresh();
      const { parties } = community;
      const { owner, installer, manufacturer } = parties;
      for (const account of [owner, installer, manufacturer])
        for (const type of [CREDENTIAL.installer, CREDENTIAL.manufacturer])
          await community.credentials.write.set([type, account.address, true]);
      const shared = [
        [{ ...parties, installer: owner }, ["owner", "installer"]],
        [{ ...parties, manufacturer: owner }, ["owner", "manufacturer"]],
        [{ ...parties, manufacturer: installer }, ["installer", "manufacturer"]],
        [{ owner, installer: owner, manufacturer: owner }, ["owner", "installer", "manufacturer"]],
      ] as const;
      for (const [offices, by] of shared)
        await refused(
          community.register.write.install(
            await installArguments({ ...community, parties: offices }, { index: 1, by: [...by] }),
          ),
          "EquipmentTwoOfThreeMissing",
        );
      // With the third office filled by another, it is two again.
      for (const [i, [offices]] of shared.slice(0, 3).entries())
        await installDevice(
          { ...community, parties: offices },
          { index: 2 + i, by: ["owner", "installer", "manufacturer"] },
        );
      await installDevice(community, { index: 5, by: ["owner", "installer", "manufacturer"] });
    });

    it("takes each party's own signature only, until the second of the deadline", async () => {
      const community = await fresh();
      const { register, test } = community;
      const deadline = (await chainTime(community)) + 100;
      const [installation, a, b, certificate, approvals] = await installArguments(community, { index: 1, deadline });
      const swapped = { ...approvals, owner: approvals.installer };
      await refused(register.write.install([installation, a, b, certificate, swapped]), "EquipmentTwoOfThreeMissing");
      await test.setNextBlockTimestamp({ timestamp: BigInt(deadline) });
      await register.write.install([installation, a, b, certificate, approvals]);
      expect(await register.read.deviceCount()).to.equal(1);
      expect(await register.read.deviceOfKey([(await register.read.stateOf([1])).key])).to.equal(1);
    });

    it("counts an account in two offices once", async () => {
      const community = await fresh();
      const { parties } = community;
      const both = { ...community, parties: { ...parties, installer: parties.manufacturer } };
      await community.credentials.write.set([CREDENTIAL.installer, parties.manufacturer.address, true]);
      await refused(
        community.register.write.install(await installArguments(both, { index: 1, by: ["installer", "manufacturer"] })),
        "EquipmentTwoOfThreeMissing",
      );
    });

    it("refuses parties without credential, late signatures, unproven and used keys", async () => {
      const community = await fresh();
      const { register, credentials, parties } = community;
      for (const [type, party] of [
        [CREDENTIAL.installer, parties.installer.address],
        [CREDENTIAL.manufacturer, parties.manufacturer.address],
      ] as const) {
        await credentials.write.set([type, party, false]);
        await refused(
          register.write.install(await installArguments(community, { index: 1 })),
          "EquipmentPartyNotCredentialed",
        );
        await credentials.write.set([type, party, true]);
      }
      const deadline = (await chainTime(community)) - 1;
      await refused(
        register.write.install(await installArguments(community, { index: 1, deadline })),
        "EquipmentDeadlinePassed",
      );
      const [installation, a, b, certificate, approvals] = await installArguments(community, { index: 1 });
      const forged = keccak256(stringToHex("forged"));
      await refused(register.write.install([installation, forged, b, certificate, approvals]), "EquipmentKeyUnproven");
      await refused(
        register.write.install([installation, a, b, approvals.owner, approvals]),
        "EquipmentFirmwareUnsigned",
      );
      await register.write.install([installation, a, b, certificate, approvals]);
      await refused(register.write.install([installation, a, b, certificate, approvals]), "EquipmentKeyTaken");
    });

    it("refuses limits without a good value, and critical devices without a partner in service", async () => {
      const community = await fresh();
      const bad = [{ low: 10, high: 5 }, { band: 2_000 }, { critical: true }, { critical: true, partner: 1 }];
      for (const profile of bad)
        await refused(
          community.register.write.install(await installArguments(community, { index: 1, profile })),
          "EquipmentProfileInvalid",
        );
      await installDevice(community, { index: 1 });
      await installDevice(community, { index: 2, profile: { critical: true, partner: 1 } });
      // One good value is enough; a partner nobody needs to hear may be anything; nobody is the own partner.
      await installDevice(community, { index: 3, profile: { low: 0, high: 100, band: 50, partner: 99 } });
      await refused(
        community.register.write.install(
          await installArguments(community, { index: 4, profile: { low: 0, high: 99, band: 50 } }),
        ),
        "EquipmentProfileInvalid",
      );
      await refused(
        community.register.write.install(
          await installArguments(community, { index: 4, profile: { critical: true, partner: 4 } }),
        ),
        "EquipmentProfileInvalid",
      );
    });
  });

  for (const curve of ["secp256k1", "p256"] as const) {
    describe(`readings signed on ${curve}`, () => {
      async function installed() {
        const community = await fresh();
        const device = await installDevice(community, { index: 1, curve });
        return { community, device, now: await chainTime(community) };
      }

      it("are taken from anyone and stored", async () => {
        const { community, device, now } = await installed();
        const hash = await community.register.write.record([next(community, device, now, 321)]);
        const event = await emitted(community, hash, community.register, "ReadingAccepted");
        expect(event).to.deep.include({ device: 1, status: NORMAL });
        expect(unpackReading(event.reading as bigint)).to.deep.equal({
          device: 1,
          counter: 1,
          observedAt: now,
          value: 321,
        });
        expect((await community.register.read.stateOf([1])).counter).to.equal(1);
      });

      it("are refused when forged, replayed, from the future, or of an unknown device", async () => {
        const { community, device, now } = await installed();
        const { register } = community;
        const reading = next(community, device, now, 5);
        await refused(register.write.record([{ ...reading, a: reading.b }]), "EquipmentReadingUnsigned");
        await refused(
          register.write.record([{ ...reading, reading: reading.reading + 1n }]),
          "EquipmentReadingUnsigned",
        );
        await register.write.record([reading]);
        await refused(register.write.record([reading]), "EquipmentReadingStale");
        await refused(register.write.record([next(community, device, now - 1, 5)]), "EquipmentReadingStale");
        await refused(register.write.record([next(community, device, now + 1_000, 5)]), "EquipmentReadingFromFuture");
        const other = signed(community, device, { device: 9, counter: 1, observedAt: now, value: 0 });
        await refused(register.write.record([other]), "EquipmentDeviceUnknown");
      });

      it("take a clock a minute ahead and not a second more", async () => {
        const { community, device } = await installed();
        const now = (await chainTime(community)) + 100;
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(now) });
        await community.register.write.record([next(community, device, now + 60, 5)]);
        const later = now + 100;
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(later) });
        await refused(
          community.register.write.record([next(community, device, later + 61, 5)], { gas: 200_000n }),
          "EquipmentReadingFromFuture",
        );
      });

      it("do not cross chains or registers", async () => {
        const { community, device, now } = await installed();
        const elsewhere = { ...community, domain: { ...community.domain, chainId: 1 } };
        await refused(community.register.write.record([next(elsewhere, device, now, 5)]), "EquipmentReadingUnsigned");
      });

      it("come in batches that pass over what is bad", async () => {
        const { community, device, now } = await installed();
        const good = next(community, device, now, 5);
        const forged = { ...next(community, device, now, 6), a: good.a };
        const batch = [good, good, forged, next(community, device, now, 7), next(community, device, now, 8)];
        const { result } = await community.register.simulate.submitBatch([batch]);
        expect(result).to.equal(3n);
        await community.register.write.submitBatch([batch]);
        const state = await community.register.read.stateOf([1]);
        expect(state.counter).to.equal(4);
      });

      it("prove a run only without a gap", async () => {
        const { community, device } = await installed();
        const { register } = community;
        const now = (await chainTime(community)) + 100;
        await travelTo(community, now);
        const run = [0, 1, 2].map((i) => next(community, device, now - 10 + i, 5));
        const proof = await register.read.checkRun([run]);
        expect(proof).to.deep.include({ device: 1, firstAt: now - 10, lastAt: now - 8, allInside: true });
        const [first, second, third] = run as [(typeof run)[0], (typeof run)[0], (typeof run)[0]];
        await refused(register.read.checkRun([[]]), "EquipmentRunBroken");
        await refused(register.read.checkRun([[first, third]]), "EquipmentRunBroken");
        await refused(register.read.checkRun([[second, first]]), "EquipmentRunBroken");
        await refused(register.read.checkRun([[{ ...first, a: second.a }]]), "EquipmentReadingUnsigned");
        const future = next(community, device, now + 1_000, 5);
        await refused(register.read.checkRun([[future]]), "EquipmentReadingFromFuture");
        const other = await installDevice(community, { index: 2, curve });
        const mixed = next(community, { ...other, counter: 1 }, now - 5, 5);
        await refused(register.read.checkRun([[first, mixed]]), "EquipmentRunBroken");
        const back = signed(community, device, { device: 1, counter: 2, observedAt: now - 11, value: 5 });
        await refused(register.read.checkRun([[first, back]]), "EquipmentRunBroken");
        // Part of it is known already: only what is new counts.
        await register.write.record([first]);
        const hash = await register.write.submitRun([run]);
        const event = await emitted(community, hash, register, "ReadingAccepted");
        expect(event).to.deep.include({ device: 1, reading: third.reading, status: NORMAL });
        expect((await register.read.stateOf([1])).counter).to.equal(3);
        // The same run again changes nothing, says nothing and is still a proof.
        const again = await community.client.getTransactionReceipt({ hash: await register.write.submitRun([run]) });
        expect(again.logs).to.deep.equal([]);
        expect((await register.read.stateOf([1])).counter).to.equal(3);
        // A minute ahead is heard in a run, too, and not a second more.
        const ahead = [next(community, device, now + 1_061, 5)];
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(now + 1_000) });
        await refused(register.write.submitRun([ahead], { gas: 300_000n }), "EquipmentReadingFromFuture");
        await community.test.setNextBlockTimestamp({ timestamp: BigInt(now + 1_001) });
        await register.write.submitRun([ahead]);
      });
    });
  }

  describe("limits", () => {
    it("debounce by time: outside for the hold-off, not a second less", async () => {
      const community = await fresh();
      const device = await installDevice(community, { index: 1, profile: { holdOff: 60 } });
      const start = await chainTime(community);
      await travelTo(community, start + 200);
      const statusAfter = async (at: number, value: number) => {
        await community.register.write.record([next(community, device, at, value)]);
        return (await community.register.read.stateOf([1])).status;
      };
      expect(await statusAfter(start + 1, 1_001)).to.equal(OUTSIDE);
      expect(await statusAfter(start + 60, 1_001)).to.equal(OUTSIDE);
      expect(await statusAfter(start + 61, 1_001)).to.equal(FAULTY);
      // Hysteresis: within the limits is not yet back; within the band is.
      expect(await statusAfter(start + 62, 1_000)).to.equal(FAULTY);
      expect(await statusAfter(start + 63, 951)).to.equal(FAULTY);
      expect(await statusAfter(start + 64, 950)).to.equal(NORMAL);
      expect(await statusAfter(start + 65, -500)).to.equal(NORMAL);
      expect(await statusAfter(start + 66, -501)).to.equal(OUTSIDE);
    });

    it("debounce by count", async () => {
      const community = await fresh();
      const device = await installDevice(community, { index: 1, profile: { holdOff: 65_535, runLength: 3 } });
      const now = await chainTime(community);
      for (const expected of [OUTSIDE, OUTSIDE, FAULTY]) {
        await community.register.write.record([next(community, device, now, 2_000)]);
        expect((await community.register.read.stateOf([1])).status).to.equal(expected);
      }
    });

    it("change with two of three only, once for each signature", async () => {
      const community = await fresh();
      await installDevice(community, { index: 1, curve: "p256" });
      const { register } = community;
      const profile = { ...PROFILE, high: 800, crew: 7 };
      const message = { device: 1, profile, sequence: 0n, deadline: FAR };
      const one = await approve(community, ["owner"], "Adjustment", message, FAR);
      await refused(register.write.adjust([1, profile, one]), "EquipmentTwoOfThreeMissing");
      const two = await approve(community, ["owner", "installer"], "Adjustment", message, FAR);
      const hash = await register.write.adjust([1, profile, two]);
      await emitted(community, hash, register, "DeviceAdjusted");
      const stored = await register.read.profileOf([1]);
      expect(stored).to.deep.include({ high: 800, crew: 7, p256: true, firmware: FIRMWARE.slice(0, 18) });
      await refused(register.write.adjust([1, profile, two]), "EquipmentTwoOfThreeMissing");
    });
  });

  it("calls a run inside only when every value is back by the band, outside only when every value is beyond a limit", async () => {
    const community = await fresh();
    const device = await installDevice(community, { index: 1 });
    const now = await chainTime(community);
    const cases: readonly [values: readonly number[], inside: boolean, outside: boolean][] = [
      [[-450, 950], true, false],
      [[950, 951], false, false],
      [[951, 1_000], false, false],
      [[1_001, -501], false, true],
      [[1_001, 1_000], false, false],
      [[-500, -501], false, false],
      [[950, 1_001], false, false],
    ];
    for (const [values, allInside, allOutside] of cases) {
      const run = values.map((value) => next(community, device, now, value));
      expect(await community.register.read.checkRun([run])).to.deep.include({ allInside, allOutside });
    }
  });

  describe("a run and what the register knows", () => {
    it("counts each reading once, those of one second too", async () => {
      const community = await fresh();
      const { register } = community;
      const device = await installDevice(community, { index: 1, profile: { holdOff: 65_535, runLength: 3 } });
      const now = await chainTime(community);
      const run = [0, 1, 2].map(() => next(community, device, now, 2_000));
      const [first, second] = run as [(typeof run)[0], (typeof run)[0]];
      await register.write.record([first]);
      for (const streak of [2, 2]) {
        await register.write.submitRun([[first, second]]);
        expect(await register.read.stateOf([1])).to.deep.include({ status: OUTSIDE, streak, counter: 2 });
      }
      await register.write.submitRun([run]);
      expect(await register.read.stateOf([1])).to.deep.include({ status: FAULTY, streak: 3, counter: 3 });
    });

    it("changes nothing by what is older, be it by the device's count or by its clock", async () => {
      const community = await fresh();
      const { register } = community;
      const device = await installDevice(community, { index: 1 });
      const now = (await chainTime(community)) + 100;
      await travelTo(community, now);
      device.counter = 10;
      await register.write.record([next(community, device, now, 2_000)]);
      const known = await register.read.stateOf([1]);
      const run = (counter: number, observedAt: number) =>
        [0, 1].map((i) =>
          signed(community, device, { device: 1, counter: counter + i, observedAt: observedAt + i, value: 200 }),
        );
      for (const older of [run(3, now + 5), run(12, now - 5)]) {
        await register.write.submitRun([older]);
        expect(await register.read.stateOf([1])).to.deep.equal(known);
      }
      await register.write.submitRun([run(12, now)]);
      expect(await register.read.stateOf([1])).to.deep.include({ status: NORMAL, counter: 13, observedAt: now + 1 });
    });
  });

  describe("firmware", () => {
    it("is approved by the manufacturer alone, and decides which readings count", async () => {
      const community = await fresh();
      const { register, parties } = community;
      const device = await installDevice(community, { index: 1 });
      const firmware = keccak256(stringToHex("4.3.0"));
      const message = { device: 1, firmware, sequence: 0n, deadline: FAR };
      const sign = (signer: typeof parties.owner) =>
        signEquipment(signer, community.typedDomain, "FirmwareUpdate", message);
      await refused(
        register.write.updateFirmware([1, firmware, FAR, await sign(parties.owner)]),
        "EquipmentFirmwareUnsigned",
      );
      await refused(
        register.write.updateFirmware([1, firmware, 1, await sign(parties.manufacturer)]),
        "EquipmentDeadlinePassed",
      );
      const hash = await register.write.updateFirmware([1, firmware, FAR, await sign(parties.manufacturer)]);
      await emitted(community, hash, register, "FirmwareUpdated");
      // The second of the deadline still counts, the next one does not.
      const deadline = (await chainTime(community)) + 100;
      const again = { ...message, sequence: 1n, deadline };
      const dated = await signEquipment(parties.manufacturer, community.typedDomain, "FirmwareUpdate", again);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(deadline) });
      await register.write.updateFirmware([1, firmware, deadline, dated]);
      await refused(register.write.updateFirmware([1, firmware, deadline, dated]), "EquipmentDeadlinePassed");
      const now = await chainTime(community);
      const old = next(community, device, now, 5);
      await refused(register.write.record([old]), "EquipmentReadingUnsigned");
      device.firmware = firmware;
      await register.write.record([next(community, device, now, 5)]);
    });
  });

  describe("re-keying", () => {
    async function proposed(from: DeviceCurve = "secp256k1", to: DeviceCurve = "p256") {
      const community = await fresh();
      const device = await installDevice(community, { index: 1, curve: from });
      const privateKey = keyOf(to, 77);
      const message = { device: 1, key: deviceKey(to, privateKey), sequence: 0n, deadline: FAR };
      const digest = equipmentDigest(community.typedDomain, "KeyChange", message);
      const { key, a, b } = proveKey({ curve: to, privateKey }, digest);
      const approvals = await approve(community, ["owner", "manufacturer"], "KeyChange", message, FAR);
      const hash = await community.register.write.proposeKey([1, key, a, b, approvals]);
      return { community, device, privateKey, hash };
    }

    it("takes effect after the delay and not a second earlier", async () => {
      const { community, device, privateKey, hash } = await proposed();
      const { register } = community;
      const { readyAt } = await emitted(community, hash, register, "DeviceKeyProposed");
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(readyAt as number) - 1n });
      await refused(register.write.applyKey([1], { gas: 200_000n }), "EquipmentKeyChangeNotReady");
      const before = next(community, device, (readyAt as number) - 1, 5);
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(readyAt as number) });
      await emitted(community, await register.write.applyKey([1]), register, "DeviceKeyChanged");
      await refused(register.write.record([before]), "EquipmentReadingUnsigned");
      const renewed = { ...device, curve: "p256" as const, privateKey };
      await register.write.record([next(community, renewed, readyAt as number, 5)]);
      const { key } = await register.read.stateOf([1]);
      expect(await register.read.deviceOfKey([key])).to.equal(1);
      await refused(register.write.applyKey([1]), "EquipmentKeyChangeNotReady");
      await refused(
        register.write.install(await installArguments(community, { index: 77, curve: "p256" })),
        "EquipmentKeyTaken",
      );
    });

    it("goes from P-256 to secp256k1 as well", async () => {
      const { community, device, privateKey, hash } = await proposed("p256", "secp256k1");
      const { register } = community;
      const { readyAt } = await emitted(community, hash, register, "DeviceKeyProposed");
      await travelTo(community, readyAt as number);
      await emitted(community, await register.write.applyKey([1]), register, "DeviceKeyChanged");
      const now = await chainTime(community);
      await refused(register.write.record([next(community, device, now, 5)]), "EquipmentReadingUnsigned");
      const renewed = { ...device, curve: "secp256k1" as const, privateKey };
      await register.write.record([next(community, renewed, now, 5)]);
    });

    it("is stopped by any one of the three within the delay, by nobody else", async () => {
      for (const name of ["owner", "installer", "manufacturer"] as const) {
        const { community, hash: proposal } = await proposed();
        const { register, parties, test } = community;
        const account = parties[name];
        await test.setBalance({ address: account.address, value: 10n ** 18n });
        await refused(register.write.cancelKey([1], { account: wallet(community, 9).account }), "EquipmentNotAParty");
        const hash = await register.write.cancelKey([1], { account });
        expect((await emitted(community, hash, register, "DeviceKeyCancelled")).by).to.equal(account.address);
        await refused(register.write.cancelKey([1], { account }), "EquipmentKeyChangeNotReady");
        const { readyAt } = await emitted(community, proposal, register, "DeviceKeyProposed");
        await travelTo(community, readyAt as number);
        await refused(register.write.applyKey([1]), "EquipmentKeyChangeNotReady");
      }
    });

    it("comes too late for a device that was retired meanwhile", async () => {
      const { community, hash } = await proposed();
      const { register } = community;
      const { readyAt } = await emitted(community, hash, register, "DeviceKeyProposed");
      const message = { device: 1, sequence: 1n, deadline: FAR };
      await register.write.retire([1, await approve(community, ["owner", "installer"], "Retirement", message, FAR)]);
      await travelTo(community, readyAt as number);
      await refused(register.write.applyKey([1]), "EquipmentDeviceUnknown");
      expect((await register.read.stateOf([1])).status).to.equal(RETIRED);
    });

    it("never takes a key that another device got meanwhile", async () => {
      const { community, hash } = await proposed();
      const { readyAt } = await emitted(community, hash, community.register, "DeviceKeyProposed");
      await installDevice(community, { index: 77, curve: "p256" });
      await travelTo(community, readyAt as number);
      await refused(community.register.write.applyKey([1]), "EquipmentKeyTaken");
    });
  });

  it("retires a device for good with two of three", async () => {
    const community = await fresh();
    const { register } = community;
    const device = await installDevice(community, { index: 1 });
    const message = { device: 1, sequence: 0n, deadline: FAR };
    for (const one of ["owner", "installer", "manufacturer"] as const)
      await refused(
        register.write.retire([1, await approve(community, [one], "Retirement", message, FAR)]),
        "EquipmentTwoOfThreeMissing",
      );
    const approvals = await approve(community, ["owner", "installer"], "Retirement", message, FAR);
    await emitted(community, await register.write.retire([1, approvals]), register, "DeviceRetired");
    expect((await register.read.stateOf([1])).status).to.equal(RETIRED);
    const now = await chainTime(community);
    await refused(register.write.record([next(community, device, now, 5)]), "EquipmentDeviceUnknown");
    await refused(register.write.markOffline([1]), "EquipmentDeviceUnknown");
    await refused(register.write.retire([1, approvals]), "EquipmentDeviceUnknown");
  });

  describe("silence", () => {
    it("can be noted by anyone after the heartbeat gap, not a second earlier, and ends with a reading", async () => {
      const community = await fresh();
      const { register } = community;
      const device = await installDevice(community, { index: 1 });
      const now = (await chainTime(community)) + 1;
      await register.write.record([next(community, device, now - 1, 1_001)]);
      await register.write.record([next(community, device, now, 1_001)]);
      expect(await register.read.stateOf([1])).to.deep.include({ status: FAULTY, streak: 2, outFor: 1 });
      await community.test.setNextBlockTimestamp({ timestamp: BigInt(now + 86_400) });
      await refused(register.write.markOffline([1], { gas: 200_000n }), "EquipmentNotOverdue");
      const hash = await register.write.markOffline([1]);
      expect((await emitted(community, hash, register, "DeviceWentOffline")).lastSeenAt).to.equal(now);
      expect(await register.read.stateOf([1])).to.deep.include({ status: OFFLINE, streak: 0, outFor: 0, counter: 2 });
      await refused(register.write.markOffline([1]), "EquipmentNotOverdue");
      await register.write.submitRun([goodRun(community, device, await chainTime(community))]);
      expect((await register.read.stateOf([1])).status).to.equal(NORMAL);
    });

    it("means nothing for a device that promised no heartbeat", async () => {
      const community = await fresh();
      await installDevice(community, { index: 1, profile: { heartbeatGap: 0 } });
      await travelTo(community, (await chainTime(community)) + 10 ** 8);
      await refused(community.register.write.markOffline([1]), "EquipmentNotOverdue");
    });
  });
});
