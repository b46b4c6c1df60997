import { expect } from "chai";
import fc from "fast-check";
import { type Hex, keccak256, pad, recoverAddress, size, slice, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { p256 } from "@noble/curves/nist.js";
import {
  accountSensor,
  assembleReport,
  compactSignature,
  encodeReport,
  equivocationProof,
  type FeedContext,
  feedIdOf,
  findEquivocation,
  hashReading,
  isSuspect,
  lowSSignature,
  median,
  p256Key,
  p256Sensor,
  PublicaError,
  remoteSensor,
  type SignedReading,
  signReading,
} from "../../src/foundation/index.ts";

const ORDER = p256.Point.Fn.ORDER;
const context: FeedContext = {
  chainId: 1,
  address: "0x00000000000000000000000000000000000000A1",
  feed: pad("0xfeed"),
  epoch: 1,
};
const reading = { round: 3, observedAt: 1_700_000_000, value: -5n };
const secret = keccak256(toHex("feed test"));

function signed(sensor: number, value: bigint, change: Partial<SignedReading> = {}): SignedReading {
  return { round: 3, observedAt: 1_700_000_000, sensor, value, signature: toHex(sensor + 1, { size: 64 }), ...change };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof PublicaError) return error.code;
    throw error;
  }
  return "none";
}

describe("feed: signing", () => {
  it("an account's signature is compact and recovers to it", async () => {
    const account = privateKeyToAccount(secret);
    const { signature } = await signReading(context, accountSensor(account), 2, reading);
    expect(size(signature)).to.equal(64);
    const vs = BigInt(slice(signature, 32));
    const full = `${slice(signature, 0, 32)}${toHex(vs & ((1n << 255n) - 1n), { size: 32 }).slice(2)}${vs >> 255n === 1n ? "1c" : "1b"}`;
    expect(await recoverAddress({ hash: hashReading(context, reading), signature: full as Hex })).to.equal(
      account.address,
    );
  });

  it("a P-256 signature verifies over the digest itself and has a low s", async () => {
    const sensor = p256Sensor(secret);
    for (let round = 1; round <= 20; round++) {
      const { signature } = await signReading(context, sensor, 0, { ...reading, round });
      expect(BigInt(slice(signature, 32)) <= ORDER / 2n).to.equal(true);
      const bytes = (hex: Hex): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
      const digest = hashReading(context, { ...reading, round });
      const publicKey = bytes(`0x04${sensor.key.x.slice(2)}${sensor.key.y.slice(2)}`);
      expect(p256.verify(bytes(signature), bytes(digest), publicKey, { prehash: false })).to.equal(true);
    }
  });

  it("a remote signer's signature is brought to the contract's form", async () => {
    const local = p256Sensor(secret);
    const high = async (digest: Hex): Promise<Hex> => {
      const signature = await local.sign(digest);
      return `${slice(signature, 0, 32)}${toHex(ORDER - BigInt(slice(signature, 32)), { size: 32 }).slice(2)}` as Hex;
    };
    const digest = hashReading(context, reading);
    expect(await remoteSensor(local.key, high).sign(digest)).to.equal(await local.sign(digest));
    const account = privateKeyToAccount(secret);
    const sensor = accountSensor(account);
    const remote = remoteSensor(sensor.key, (hash) => account.sign({ hash }));
    expect(await remote.sign(digest)).to.equal(await sensor.sign(digest));
    expect(await remoteSensor(sensor.key, sensor.sign).sign(digest)).to.equal(await sensor.sign(digest));
    expect(compactSignature(await account.sign({ hash: digest }))).to.equal(await sensor.sign(digest));
    expect(codeOf(() => lowSSignature("0x1234"))).to.equal("SdkSignatureMalformed");
  });

  it("takes public keys compressed or not, and none off the curve", () => {
    const { key } = p256Sensor(secret);
    const compressed = toHex(p256.getPublicKey(Uint8Array.from(Buffer.from(secret.slice(2), "hex")), true));
    expect(p256Key(compressed)).to.deep.equal(key);
    expect(codeOf(() => p256Key(`0x04${key.x.slice(2)}${key.x.slice(2)}`))).to.equal("SdkKeyInvalid");
  });

  it("an account without raw signing is named", async () => {
    const account = privateKeyToAccount(secret);
    const { sign: _, ...mute } = account;
    const error = await accountSensor(mute as typeof account)
      .sign(pad("0x01"))
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(PublicaError);
    expect((error as PublicaError).code).to.equal("SdkSignerUnsupported");
  });
});

describe("feed: reports", () => {
  it("packs head and readings", () => {
    const data = encodeReport({ round: 1, observedAt: 2, epoch: 3 }, [signed(4, -1n)]);
    expect(data).to.equal(`0x0000000100000000020003${"04"}${"ff".repeat(16)}${toHex(5, { size: 64 }).slice(2)}`);
  });

  it("keeps the median of all readings with no more than a quorum of them", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-100n, 100n), { minLength: 1, maxLength: 31 }), fc.nat(30), (values, spare) => {
        const quorum = Math.max(1, values.length - spare);
        const report = assembleReport(
          context,
          quorum,
          values.map((value, sensor) => signed(sensor, value)),
        );
        expect(report.sensors).to.have.length(quorum);
        expect(report.value).to.equal(median(values));
        expect(size(report.data)).to.equal(11 + 81 * quorum);
      }),
    );
  });

  it("refuses readings that do not make one report", () => {
    const one = signed(0, 1n);
    expect(codeOf(() => assembleReport(context, 2, [one]))).to.equal("SdkQuorumMissed");
    expect(codeOf(() => assembleReport(context, 0, []))).to.equal("SdkQuorumMissed");
    for (const other of [
      one,
      signed(1, 1n, { round: 4 }),
      signed(1, 1n, { observedAt: 1 }),
      signed(1, 1n, { signature: "0x12" }),
    ])
      expect(codeOf(() => assembleReport(context, 2, [one, other]))).to.equal("SdkReportMalformed");
    expect(codeOf(() => median([]))).to.equal("SdkReportMalformed");
  });

  it("knows a suspect round and a feed's id", () => {
    expect(isSuspect({ flags: 1 })).to.equal(true);
    expect(isSuspect({ flags: 2 })).to.equal(false);
    const description = {
      name: "a",
      unit: "b",
      decimals: 1,
      minPlausible: 0n,
      maxPlausible: 1n,
      heartbeat: 1,
      deviationBps: 1,
      historySize: 1,
    };
    expect(feedIdOf(description)).to.not.equal(feedIdOf({ ...description, name: "c" }));
  });
});

describe("feed: equivocation", () => {
  it("is found among readings and made into a proof", () => {
    const one = signed(1, 1n);
    const two = signed(1, 2n);
    expect(findEquivocation([signed(0, 1n), one, signed(2, 2n), one, two])).to.deep.equal([one, two]);
    expect(findEquivocation([one, signed(1, 2n, { round: 4 }), signed(2, 2n)])).to.equal(undefined);
    const { key } = p256Sensor(secret);
    const proof = equivocationProof(context, key, one, two);
    expect(proof.first).to.deep.equal({ observedAt: 1_700_000_000, value: 1n, r: pad("0x"), vs: pad("0x02") });
    expect(codeOf(() => equivocationProof(context, key, one, one))).to.equal("SdkNoEquivocation");
    expect(codeOf(() => equivocationProof(context, key, one, signed(1, 2n, { round: 4 })))).to.equal(
      "SdkNoEquivocation",
    );
  });
});
