import { expect } from "chai";
import { keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  type FeedContext,
  p256Sensor,
  type SensorSigner,
  type SignedReading,
  signReading,
  verifyReading,
} from "../../src/foundation/index.ts";

const key = (name: string) => keccak256(toHex(name));
const context: FeedContext = {
  chainId: 31337,
  address: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  feed: key("feed"),
  epoch: 1,
};
const signers: SensorSigner[] = [
  accountSensor(privateKeyToAccount(key("a"))),
  accountSensor(privateKeyToAccount(key("b"))),
  p256Sensor(key("c")),
  p256Sensor(key("d")),
];

function sign(sensor: number, value: bigint, round = 1): Promise<SignedReading> {
  const signer = signers[sensor];
  if (signer === undefined) throw new Error("no such sensor");
  return signReading(context, signer, sensor, { round, observedAt: 1_000, value });
}

describe("verifyReading", () => {
  const HALF = {
    0: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    2: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  };

  for (const sensor of [0, 2] as const) {
    it(`accepts only the sensor's own low-s signature over exactly this reading (${sensor === 0 ? "secp256k1" : "P-256"})`, async () => {
      const signer = signers[sensor];
      if (signer === undefined) throw new Error("no such sensor");
      const reading = await sign(sensor, 5n);
      expect(await verifyReading(context, signer.key, reading)).to.equal(true);
      for (const other of [{ round: 2 }, { observedAt: 1_001 }, { value: 6n }]) {
        expect(await verifyReading(context, signer.key, { ...reading, ...other })).to.equal(false);
      }
      for (const other of [
        { chainId: 1 },
        { epoch: 2 },
        { feed: key("other") },
        { address: "0x0000000000000000000000000000000000000001" as const },
      ]) {
        expect(await verifyReading({ ...context, ...other }, signer.key, reading)).to.equal(false);
      }
      const s = BigInt(`0x${reading.signature.slice(66)}`) & ((1n << 255n) - 1n);
      const parity = sensor === 0 ? BigInt(`0x${reading.signature.slice(66)}`) >> 255n : 0n;
      const high = HALF[sensor] - s;
      if (high < 1n << 255n || sensor === 2) {
        const twin = sensor === 0 ? high | ((1n - parity) << 255n) : high;
        expect(
          await verifyReading(context, signer.key, {
            ...reading,
            signature: `${reading.signature.slice(0, 66)}${twin.toString(16).padStart(64, "0")}` as `0x${string}`,
          }),
        ).to.equal(false);
      }
      expect(await verifyReading(context, signer.key, { ...reading, signature: "0x12" })).to.equal(false);
    });
  }
});
