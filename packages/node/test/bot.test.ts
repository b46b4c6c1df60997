import {
  accountSensor,
  type FeedContext,
  p256Sensor,
  PublicaError,
  type SensorSigner,
  type SignedReading,
  signReading,
  verifyReading,
} from "@publica/sdk";
import { expect } from "chai";
import { createWalletClient, custom, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { createOracleBot, type OracleBot } from "../src/oracle/index.ts";

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

function bot(): { bot: OracleBot; sent: unknown[] } {
  const sent: unknown[] = [];
  const client = createWalletClient({
    account: privateKeyToAccount(key("bot")),
    transport: custom({
      async request({ method, params }: { method: string; params: unknown }) {
        if (method === "eth_chainId") return "0x7a69";
        if (method === "eth_sendRawTransaction") {
          sent.push(params);
          return key("hash");
        }
        if (method === "eth_getBlockByNumber")
          return { baseFeePerGas: "0x1", number: "0x1", timestamp: "0x1", transactions: [] };
        return "0x10000";
      },
    }),
  });
  return { bot: createOracleBot({ client, context, sensors: signers.map((signer) => signer.key), quorum: 3 }), sent };
}

function sign(sensor: number, value: bigint, round = 1): Promise<SignedReading> {
  const signer = signers[sensor];
  if (signer === undefined) throw new Error("no such sensor");
  return signReading(context, signer, sensor, { round, observedAt: 1_000, value });
}

describe("oracle bot", () => {
  it("takes each sensor once a round and posts the median of the quorum", async () => {
    const { bot: oracle, sent } = bot();
    for (const [sensor, value] of [5n, 900n, 7n, 6n].entries())
      expect(await oracle.offer(await sign(sensor, value))).to.equal("accepted");
    expect(oracle.heard(1)).to.deep.equal([0, 1, 2, 3]);
    const report = await oracle.post(1);
    expect(report.value).to.equal(7n);
    expect(sent).to.have.length(1);
  });

  it("refuses a second reading, a stranger, another sensor's signature and a closed round, each by name", async () => {
    const { bot: oracle } = bot();
    const reading = await sign(0, 5n);
    expect(await oracle.offer(reading)).to.equal("accepted");
    expect(await oracle.offer(await sign(0, 6n))).to.equal("repeated");
    expect(await oracle.offer({ ...reading, sensor: 9 })).to.equal("unknown sensor");
    expect(await oracle.offer({ ...reading, sensor: 1 })).to.equal("bad signature");
    expect(await oracle.offer({ ...(await sign(2, 5n)), value: 6n })).to.equal("bad signature");
    for (const sensor of [1, 2]) await oracle.offer(await sign(sensor, 5n));
    await oracle.post(1);
    expect(await oracle.offer(await sign(3, 5n))).to.equal("round closed");
  });

  it("posts nothing below the quorum and keeps what it has", async () => {
    const { bot: oracle, sent } = bot();
    for (const sensor of [0, 2]) await oracle.offer(await sign(sensor, 5n));
    const error = await oracle.post(1).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(PublicaError);
    expect((error as PublicaError).code).to.equal("BotQuorumMissed");
    expect(sent).to.have.length(0);
    expect(await oracle.offer(await sign(3, 5n))).to.equal("accepted");
    expect((await oracle.post(1)).sensors).to.have.length(3);
  });
});

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
