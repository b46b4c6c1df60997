import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import fc from "fast-check";
import { hashTypedData, hexToBytes, keccak256 as viemKeccak } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import * as communityModule from "../src/community/index.ts";
import {
  claimFixed,
  deviceKey,
  encodeSignature,
  exposeGateway,
  foundCrew,
  fundService,
  getCommunityView,
  getOrder,
  keccak256,
  nextSweepHead,
  orderId,
  packReading,
  parseOrderId,
  proveRepair,
  publicKey,
  readingDigest,
  rebuildCommunity,
  setAvailability,
  sha256,
  shouldReport,
  signDigest,
  stepOrder,
  sweepRoot,
  sweepWord,
  toHex,
  unpackReading,
  voteOnDispute,
} from "../src/community/index.ts";
import type { WriteClient } from "../src/foundation/client.ts";
import { PublicaError } from "../src/foundation/errors.ts";

const key = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => toHex(bytes.map((byte, index) => (index === 0 ? byte & 0x7f : index === 31 ? byte | 1 : byte))));
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const domain = { chainId: 31_337, register: "0x00000000000000000000000000000000000000aa" } as const;

describe("the device module", () => {
  it("imports nothing, so that it runs wherever JavaScript runs", () => {
    const source = readFileSync(new URL("../src/community/device.ts", import.meta.url), "utf8");
    expect(source).to.not.match(/^\s*import\s/m);
    expect(source).to.not.match(/\brequire\(/);
  });

  it("hashes like viem and Node", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (data) => {
        expect(toHex(keccak256(data))).to.equal(viemKeccak(data));
        expect(toHex(sha256(data)).slice(2)).to.equal(createHash("sha256").update(data).digest("hex"));
      }),
      { numRuns: 100 },
    );
  });

  it("derives public keys and accounts like noble and viem", () => {
    fc.assert(
      fc.property(key, (privateKey) => {
        expect(BigInt(deviceKey("secp256k1", privateKey).x)).to.equal(BigInt(privateKeyToAddress(privateKey)));
        const point = p256.Point.fromBytes(p256.getPublicKey(hexToBytes(privateKey)));
        expect(publicKey("p256", privateKey)).to.deep.equal({ x: point.x, y: point.y });
      }),
      { numRuns: 20 },
    );
  });

  it("signs deterministically, with a low s, the very bytes noble signs", () => {
    fc.assert(
      fc.property(key, digest, (privateKey, hash) => {
        for (const [name, curve] of [
          ["secp256k1", secp256k1],
          ["p256", p256],
        ] as const) {
          const expected = curve.Signature.fromBytes(
            curve.sign(hexToBytes(hash), hexToBytes(privateKey), { prehash: false, lowS: true }),
          );
          const { r, s } = signDigest(name, privateKey, hash);
          expect({ r, s }).to.deep.equal({ r: expected.r, s: expected.s });
        }
      }),
      { numRuns: 20 },
    );
  });

  it("lowers a high s from a secure element", () => {
    const signature = signDigest("p256", `0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`);
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const high = { r: signature.r, s: n - signature.s, odd: !signature.odd };
    expect(encodeSignature("p256", high)).to.deep.equal(encodeSignature("p256", signature));
    expect(encodeSignature("secp256k1", { r: 1n, s: 2n, odd: true }).b).to.match(/^0x80/);
  });

  it("refuses keys that are no scalars", () => {
    expect(() => signDigest("p256", `0x${"00".repeat(32)}`, `0x${"22".repeat(32)}`)).to.throw(RangeError);
    expect(() => signDigest("p256", `0x${"ff".repeat(32)}`, `0x${"22".repeat(32)}`)).to.throw(RangeError);
  });

  it("hashes a reading as EIP-712 does, negative values too", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(), (value, counter) => {
        const reading = { device: 7, counter, observedAt: 1_800_000_000, value };
        const expected = hashTypedData({
          domain: {
            name: "Publica EquipmentRegister",
            version: "1",
            chainId: domain.chainId,
            verifyingContract: domain.register,
          },
          types: {
            Reading: [
              { name: "device", type: "uint32" },
              { name: "counter", type: "uint32" },
              { name: "observedAt", type: "uint32" },
              { name: "value", type: "int32" },
              { name: "firmware", type: "bytes8" },
            ],
          },
          primaryType: "Reading",
          message: { ...reading, firmware: "0x0102030405060708" },
        });
        expect(readingDigest(domain, reading, `0x0102030405060708${"99".repeat(24)}`)).to.equal(expected);
        expect(unpackReading(packReading(reading))).to.deep.equal(reading);
      }),
      { numRuns: 50 },
    );
  });

  it("reports exceptions, recoveries and due heartbeats only", () => {
    const limits = { low: 0, high: 10, band: 2, heartbeatGap: 100 };
    const last = (outside: boolean) => ({ observedAt: 1_000, outside });
    expect(shouldReport(limits, last(false), { observedAt: 1_010, value: 5 })).to.equal(false);
    expect(shouldReport(limits, last(false), { observedAt: 1_010, value: 11 })).to.equal(true);
    expect(shouldReport(limits, last(true), { observedAt: 1_010, value: 9 })).to.equal(false);
    expect(shouldReport(limits, last(true), { observedAt: 1_010, value: 8 })).to.equal(true);
    expect(shouldReport(limits, last(false), { observedAt: 1_049, value: 5 })).to.equal(false);
    expect(shouldReport(limits, last(false), { observedAt: 1_050, value: 5 })).to.equal(true);
    expect(shouldReport({ ...limits, heartbeatGap: 0 }, last(false), { observedAt: 9_000, value: 5 })).to.equal(false);
  });

  it("makes sweeps: a word, a root and the next head", () => {
    expect(sweepWord([0, 255])).to.equal(1n | (1n << 255n));
    expect(() => sweepWord([256])).to.throw(RangeError);
    const [a, b, c] = ["11", "22", "33"].map((byte) => `0x${byte.repeat(32)}` as const) as [
      `0x${string}`,
      `0x${string}`,
      `0x${string}`,
    ];
    const pair = viemKeccak(`0x${a.slice(2)}${b.slice(2)}`);
    expect(sweepRoot([a, b, c])).to.equal(viemKeccak(`0x${pair.slice(2)}${c.slice(2)}`));
    expect(sweepRoot([a])).to.equal(a);
    expect(sweepRoot([])).to.equal(`0x${"00".repeat(32)}`);
    expect(nextSweepHead(a, { word: 1n, changedAt: 2, formerHour: 3 })).to.match(/0{12}$/);
  });
});

describe("views rebuilt from events", () => {
  it("name orders by device, kind and number", () => {
    expect(parseOrderId(orderId(9, "reported", 3))).to.deep.equal({ device: 9, kind: "reported", number: 3 });
    expect(() => parseOrderId(3n << 16n)).to.throw(RangeError);
  });

  it("count overlapping downtime once, and false alarms and redos apart", () => {
    const covered = { name: "DeviceCovered", args: { device: 1 }, timestamp: 1_000 };
    const opened = (order: bigint, timestamp: number, redo = false) => ({
      name: "OrderOpened",
      args: { order, level: 1, redo },
      timestamp,
    });
    const settled = (order: bigint, outcome: number) => ({
      name: "RepairSettled",
      args: { order, outcome, fee: 5n, penalty: 1n },
      timestamp: 9_000,
    });
    const [limits, silence, redo] = [orderId(1, "limits", 1), orderId(1, "silence", 1), orderId(1, "limits", 2)];
    const view = rebuildCommunity([
      covered,
      opened(limits, 2_000),
      opened(silence, 2_100),
      { name: "OrderReassigned", args: { order: limits, level: 2 }, timestamp: 2_200 },
      { name: "FixFailed", args: { order: limits, failures: 1 }, timestamp: 2_300 },
      { name: "OrderRestored", args: { order: limits, restoredAt: 3_000 }, timestamp: 3_600 },
      settled(limits, 0),
      { name: "OrderSelfCleared", args: { order: silence }, timestamp: 3_100 },
      settled(silence, 1),
      opened(redo, 4_000, true),
      { name: "OrderRestored", args: { order: redo, restoredAt: 4_000 }, timestamp: 4_600 },
      settled(redo, 0),
      settled(orderId(2, "limits", 1), 0),
    ]);
    expect(view.devices.get(1)).to.deep.equal({
      device: 1,
      coveredSince: 1_000,
      lastUp: 4_001,
      downSeconds: 1_101,
      repairSeconds: 1_001,
      repairs: 2,
      falseAlarms: 1,
      redos: 1,
      feesPaid: 15n,
      penalties: 3n,
    });
    expect(view.orders.get(limits)).to.deep.include({ level: 2, failures: 1, outcome: "repaired" });
  });
});

type Action = (client: WriteClient, parameters: object) => Promise<unknown>;

describe("what callers pass in", () => {
  const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const HASH = `0x${"e1".repeat(32)}` as const;
  const SIGNED = { reading: 1n, a: HASH, b: HASH };
  /** A client that would fail differently: nothing may get so far. */
  const client = {} as WriteClient;

  /** The call must be refused for this field, before anything is sent. */
  async function refusedFor(field: string, call: () => Promise<unknown>): Promise<void> {
    const error = await call().then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error, field).to.be.instanceOf(PublicaError);
    const { code, message, remedy, values } = error as PublicaError;
    expect({ code, field: values[0] }).to.deep.equal({ code: "SdkInvalidInput", field });
    expect(message).to.contain(field);
    expect(remedy).to.contain(field);
  }

  it("is checked once, at the edge, and the error names the field and the remedy", async () => {
    const order = { orders: ADDRESS, device: 1, kind: "limits" } as const;
    await refusedFor("orders", () => stepOrder(client, { ...order, orders: "0x12", step: "accept" }));
    await refusedFor("device", () => stepOrder(client, { ...order, device: 0, step: "accept" }));
    await refusedFor("device", () => stepOrder(client, { ...order, device: 1.5, step: "accept" }));
    await refusedFor("device", () => stepOrder(client, { ...order, device: 2 ** 32, step: "accept" }));
    await refusedFor("kind", () => stepOrder(client, { ...order, kind: "noise" as "limits", step: "accept" }));
    await refusedFor("step", () => stepOrder(client, { ...order, step: "prove" as "accept" }));
    await refusedFor("code", () => claimFixed(client, { ...order, code: 2 ** 24, evidenceRoot: HASH }));
    await refusedFor("evidenceRoot", () => claimFixed(client, { ...order, code: 1, evidenceRoot: "0x12" }));
    await refusedFor("run", () => proveRepair(client, { ...order, run: [] }));
    await refusedFor("run.1.a", () => proveRepair(client, { ...order, run: [SIGNED, { ...SIGNED, a: "0x" }] }));
    await refusedFor("partnerRun.0.reading", () =>
      proveRepair(client, { ...order, run: [SIGNED], partnerRun: [{ ...SIGNED, reading: -1n }] }),
    );
    await refusedFor("kind", () => getOrder(client, { ...order, kind: "" as "limits" }));
    await refusedFor("fromBlock", () =>
      getCommunityView(client, { orders: ADDRESS, service: ADDRESS, fromBlock: -1n }),
    );
    const crew = { response: 1, arrival: 1, restore: 1, holdMax: 1, verifySpan: 1, verifyCount: 2, verifyWindow: 1 };
    const terms = { ...crew, confirmWindow: 1, warranty: 1 };
    await refusedFor("terms.verifyCount", () =>
      foundCrew(client, {
        orders: ADDRESS,
        lead: ADDRESS,
        backup: ADDRESS,
        shiftLength: 3_600,
        terms: { ...terms, verifyCount: 1 },
      }),
    );
    await refusedFor("shifts", () =>
      setAvailability(client, { orders: ADDRESS, crew: 1, seat: 0, period: 0, shifts: 65_536 }),
    );
    await refusedFor("amount", () =>
      fundService(client, { service: ADDRESS, orders: ADDRESS, crew: 1, amount: 2n ** 104n, inEth: true }),
    );
    await refusedFor("history", () =>
      exposeGateway(client, { sweeps: ADDRESS, gateway: ADDRESS, run: [SIGNED], before: HASH, history: [] }),
    );
    await refusedFor("dispute", () => voteOnDispute(client, { forum: ADDRESS, dispute: "0x", uphold: true }));
  });

  it("has every field of every action checked: each refuses when nothing is given", async () => {
    const folder = new URL("../src/community/", import.meta.url);
    const actions = readdirSync(folder)
      .filter((file) => readFileSync(new URL(file, folder), "utf8").includes("decoded("))
      .map((file) => file.slice(0, -".ts".length));
    expect(actions.length).to.be.greaterThan(50);
    for (const name of actions) {
      const action = (communityModule as unknown as Record<string, Action>)[name];
      if (action === undefined) throw new Error(`${name} is not exported`);
      const error = await action(client, {}).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(error, name).to.be.instanceOf(PublicaError);
      expect((error as PublicaError).code, name).to.equal("SdkInvalidInput");
      expect((error as PublicaError).message, name).to.contain(`${name}: `);
    }
  });
});
