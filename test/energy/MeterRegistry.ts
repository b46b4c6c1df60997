import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, type Hex, keccak256, pad, parseEventLogs, zeroHash } from "viem";
import {
  checkCap,
  encodeMeterValues,
  type MeterDay,
  readMeterDays,
  secp256k1Key,
  signMeterDay,
  storedDigest,
} from "../../packages/sdk/src/energy/index.ts";
import { deployMarket, keyOf, meterKey } from "../../scripts/lib/energy-market.ts";
import { batchOf, refuses, traceless } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

async function metered() {
  const market = await deployMarket(viem);
  const { meters, chainId, client } = market;
  const key = meterKey(0);
  await meters.write.register([4, { curve: 1, class: 2, capWh: 5_000, x: key.x, y: key.y }]);
  await meters.write.register([5, { curve: 0, class: 1, capWh: 5_000, ...secp256k1Key(keyOf(3).address) }]);
  const day = Math.floor(Number((await client.getBlock()).timestamp) / 86_400);
  const domain = { chainId, registry: meters.address };
  const valuesWh = Array.from({ length: 96 }, (_, t) => (t % 2 === 0 ? t * 10 : -t * 20));
  await networkHelpers.time.increaseTo((day + 1) * 86_400);
  return { ...market, key, day, domain, valuesWh };
}

const post = (
  { meters }: Awaited<ReturnType<typeof metered>>,
  { account, day, valuesWh }: MeterDay,
  { a, b }: { a: Hex; b: Hex },
) => meters.write.post([account, day, encodeMeterValues(valuesWh), a, b]);

describe("MeterRegistry", () => {
  it("takes a day signed by a P-256 secure element", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 4, day: f.day, valuesWh: f.valuesWh };
    const hash = await post(f, today, f.key.sign(f.domain, today));
    const { logs } = await f.client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: f.meters.abi, logs, eventName: "MeterDayPosted" });
    expect(event?.args).to.deep.equal({ account: 4, day: f.day, digest: storedDigest(f.valuesWh) });
    expect(await f.meters.read.digestOf([4, f.day])).to.equal(storedDigest(f.valuesWh));
    expect(await f.meters.read.digestsOf([[4n, 5n], f.day])).to.deep.equal([storedDigest(f.valuesWh), zeroHash]);
    expect((await f.meters.read.meterOf([4])).capWh).to.equal(5_000);
  });

  it("takes a day signed by a secp256k1 key", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 5, day: f.day, valuesWh: f.valuesWh };
    await post(f, today, await signMeterDay(keyOf(3), f.domain, today));
    expect(await f.meters.read.digestOf([5, f.day])).to.equal(storedDigest(f.valuesWh));
  });

  it("gives back the days that were posted, one by one or several by a wallet's contract", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const first = { account: 4, day: f.day, valuesWh: f.valuesWh };
    const second = { account: 5, day: f.day, valuesWh: f.valuesWh.map((wh) => wh + 1) };
    const signed = [
      { today: first, ...f.key.sign(f.domain, first) },
      { today: second, ...(await signMeterDay(keyOf(3), f.domain, second)) },
    ];
    const open = await networkHelpers.takeSnapshot();
    for (const { today, a, b } of signed) await post(f, today, { a, b });
    const read = () => readMeterDays(traceless(f.client), { meters: f.meters.address }, f.day);
    const expected = new Map([
      [4, first.valuesWh],
      [5, second.valuesWh],
    ]);
    expect(await read()).to.deep.equal(expected);
    await open.restore();
    const calls = signed.map(({ today: { account, day, valuesWh }, a, b }) => ({
      to: f.meters.address,
      data: encodeFunctionData({
        ...{ abi: f.meters.abi, functionName: "post", args: [account, day, encodeMeterValues(valuesWh), a, b] },
      }),
    }));
    // To somebody who takes anything, what only looks like a day.
    const look = {
      to: keyOf(0).address,
      data: encodeFunctionData({
        ...{ abi: f.meters.abi, functionName: "post", args: [4, f.day, "0x8001", zeroHash, zeroHash] },
      }),
    };
    await f.admin.sendTransaction({ data: batchOf([look, ...calls]) });
    expect(await read()).to.deep.equal(expected);
    expect(await readMeterDays(f.client as never, { meters: f.meters.address }, f.day - 1)).to.deep.equal(new Map());
  });

  it("I11: one value a meter and slot, for ever: no second day, no older day, no changed value", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 4, day: f.day, valuesWh: f.valuesWh };
    const signature = f.key.sign(f.domain, today);
    const changed = { ...today, valuesWh: f.valuesWh.map((value) => value + 1) };
    await refuses(post(f, changed, signature), "MeterBadSignature", [4]);
    await post(f, today, signature);
    await refuses(post(f, today, signature), "MeterDayTaken", [4, f.day]);
    await refuses(post(f, changed, f.key.sign(f.domain, changed)), "MeterDayTaken", [4, f.day]);
    const older = { ...today, day: f.day - 16 };
    await refuses(post(f, older, f.key.sign(f.domain, older)), "MeterDayTaken", [4, f.day - 16]);
    // Sixteen days on, the place is reused and the old day answers nothing rather than something else.
    await networkHelpers.time.increase(16 * 86_400);
    const later = { ...today, day: f.day + 16 };
    await post(f, later, f.key.sign(f.domain, later));
    expect(await f.meters.read.digestOf([4, f.day])).to.equal(zeroHash);
  });

  it("I11: refuses another key, account, day, chain or registry, and the malleable twin of a signature", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 4, day: f.day, valuesWh: f.valuesWh };
    const good = f.key.sign(f.domain, today);
    const high = { ...good, b: pad(`0x${(P256_ORDER - BigInt(good.b)).toString(16)}`, { size: 32 }) };
    const wrong = [
      meterKey(1).sign(f.domain, today),
      f.key.sign(f.domain, { ...today, account: 5 }),
      f.key.sign(f.domain, { ...today, day: f.day - 1 }),
      f.key.sign({ ...f.domain, chainId: 1 }, today),
      f.key.sign({ ...f.domain, registry: f.exchange.address }, today),
      high,
    ];
    for (const signature of wrong) await refuses(post(f, today, signature), "MeterBadSignature", [4]);
  });

  it("I11: refuses a value above what the connection carries, either way, naming the slot", async () => {
    const f = await networkHelpers.loadFixture(metered);
    for (const [index, value] of [
      [0, 5_001],
      [95, -5_001],
    ] as const) {
      const valuesWh = f.valuesWh.map((_, t) => (t === index ? value : 5_000));
      const today = { account: 4, day: f.day, valuesWh };
      const signature = f.key.sign(f.domain, today);
      await refuses(post(f, today, signature), "MeterOverCap", [index, value, 5_000]);
      await refuses(() => checkCap(valuesWh, 5_000), "MeterOverCap", [index, value, 5_000]);
    }
  });

  it("refuses days that have not ended, unknown meters and wrong lengths", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 4, day: f.day + 1, valuesWh: f.valuesWh };
    const signature = f.key.sign(f.domain, today);
    const end = (f.day + 2) * 86_400;
    await networkHelpers.time.increaseTo(end - 2);
    await refuses(post(f, today, signature), "MeterDayOpen", [f.day + 1]);
    await networkHelpers.time.setNextBlockTimestamp(end);
    await post(f, today, signature);
    await refuses(post(f, { ...today, account: 9, day: f.day }, { a: zeroHash, b: zeroHash }), "MeterUnknown", [9]);
    await refuses(f.meters.write.post([4, f.day, "0x00", zeroHash, zeroHash]), "MeterBadLength", [1]);
    await refuses(() => encodeMeterValues([1, 2]), "MeterBadLength", [8]);
  });

  it("registers only keys that are keys, by the measurement body only", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const meter = { curve: 1, class: 0, capWh: 1, x: f.key.x, y: f.key.x } as const;
    await refuses(f.meters.write.register([6, meter]), "MeterBadKey", [6]);
    await refuses(f.meters.write.register([6, { ...meter, curve: 0 }]), "MeterBadKey", [6]);
    await refuses(f.meters.write.register([6, meter], { account: f.stranger.account }), "AccessManagedUnauthorized");
    const hash = await f.meters.write.register([6, { ...meter, y: f.key.y }]);
    const { logs } = await f.client.getTransactionReceipt({ hash });
    const [event] = parseEventLogs({ abi: f.meters.abi, logs, eventName: "MeterRegistered" });
    expect(event?.args.account).to.equal(6);
  });

  it("I11: logs corrections in sequence and leaves the value that settles alone", async () => {
    const f = await networkHelpers.loadFixture(metered);
    const today = { account: 4, day: f.day, valuesWh: f.valuesWh };
    const other = keccak256("0x01");
    await refuses(f.meters.write.correct([4, f.day, other, zeroHash]), "MeterDayMissing", [4, f.day]);
    await post(f, today, f.key.sign(f.domain, today));
    for (const sequence of [1n, 2n]) {
      const hash = await f.meters.write.correct([4, f.day, other, zeroHash]);
      const { logs } = await f.client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: f.meters.abi, logs, eventName: "MeterDayCorrected" });
      expect(event?.args.sequence).to.equal(sequence);
      expect(await f.meters.read.corrections([4, f.day])).to.equal(sequence);
    }
    expect(await f.meters.read.digestOf([4, f.day])).to.equal(storedDigest(f.valuesWh));
    await refuses(
      f.meters.write.correct([4, f.day, other, zeroHash], { account: f.stranger.account }),
      "AccessManagedUnauthorized",
    );
  });
});
