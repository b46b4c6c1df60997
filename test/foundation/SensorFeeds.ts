import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";
import {
  concat,
  encodeFunctionData,
  type Hash,
  type Hex,
  keccak256,
  pad,
  parseEventLogs,
  size,
  slice,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  assembleReport,
  cancelSensors,
  createFeed,
  decodeRevert,
  encodeReport,
  equivocationProof,
  type FeedContext,
  type FeedDescription,
  feedIdOf,
  hashReading,
  hashSensorKey,
  isFeedDue,
  isSuspect,
  median,
  p256Sensor,
  proveEquivocation,
  PublicaError,
  type Reading,
  type Report,
  readFeed,
  readFeedConfig,
  readFeedRound,
  readFeedSensors,
  remoteSensor,
  type SensorSigner,
  type SignedReading,
  scheduleSensors,
  signReading,
  submitReport,
  tryReadFeed,
} from "../../packages/sdk/src/foundation/index.ts";

const DAY = 86_400;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const TOP_BIT = 1n << 255n;

const DESCRIPTION: FeedDescription = {
  name: "Precipitation, Seattle",
  unit: "0.1 mm",
  decimals: 1,
  minPlausible: 0n,
  maxPlausible: 5_000n,
  heartbeat: 2 * DAY,
  deviationBps: 500,
  historySize: 8,
};

const secret = (name: string): Hex => keccak256(toHex(name));
/** Even ones are accounts, odd ones P-256 devices. */
const sensor = (index: number): SensorSigner =>
  index % 2 === 0 ? accountSensor(privateKeyToAccount(secret(`${index}`))) : p256Sensor(secret(`${index}`));
const sensors = (n: number, first = 0): SensorSigner[] => Array.from({ length: n }, (_, i) => sensor(first + i));
const withS = (signature: Hex, change: (s: bigint) => bigint): Hex =>
  concat([slice(signature, 0, 32), toHex(change(BigInt(slice(signature, 32))), { size: 32 })]);

async function setup(network: "default" | "prague" = "default") {
  const connection = await hre.network.create({ network });
  const { viem } = connection;
  const [wallet, stranger] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (wallet === undefined || stranger === undefined) throw new Error("the chain has no funded accounts");
  const authority = await viem.deployContract("AccessManager", [wallet.account.address]);
  const feeds = await viem.deployContract("SensorFeeds", [authority.address, DAY]);
  const { address } = feeds;
  const { networkHelpers } = connection;

  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  const logs = async (hash: Promise<Hash>) => {
    const receipt = await client.getTransactionReceipt({ hash: await hash });
    return parseEventLogs({ abi: feeds.abi, logs: receipt.logs }).map(({ eventName, args }) => ({ eventName, args }));
  };
  const create = async (signers: readonly SensorSigner[], quorum: number, change: Partial<FeedDescription> = {}) => {
    const description = { ...DESCRIPTION, ...change };
    const hash = createFeed(wallet, { address, description, keys: signers.map(({ key }) => key), quorum });
    await hash;
    const context: FeedContext = { chainId: client.chain.id, address, feed: feedIdOf(description), epoch: 1 };
    return { context, created: hash, description };
  };
  const read = async (
    context: FeedContext,
    signers: readonly SensorSigner[],
    values: readonly bigint[],
    reading: Partial<Reading> & { round: number },
  ): Promise<SignedReading[]> => {
    const observedAt = reading.observedAt ?? (await now());
    return Promise.all(
      values.map((value, index) => {
        const signer = signers[index];
        if (signer === undefined) throw new Error("more values than sensors");
        return signReading(context, signer, index, { round: reading.round, observedAt, value });
      }),
    );
  };
  const submit = (report: Report) => submitReport(stranger, { address, report });
  /** Posts the readings as they are: in this order, all of them. */
  const submitRaw = (
    context: FeedContext,
    readings: readonly SignedReading[],
    head: Partial<Reading> & { epoch?: number } = {},
  ) => {
    const [first] = readings;
    const round = head.round ?? first?.round ?? 1;
    const observedAt = head.observedAt ?? first?.observedAt ?? 0;
    const epoch = head.epoch ?? context.epoch;
    return submit({
      feed: context.feed,
      round,
      observedAt,
      epoch,
      data: encodeReport({ round, observedAt, epoch }, readings),
      value: 0n,
      sensors: [],
    });
  };
  return {
    address,
    authority,
    client,
    connection,
    create,
    feeds,
    logs,
    networkHelpers,
    now,
    read,
    stranger,
    submit,
    submitRaw,
    viem,
    wallet,
  };
}

async function refused(action: Promise<unknown>, code: string, values?: readonly unknown[]): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PublicaError)) throw new Error(`expected ${code}, got ${String(error)}`);
  expect(error.code, error.message).to.equal(code);
  if (values !== undefined) expect(error.values).to.deep.equal(values);
  expect(error.remedy).to.not.equal("");
}

describe("SensorFeeds", () => {
  describe("creating a feed", () => {
    it("announces description and sensors, in force at once", async () => {
      const { create, logs, client, address, now } = await setup();
      const signers = sensors(4);
      const { context, created, description } = await create(signers, 3);
      const keys = signers.map(({ key }) => key);
      expect(await logs(created)).to.deep.equal([
        { eventName: "FeedCreated", args: { feed: context.feed, description } },
        {
          eventName: "FeedSensorsScheduled",
          args: { feed: context.feed, epoch: 1, activatesAt: await now(), quorum: 3, keys },
        },
        { eventName: "FeedSensorsActivated", args: { feed: context.feed, epoch: 1 } },
      ]);
      expect(await readFeedConfig(client, { address, feed: context.feed })).to.deep.equal({
        epoch: 1,
        nextEpochAt: 0,
        quorum: 3,
        sensors: 4,
        decimals: 1,
        deviationBps: 500,
        heartbeat: 2 * DAY,
        historySize: 8,
        minPlausible: 0n,
        maxPlausible: 5_000n,
      });
      const { inForce, scheduled } = await readFeedSensors(client, { address, feed: context.feed });
      expect(inForce).to.deep.equal(keys);
      expect(scheduled).to.deep.equal([]);
    });

    it("is for the deployment's role only", async () => {
      const { stranger, address, feeds } = await setup();
      const parameters = { address, description: DESCRIPTION, keys: sensors(1).map(({ key }) => key), quorum: 1 };
      await refused(createFeed(stranger, parameters), "AccessManagedUnauthorized");
      await refused(
        scheduleSensors(stranger, { ...parameters, feed: feedIdOf(DESCRIPTION) }),
        "AccessManagedUnauthorized",
      );
      await refused(
        cancelSensors(stranger, { address: feeds.address, feed: feedIdOf(DESCRIPTION) }),
        "AccessManagedUnauthorized",
      );
    });

    it("refuses the same feed twice and descriptions that make no sense", async () => {
      const { create } = await setup();
      const { context } = await create(sensors(1), 1);
      await refused(create(sensors(2), 1), "FeedAlreadyExists", [context.feed]);
      await refused(create(sensors(1), 1, { minPlausible: 5n, maxPlausible: 4n }), "FeedRangeInvalid", [5n, 4n]);
      await refused(create(sensors(1), 1, { heartbeat: 0 }), "FeedHeartbeatInvalid");
      for (const historySize of [0, 3, 366, 65_536])
        await refused(create(sensors(1), 1, { historySize }), "FeedHistoryInvalid", [historySize]);
      await create(sensors(1), 1, { historySize: 1 });
      await create(sensors(1), 1, { historySize: 32_768 });
    });

    it("accepts a plausible range of a single value, which flags every other", async () => {
      const { create, read, submitRaw, client, address } = await setup();
      const { context } = await create(sensors(1), 1, { minPlausible: 5n, maxPlausible: 5n });
      for (const [index, value] of [5n, 4n, 6n].entries()) {
        await submitRaw(context, await read(context, sensors(1), [value], { round: index + 1 }));
        expect(isSuspect(await readFeed(client, { address, feed: context.feed }))).to.equal(value !== 5n);
      }
    });

    it("refuses quorums that do not fit the sensors", async () => {
      const { create } = await setup();
      await refused(create(sensors(2), 0), "FeedQuorumInvalid", [0n, 2n]);
      await refused(create(sensors(2), 3), "FeedQuorumInvalid", [3n, 2n]);
      await refused(create([], 1), "FeedQuorumInvalid", [1n, 0n]);
      const many = Array.from({ length: 256 }, (_, i) =>
        remoteSensor({ curve: 0, x: pad(toHex(i + 1)), y: pad("0x") }, async () => "0x"),
      );
      await refused(create(many, 1), "FeedQuorumInvalid", [1n, 256n]);
      await create(many.slice(1), 255);
    });

    it("refuses zero, over-long and repeated keys and P-256 keys off the curve", async () => {
      const { create } = await setup();
      const zero = pad("0x");
      const never = async (): Promise<Hex> => "0x";
      const { x, y } = sensor(1).key;
      const bad = [
        { curve: 0, x: zero, y: zero },
        { curve: 0, x: sensor(0).key.x, y: toHex(1, { size: 32 }) },
        { curve: 0, x: toHex(1n << 160n, { size: 32 }), y: zero },
        { curve: 1, x: zero, y: zero },
        { curve: 1, x, y: toHex(BigInt(y) ^ 1n, { size: 32 }) },
        { curve: 1, x: y, y: x },
        { curve: 1, x: toHex((1n << 256n) - 1n), y },
      ] as const;
      for (const key of bad) await refused(create([sensor(0), remoteSensor(key, never)], 1), "FeedKeyInvalid", [1n]);
      await refused(create([sensor(0), sensor(1), sensor(0)], 1), "FeedKeyRepeated", [2n]);
      await refused(create([sensor(0), sensor(1), sensor(1)], 1), "FeedKeyRepeated", [2n]);
    });

    it("refuses an activation delay below an hour or above a year", async () => {
      const { viem, authority } = await setup();
      for (const delay of [0, 3_599, 365 * DAY + 1]) {
        const error = await viem.deployContract("SensorFeeds", [authority.address, delay]).then(
          () => "deployed",
          (reason: unknown) => String(reason),
        );
        expect(error).to.contain("FeedDelayInvalid");
      }
      for (const delay of [3_600, 365 * DAY]) {
        const feeds = await viem.deployContract("SensorFeeds", [authority.address, delay]);
        expect(await feeds.read.ACTIVATION_DELAY()).to.equal(delay);
      }
    });
  });

  describe("reports", () => {
    it("stores the median with its round, times and signers", async () => {
      const { create, read, submit, logs, client, address, now } = await setup();
      const signers = sensors(4);
      const { context } = await create(signers, 3);
      const readings = await read(context, signers, [30n, 10n, 20n], { round: 7 });
      const report = assembleReport(context, 3, readings);
      expect(await logs(submit(report))).to.deep.equal([
        {
          eventName: "FeedReported",
          args: { feed: context.feed, round: 7, value: 20n, observedAt: report.observedAt, sensors: 0b111n },
        },
      ]);
      const round = await readFeed(client, { address, feed: context.feed });
      expect(round).to.deep.equal({
        value: 20n,
        observedAt: report.observedAt,
        updatedAt: await now(),
        round: 7,
        flags: 0,
      });
      expect(await tryReadFeed(client, { address, feed: context.feed })).to.deep.equal({ round, fresh: true });
    });

    it("is accepted only with at least M distinct sensors", async () => {
      const { create, read, submitRaw, client, address } = await setup();
      const signers = sensors(5);
      const { context } = await create(signers, 3);
      const all = await read(context, signers, [1n, 2n, 3n, 4n, 5n], { round: 1 });
      await refused(submitRaw(context, all.slice(0, 2)), "FeedQuorumMissed", [2n, 3n]);
      await refused(submitRaw(context, [], { round: 1 }), "FeedQuorumMissed", [0n, 3n]);
      const [first, second] = all as [SignedReading, SignedReading];
      await refused(submitRaw(context, [first, second, second]), "FeedSensorRepeated", [1n]);
      await refused(submitRaw(context, [first, first, second]), "FeedSensorRepeated", [0n]);
      await submitRaw(context, all);
      expect((await readFeed(client, { address, feed: context.feed })).value).to.equal(3n);
    });

    it("is accepted only from sensors of the set, each under its own index, in ascending order", async () => {
      const { create, read, submitRaw } = await setup();
      const signers = sensors(3);
      const { context } = await create(signers, 2);
      const outsider = await read(context, sensors(4), [1n, 2n, 3n, 4n], { round: 1 });
      const [a, b, c, d] = outsider as [SignedReading, SignedReading, SignedReading, SignedReading];
      await refused(submitRaw(context, [a, d]), "FeedSensorUnknown", [3n]);
      await refused(submitRaw(context, [a, { ...d, sensor: 2 }]), "FeedSignatureInvalid", [2n]);
      await refused(submitRaw(context, [{ ...a, sensor: 1 }, c]), "FeedSignatureInvalid", [1n]);
      await refused(submitRaw(context, [b, a]), "FeedReadingsUnsorted", [1n]);
      await submitRaw(context, [a, b]);
    });

    it("names a sensor that does not exist before anything else that is wrong with its reading", async () => {
      const { create, read, submitRaw } = await setup();
      const { context } = await create(sensors(3), 2);
      const [a, b] = (await read(context, sensors(2), [9n, 1n], { round: 1 })) as [SignedReading, SignedReading];
      await refused(submitRaw(context, [a, { ...b, sensor: 3 }]), "FeedSensorUnknown", [3n]);
      await refused(submitRaw(context, [a, b]), "FeedReadingsUnsorted", [1n]);
    });

    it("is accepted only with a strictly higher round", async () => {
      const { create, read, submit, submitRaw } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      await refused(
        submitRaw(context, await read(context, signers, [1n, 1n], { round: 0 })),
        "FeedRoundNotNewer",
        [0, 0],
      );
      const report = assembleReport(context, 2, await read(context, signers, [1n, 1n], { round: 5 }));
      await submit(report);
      await refused(submit(report), "FeedRoundNotNewer", [5, 5]);
      await refused(
        submitRaw(context, await read(context, signers, [1n, 1n], { round: 4 })),
        "FeedRoundNotNewer",
        [4, 5],
      );
      await submitRaw(context, await read(context, signers, [1n, 1n], { round: 6 }));
    });

    it("is refused as a duplicate before any signature is looked at", async () => {
      const { create, read, submit, client, stranger, feeds, connection } = await setup();
      const signers = sensors(31);
      const { context } = await create(signers, 21);
      const report = assembleReport(
        context,
        21,
        await read(
          context,
          signers,
          signers.map(() => 1n),
          { round: 1 },
        ),
      );
      await submit(report);
      const data = encodeFunctionData({ abi: feeds.abi, functionName: "submit", args: [report.feed, report.data] });
      await connection.networkHelpers.mine();
      await stranger.sendTransaction({ to: feeds.address, data, gas: 1_000_000n }).catch(() => undefined);
      const block = await client.getBlock({ includeTransactions: true });
      const [hash] = block.transactions;
      if (hash === undefined) throw new Error("the duplicate was not mined");
      const receipt = await client.getTransactionReceipt({ hash: hash.hash });
      expect(receipt.status).to.equal("reverted");
      // The transaction, its bytes (at the floor price of EIP-7623) and one storage read: nothing for 21 signatures.
      const bytes = [...Buffer.from(data.slice(2), "hex")];
      const priced = (zero: number, other: number): number =>
        bytes.reduce((gas, byte) => gas + (byte === 0 ? zero : other), 21_000);
      const cheap = Math.max(priced(10, 40), priced(4, 16) + 4_000);
      expect(Number(receipt.gasUsed)).to.be.at.most(cheap);
      expect(priced(4, 16) + 21 * 3_000).to.be.greaterThan(cheap);
    });

    it("is accepted exactly up to the present, and not before the stored observation", async () => {
      const { create, read, submitRaw, networkHelpers, now } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      const next = (await now()) + 100;
      const tomorrow = await read(context, signers, [1n, 1n], { round: 1, observedAt: next });
      await networkHelpers.time.setNextBlockTimestamp(next - 1);
      await refused(submitRaw(context, tomorrow), "FeedObservationInFuture", [next]);
      await networkHelpers.time.increaseTo(next - 1);
      await networkHelpers.time.setNextBlockTimestamp(next);
      await submitRaw(context, tomorrow);
      const older = await read(context, signers, [1n, 1n], { round: 2, observedAt: next - 1 });
      await refused(submitRaw(context, older), "FeedObservationOutdated", [next - 1, next]);
      await submitRaw(context, await read(context, signers, [1n, 1n], { round: 2, observedAt: next }));
    });

    it("stores extreme values all the same, flagged SUSPECT", async () => {
      const { create, read, submitRaw, client, address, logs } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      const { feed } = context;
      const cases = [
        [-1n, true],
        [0n, false],
        [5_000n, false],
        [5_001n, true],
        [(1n << 127n) - 1n, true],
        [-(1n << 127n), true],
      ] as const;
      for (const [index, [value, suspect]] of cases.entries()) {
        const round = index + 1;
        const events = await logs(submitRaw(context, await read(context, signers, [value, value], { round })));
        const stored = await readFeed(client, { address, feed });
        expect(stored.value).to.equal(value);
        expect(isSuspect(stored)).to.equal(suspect);
        const suspected = events.filter(({ eventName }) => eventName === "FeedSuspected");
        expect(suspected).to.deep.equal(suspect ? [{ eventName: "FeedSuspected", args: { feed, round, value } }] : []);
      }
    });

    it("ends where it says: a reading behind it in the call counts for nothing", async () => {
      const { create, read, feeds, stranger, logs } = await setup();
      const { context } = await create(sensors(4), 3);
      const readings = await read(context, sensors(4), [1n, 2n, 3n, 4n], { round: 1 });
      const [three, four] = [3, 4].map((n) => assembleReport(context, n, readings.slice(0, n)).data) as [Hex, Hex];
      const call = encodeFunctionData({ abi: feeds.abi, functionName: "submit", args: [context.feed, three] });
      // Selector, feed, offset and length of three readings, then the bytes of four.
      const data = concat([slice(call, 0, 100), four]);
      const [event] = await logs(stranger.sendTransaction({ to: feeds.address, data }));
      expect(event?.args).to.deep.include({ round: 1, value: 2n, sensors: 0b111n });
    });

    it("is refused when it is cut short or too long", async () => {
      const { create, read, submit, stranger, address } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      const report = assembleReport(context, 2, await read(context, signers, [1n, 2n], { round: 1 }));
      for (const data of [
        "0x",
        slice(report.data, 0, 10),
        slice(report.data, 0, 172),
        concat([report.data, "0x00"]),
      ] as const)
        await refused(submit({ ...report, data }), "FeedReportMalformed", [BigInt(size(data))]);
      await refused(submitReport(stranger, { address, report: { ...report, feed: pad("0x01") } }), "FeedUnknown", [
        pad("0x01"),
      ]);
    });
  });

  describe("signatures", () => {
    it("work on no other chain, contract, feed, epoch, round, time or value", async () => {
      const { create, read, submitRaw, now } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      const other = await create(signers, 2, { name: "Another" });
      const observedAt = await now();
      const honest = { round: 3, observedAt };
      const attempts: [string, FeedContext, Reading][] = [
        ["chain", { ...context, chainId: context.chainId + 1 }, { ...honest, value: 9n }],
        ["contract", { ...context, address: "0x000000000000000000000000000000000000dEaD" }, { ...honest, value: 9n }],
        ["feed", other.context, { ...honest, value: 9n }],
        ["epoch", { ...context, epoch: 2 }, { ...honest, value: 9n }],
        ["round", context, { ...honest, round: 2, value: 9n }],
        ["time", context, { ...honest, observedAt: observedAt - 1, value: 9n }],
        ["value", context, { ...honest, value: 8n }],
      ];
      for (const [, signedFor, reading] of attempts) {
        const readings = await Promise.all(
          signers.map(async (signer, index) => ({
            ...(await signReading(signedFor, signer, index, reading)),
            value: 9n,
            round: 3,
            observedAt,
          })),
        );
        await refused(submitRaw(context, readings), "FeedSignatureInvalid", [0n]);
      }
      await submitRaw(context, await read(context, signers, [9n, 9n], honest));
    });

    it("must be canonical on both curves", async () => {
      const { create, read, submitRaw } = await setup();
      const signers = sensors(2);
      const { context } = await create(signers, 2);
      const [a, b] = (await read(context, signers, [1n, 2n], { round: 1 })) as [SignedReading, SignedReading];
      // The other s of the same secp256k1 point, in EIP-2098 form and with the parity both ways.
      const high = (s: bigint): bigint => SECP256K1_ORDER - (s & (TOP_BIT - 1n));
      const malleated: Hex[] = [
        withS(a.signature, (s) => s ^ TOP_BIT),
        withS(a.signature, (s) => high(s) | (s & TOP_BIT)),
        withS(a.signature, (s) => high(s) | ((s & TOP_BIT) ^ TOP_BIT)),
        withS(a.signature, () => 0n),
        concat([pad("0x"), slice(a.signature, 32)]),
        pad("0x", { size: 64 }),
      ];
      for (const signature of malleated)
        await refused(submitRaw(context, [{ ...a, signature }, b]), "FeedSignatureInvalid", [0n]);
      const malleatedP256: Hex[] = [
        withS(b.signature, (s) => P256_ORDER - s),
        withS(b.signature, () => 0n),
        concat([pad("0x"), slice(b.signature, 32)]),
        concat([slice(b.signature, 32), slice(b.signature, 0, 32)]),
        pad("0x", { size: 64 }),
      ];
      for (const signature of malleatedP256)
        await refused(submitRaw(context, [a, { ...b, signature }]), "FeedSignatureInvalid", [1n]);
      await refused(
        submitRaw(context, [{ ...a, signature: concat([a.signature, "0x00"]) }, b]),
        "FeedReportMalformed",
        [174n],
      );
      await submitRaw(context, [a, b]);
    });

    it("digest equals the SDK's, and so do feed ids", async () => {
      const { create, feeds } = await setup();
      const { context, description } = await create(sensors(1), 1);
      expect(await feeds.read.feedIdOf([description])).to.equal(context.feed);
      const reading = { round: 4_000_000_000, observedAt: 1_000_000_000_000, value: -12n };
      expect(
        await feeds.read.hashReading([context.feed, reading.round, reading.observedAt, reading.value, context.epoch]),
      ).to.equal(hashReading(context, reading));
    });
  });

  for (const network of ["default", "prague"] as const) {
    it(`median equals the TypeScript model's on ${network === "prague" ? "a chain without" : "a chain with"} the P-256 precompile`, async () => {
      const { create, read, submit, submitRaw, client, address } = await setup(network);
      const signers = sensors(6);
      const { context } = await create(signers, 3);
      let round = 0;
      const value = fc.bigInt(-(1n << 127n), (1n << 127n) - 1n);
      await fc.assert(
        fc.asyncProperty(fc.array(value, { minLength: 3, maxLength: 6 }), fc.boolean(), async (values, whole) => {
          round++;
          const readings = await read(context, signers, values, { round });
          const report = assembleReport(context, 3, readings);
          expect(report.value).to.equal(median(values));
          if (whole)
            await submitRaw(
              context,
              readings.toSorted((a, b) => (a.value < b.value ? -1 : 1)),
            );
          else await submit(report);
          expect((await readFeed(client, { address, feed: context.feed })).value).to.equal(median(values));
        }),
        { numRuns: network === "prague" ? 10 : 40, seed: 20_120_101 },
      );
      // And it refuses the same: another value, the high form, another's signature.
      round++;
      const [a, b, c, d] = (await read(context, signers, [1n, 2n, 3n, 4n], { round })) as [
        SignedReading,
        SignedReading,
        SignedReading,
        SignedReading,
      ];
      for (const signature of [d.signature, withS(b.signature, (s) => P256_ORDER - s), pad("0x", { size: 64 })])
        await refused(submitRaw(context, [a, { ...b, signature }, c]), "FeedSignatureInvalid", [1n]);
      await refused(submitRaw(context, [a, b, { ...c, value: 5n }]), "FeedSignatureInvalid", [2n]);
      await submitRaw(context, [a, b, c, d]);
    });
  }

  it("a report's sensors are told apart on a chain without the P-256 precompile as well", async () => {
    const { create, read, submitRaw, logs } = await setup("prague");
    const signers = sensors(4);
    const { context } = await create(signers, 3);
    const [a, b, c, d] = (await read(context, signers, [1n, 2n, 3n, 4n], { round: 1 })) as [
      SignedReading,
      SignedReading,
      SignedReading,
      SignedReading,
    ];
    await refused(submitRaw(context, [a, b, b]), "FeedSensorRepeated", [1n]);
    await refused(submitRaw(context, [a, a, b]), "FeedSensorRepeated", [0n]);
    await refused(submitRaw(context, [b, c, d, d]), "FeedSensorRepeated", [3n]);
    const [event] = await logs(submitRaw(context, [a, b, c, d]));
    expect(event?.args).to.deep.include({ round: 1, value: 3n, sensors: 0b1111n });
  });

  it("median of fewer than half liars lies among the honest, whatever the liars say", async () => {
    const { create, read, submit, client, address } = await setup();
    const signers = sensors(5);
    const { context } = await create(signers, 5);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt(-500n, 500n), { minLength: 3, maxLength: 3 }),
        fc.array(fc.bigInt(-(1n << 127n), (1n << 127n) - 1n), { minLength: 2, maxLength: 2 }),
        async (honest, lies) => {
          round++;
          await submit(assembleReport(context, 5, await read(context, signers, [...lies, ...honest], { round })));
          const { value } = await readFeed(client, { address, feed: context.feed });
          const ordered = honest.toSorted((a, b) => Number(a - b));
          expect(value >= (ordered[0] ?? 0n) && value <= (ordered[2] ?? 0n)).to.equal(true);
        },
      ),
      { numRuns: 30, seed: 7 },
    );
  });

  describe("reading", () => {
    it("read enforces the heartbeat to the second, tryRead only tells", async () => {
      const { create, read, submitRaw, client, address, networkHelpers } = await setup();
      const signers = sensors(1);
      const { context } = await create(signers, 1);
      const { feed } = context;
      await refused(readFeed(client, { address, feed }), "FeedWithoutData", [feed]);
      expect(await tryReadFeed(client, { address, feed })).to.deep.equal({ round: undefined, fresh: false });
      expect(await tryReadFeed(client, { address, feed: pad("0x01") })).to.deep.equal({
        round: undefined,
        fresh: false,
      });
      const [reading] = await read(context, signers, [4n], { round: 1 });
      if (reading === undefined) throw new Error("no reading");
      await submitRaw(context, [reading]);
      await networkHelpers.time.increaseTo(reading.observedAt + 2 * DAY);
      expect((await readFeed(client, { address, feed })).value).to.equal(4n);
      expect((await tryReadFeed(client, { address, feed })).fresh).to.equal(true);
      await networkHelpers.time.increaseTo(reading.observedAt + 2 * DAY + 1);
      await refused(readFeed(client, { address, feed }), "FeedStale", [feed, reading.observedAt, 2 * DAY]);
      const { round, fresh } = await tryReadFeed(client, { address, feed });
      expect(round?.value).to.equal(4n);
      expect(fresh).to.equal(false);
    });

    it("says of a feed that nobody created that it has no sensors, and looks into no report for it", async () => {
      const { create, read, feeds, client, address } = await setup();
      const signers = sensors(1);
      const { context } = await create(signers, 1);
      const unknown = pad("0x01");
      expect(await readFeedSensors(client, { address, feed: unknown })).to.deep.equal({ inForce: [], scheduled: [] });
      const readings = await read(context, signers, [4n], { round: 1 });
      const report = encodeReport({ round: 1, observedAt: readings[0]?.observedAt ?? 0, epoch: 1 }, readings);
      expect((await feeds.read.inspectReport([context.feed, report])).median).to.equal(4n);
      const refusal = await feeds.read.inspectReport([unknown, report]).then(() => "", String);
      expect(refusal).to.contain(`FeedUnknown("${unknown}")`);
    });

    it("history holds exactly the last rounds, skipped ones are missing", async () => {
      const { create, read, submitRaw, client, address } = await setup();
      const signers = sensors(1);
      const { context } = await create(signers, 1);
      const { feed } = context;
      const stored = [1, 2, 4, 5, 6, 7, 8, 9, 10];
      for (const round of stored) await submitRaw(context, await read(context, signers, [BigInt(round)], { round }));
      for (const round of [4, 5, 6, 7, 8, 9, 10])
        expect((await readFeedRound(client, { address, feed, round })).value).to.equal(BigInt(round));
      for (const round of [0, 1, 2, 3, 11, 18])
        await refused(readFeedRound(client, { address, feed, round }), "FeedRoundUnavailable", [feed, round]);
      await refused(readFeedRound(client, { address, feed: pad("0x01"), round: 1 }), "FeedRoundUnavailable");
    });

    it("isDue when there is no data, at the heartbeat, and at the declared deviation exactly", async () => {
      const { create, read, submitRaw, client, address, networkHelpers } = await setup();
      const signers = sensors(1);
      const { context } = await create(signers, 1);
      const { feed } = context;
      await refused(isFeedDue(client, { address, feed: pad("0x01"), value: 1n }), "FeedUnknown");
      expect(await isFeedDue(client, { address, feed, value: 0n })).to.equal(true);
      const [reading] = await read(context, signers, [1_000n], { round: 1 });
      if (reading === undefined) throw new Error("no reading");
      await submitRaw(context, [reading]);
      const expected = [
        [1_000n, false],
        [1_049n, false],
        [1_050n, true],
        [951n, false],
        [950n, true],
        [-(1n << 127n), true],
      ] as const;
      for (const [value, due] of expected) expect(await isFeedDue(client, { address, feed, value })).to.equal(due);
      await networkHelpers.time.increaseTo(reading.observedAt + 2 * DAY - 1);
      expect(await isFeedDue(client, { address, feed, value: 1_000n })).to.equal(false);
      await networkHelpers.time.increaseTo(reading.observedAt + 2 * DAY);
      expect(await isFeedDue(client, { address, feed, value: 1_000n })).to.equal(true);

      const any = await create(signers, 1, { name: "Any change", deviationBps: 0 });
      await submitRaw(any.context, await read(any.context, signers, [-5n], { round: 1 }));
      const of = { address, feed: any.context.feed };
      expect(await isFeedDue(client, { ...of, value: -5n })).to.equal(false);
      expect(await isFeedDue(client, { ...of, value: -4n })).to.equal(true);
    });

    it("inspectReport says what a report would bring, and refuses what submit would refuse", async () => {
      const { create, read, feeds, now } = await setup();
      const signers = sensors(4);
      const { context } = await create(signers, 3);
      const inspect = (report: Report, feed = context.feed) =>
        feeds.read.inspectReport([feed, report.data]).catch((error: unknown) => {
          throw decodeRevert(error);
        });
      const readings = await read(context, signers, [-3n, 4n, 9n], { round: 6 });
      const report = assembleReport(context, 3, readings);
      expect(await inspect(report)).to.deep.equal({
        ...{ round: 6, observedAt: report.observedAt, median: 4n, lowest: -3n, highest: 9n, sensors: 0b111n },
      });
      const unknown = keccak256("0x");
      await refused(inspect(report, unknown), "FeedUnknown", [unknown]);
      const next = { ...context, epoch: 2 };
      const later = await read(next, signers, [1n, 1n, 1n], { round: 6, observedAt: await now() });
      await refused(inspect(assembleReport(next, 3, later)), "FeedEpochMismatch", [2, 1]);
      await refused(inspect(assembleReport(context, 2, readings.slice(0, 2))), "FeedQuorumMissed", [2n, 3n]);
    });

    it("configOf gives back a plausible range below zero", async () => {
      const { create, client, address } = await setup();
      const { context } = await create(sensors(1), 1, { minPlausible: -400n, maxPlausible: -1n });
      const { minPlausible, maxPlausible } = await readFeedConfig(client, { address, feed: context.feed });
      expect([minPlausible, maxPlausible]).to.deep.equal([-400n, -1n]);
    });

    it("speaks Chainlink's AggregatorV3Interface with honest rounds", async () => {
      const { create, read, submitRaw, viem, address, now } = await setup();
      const signers = sensors(1);
      const { context, description } = await create(signers, 1);
      const aggregator = await viem.deployContract("FeedAggregator", [address, description]);
      expect(await aggregator.read.FEED()).to.equal(context.feed);
      expect((await aggregator.read.FEEDS()).toLowerCase()).to.equal(address.toLowerCase());
      expect(await aggregator.read.decimals()).to.equal(1);
      expect(await aggregator.read.version()).to.equal(1n);
      expect(await aggregator.read.description()).to.equal("Precipitation, Seattle / 0.1 mm");
      const failure = async (call: Promise<unknown>) =>
        call.then(
          () => "succeeded",
          (reason: unknown) => String(reason),
        );
      expect(await failure(aggregator.read.latestRoundData())).to.contain("FeedWithoutData");
      const readings = await read(context, signers, [-3n], { round: 5 });
      await submitRaw(context, readings);
      const data = [5n, -3n, BigInt(readings[0]?.observedAt ?? 0), BigInt(await now()), 5n];
      expect(await aggregator.read.latestRoundData()).to.deep.equal(data);
      expect(await aggregator.read.getRoundData([5n])).to.deep.equal(data);
      expect(await failure(aggregator.read.getRoundData([4n]))).to.contain("FeedRoundUnavailable");
      expect(await failure(aggregator.read.getRoundData([(1n << 32n) + 5n]))).to.contain("FeedRoundUnavailable");
      expect(
        await failure(viem.deployContract("FeedAggregator", [address, { ...description, name: "Unknown" }])),
      ).to.contain("FeedUnknown");
    });
  });

  describe("sensor sets", () => {
    it("come into force after the delay, to the second; the old epoch is worthless then", async () => {
      const { create, read, submitRaw, client, address, wallet, networkHelpers, logs, now } = await setup();
      const old = sensors(2);
      const fresh = [sensor(1), sensor(2), sensor(3)];
      const { context } = await create(old, 2);
      const { feed } = context;
      const keys = fresh.map(({ key }) => key);
      const events = await logs(scheduleSensors(wallet, { address, feed, keys, quorum: 2 }));
      const activatesAt = (await now()) + DAY;
      expect(events).to.deep.equal([
        { eventName: "FeedSensorsScheduled", args: { feed, epoch: 2, activatesAt, quorum: 2, keys } },
      ]);
      expect((await readFeedConfig(client, { address, feed })).nextEpochAt).to.equal(activatesAt);
      expect((await readFeedSensors(client, { address, feed })).scheduled).to.deep.equal(keys);

      const next = { ...context, epoch: 2 };
      await networkHelpers.time.increaseTo(activatesAt - 3);
      const early = await read(next, fresh, [1n, 2n], { round: 1 });
      await refused(submitRaw(next, early), "FeedEpochMismatch", [2, 1]);
      const last = await read(context, old, [1n, 2n], { round: 1 });
      await networkHelpers.time.setNextBlockTimestamp(activatesAt - 1);
      await submitRaw(context, last);
      const late = await read(context, old, [1n, 2n], { round: 2 });
      await networkHelpers.time.increaseTo(activatesAt);
      await refused(submitRaw(context, late), "FeedEpochMismatch", [1, 2]);
      expect((await readFeedConfig(client, { address, feed })).epoch).to.equal(2);
      expect(await readFeedSensors(client, { address, feed })).to.deep.equal({ inForce: keys, scheduled: [] });
      // Neither do signatures of the old epoch pass under the new number.
      await refused(submitRaw(next, late), "FeedSignatureInvalid", [0n]);

      const first = await read(next, fresh, [5n, 6n], { round: 2 });
      expect((await logs(submitRaw(next, first)))[0]).to.deep.equal({
        eventName: "FeedSensorsActivated",
        args: { feed, epoch: 2 },
      });
      const again = await logs(submitRaw(next, await read(next, fresh, [5n, 6n], { round: 3 })));
      expect(again.map(({ eventName }) => eventName)).to.deep.equal(["FeedReported"]);
    });

    it("reports of a new set count from the very second it comes into force", async () => {
      const { create, read, submitRaw, client, address, wallet, networkHelpers, now } = await setup();
      const { context } = await create(sensors(1), 1);
      const { feed } = context;
      const fresh = [sensor(1)];
      await scheduleSensors(wallet, { address, feed, keys: fresh.map(({ key }) => key), quorum: 1 });
      const activatesAt = (await now()) + DAY;
      const next = { ...context, epoch: 2 };
      const readings = await read(next, fresh, [7n], { round: 1 });
      await networkHelpers.time.setNextBlockTimestamp(activatesAt);
      await submitRaw(next, readings);
      expect(await readFeed(client, { address, feed })).to.include({ value: 7n, updatedAt: activatesAt });
    });

    it("a removed sensor never counts again", async () => {
      const { create, read, submitRaw, address, wallet, networkHelpers } = await setup();
      const { context } = await create(sensors(3), 2);
      const remaining = [sensor(0), sensor(1)];
      await scheduleSensors(wallet, { address, feed: context.feed, keys: remaining.map(({ key }) => key), quorum: 2 });
      await networkHelpers.time.increase(DAY);
      const next = { ...context, epoch: 2 };
      const [a, , c] = (await read(next, sensors(3), [1n, 2n, 3n], { round: 1 })) as [
        SignedReading,
        SignedReading,
        SignedReading,
      ];
      await refused(submitRaw(next, [a, c]), "FeedSensorUnknown", [2n]);
      await refused(submitRaw(next, [a, { ...c, sensor: 1 }]), "FeedSignatureInvalid", [1n]);
    });

    it("can be replaced and withdrawn until they are in force", async () => {
      const { create, client, address, wallet, networkHelpers, logs } = await setup();
      const { context } = await create(sensors(2), 2);
      const { feed } = context;
      const schedule = (first: number) =>
        scheduleSensors(wallet, { address, feed, keys: sensors(2, first).map(({ key }) => key), quorum: 1 });
      await refused(cancelSensors(wallet, { address, feed }), "FeedNothingScheduled", [feed]);
      await schedule(10);
      await networkHelpers.time.increase(DAY / 2);
      await schedule(20);
      await networkHelpers.time.increase(DAY / 2 + 10);
      expect((await readFeedConfig(client, { address, feed })).epoch, "the delay starts again").to.equal(1);
      expect(await logs(cancelSensors(wallet, { address, feed }))).to.deep.equal([
        { eventName: "FeedSensorsCancelled", args: { feed, epoch: 2 } },
      ]);
      await networkHelpers.time.increase(DAY);
      expect((await readFeedConfig(client, { address, feed })).epoch, "withdrawn").to.equal(1);
      await schedule(30);
      await networkHelpers.time.increase(DAY);
      await refused(cancelSensors(wallet, { address, feed }), "FeedNothingScheduled", [feed]);
      await schedule(40);
      const { inForce } = await readFeedSensors(client, { address, feed });
      expect(inForce).to.deep.equal(sensors(2, 30).map(({ key }) => key));
      await refused(scheduleSensors(wallet, { address, feed: pad("0x01"), keys: [], quorum: 1 }), "FeedUnknown");
      await refused(readFeedConfig(client, { address, feed: pad("0x01") }), "FeedUnknown");
    });
  });

  describe("equivocation", () => {
    for (const liar of [0, 1]) {
      it(`of a ${liar === 0 ? "secp256k1" : "P-256"} sensor ejects it for ever, from this set, the next and later ones`, async () => {
        const { create, read, submitRaw, client, address, wallet, stranger, networkHelpers, logs, feeds } =
          await setup();
        const signers = sensors(4);
        const { context } = await create(signers, 2);
        const { feed } = context;
        const keys = signers.map(({ key }) => key);
        const key = keys[liar];
        if (key === undefined) throw new Error("no such sensor");
        await scheduleSensors(wallet, { address, feed, keys, quorum: 2 });
        const [one] = (await read(context, signers, [1n, 1n], { round: 9 })).slice(liar);
        const [two] = (await read(context, signers, [2n, 2n], { round: 9 })).slice(liar);
        if (one === undefined || two === undefined) throw new Error("no readings");
        expect(await feeds.read.isEjected([feed, key])).to.equal(false);
        const events = await logs(
          proveEquivocation(stranger, { address, proof: equivocationProof(context, key, one, two) }),
        );
        expect(events).to.deep.equal([
          {
            eventName: "FeedSensorEjected",
            args: { feed, keyHash: hashSensorKey(key), round: 9, first: 1n, second: 2n },
          },
        ]);
        expect(await feeds.read.isEjected([feed, key])).to.equal(true);
        const without = keys.map((other, index) => (index === liar ? undefined : other));
        expect(await readFeedSensors(client, { address, feed })).to.deep.equal({
          inForce: without,
          scheduled: without,
        });

        // Its signatures count no more, the others' still do, and in the next set as well.
        for (const [epoch, round] of [
          [1, 1],
          [2, 2],
        ] as const) {
          const now = { ...context, epoch };
          const readings = await read(now, signers, [5n, 5n, 5n, 5n], { round });
          await refused(submitRaw(now, [readings[liar], readings[2]] as SignedReading[]), "FeedSignatureInvalid", [
            BigInt(liar),
          ]);
          await submitRaw(now, readings.slice(2));
          await networkHelpers.time.increase(DAY);
        }
        await refused(scheduleSensors(wallet, { address, feed, keys, quorum: 2 }), "FeedSensorBarred", [BigInt(liar)]);
        await refused(
          proveEquivocation(stranger, { address, proof: equivocationProof(context, key, one, two) }),
          "FeedSensorAbsent",
          [hashSensorKey(key)],
        );
        // Another feed is another matter.
        await create(signers, 2, { name: "Another" });
      });
    }

    it("of a sensor whose set came into force since is seen by every reader at once", async () => {
      const { create, read, client, address, wallet, stranger, networkHelpers, logs, feeds } = await setup();
      const { context } = await create(sensors(1), 1);
      const { feed } = context;
      const fresh = sensors(2, 1) as [SensorSigner, SensorSigner];
      const keys = fresh.map(({ key }) => key);
      await scheduleSensors(wallet, { address, feed, keys, quorum: 1 });
      await networkHelpers.time.increase(DAY);
      const next = { ...context, epoch: 2 };
      const [one] = await read(next, fresh, [1n], { round: 9 });
      const [two] = await read(next, fresh, [2n], { round: 9 });
      if (one === undefined || two === undefined) throw new Error("no readings");
      const events = await logs(
        proveEquivocation(stranger, { address, proof: equivocationProof(next, fresh[0].key, one, two) }),
      );
      expect(events.map(({ eventName }) => eventName)).to.deep.equal(["FeedSensorsActivated", "FeedSensorEjected"]);
      const left = { inForce: [undefined, fresh[1].key], scheduled: [] };
      expect(await readFeedSensors(client, { address, feed })).to.deep.equal(left);
      const report = assembleReport(next, 1, [one]);
      const inspected = feeds.read.inspectReport([feed, report.data]).catch((error: unknown) => {
        throw decodeRevert(error);
      });
      await refused(inspected, "FeedSignatureInvalid", [0n]);
    });

    it("is proven only by two different values of one sensor for one round and epoch", async () => {
      const { create, read, address, stranger, wallet } = await setup();
      const signers = sensors(3);
      const { context } = await create(signers, 2);
      const other = await create(signers, 2, { name: "Another" });
      const one = (await read(context, signers, [1n, 1n], { round: 9 })) as [SignedReading, SignedReading];
      const two = (await read(context, signers, [2n, 2n], { round: 9 })) as [SignedReading, SignedReading];
      const elsewhere = (await read(other.context, signers, [2n, 2n], { round: 9 })) as [SignedReading, SignedReading];
      const later = (await read(context, signers, [2n, 2n], { round: 10 })) as [SignedReading, SignedReading];
      const nextEpoch = (await read({ ...context, epoch: 2 }, signers, [2n, 2n], { round: 9 })) as [
        SignedReading,
        SignedReading,
      ];
      const key = sensor(0).key;
      const proof = equivocationProof(context, key, one[0], two[0]);
      const prove = (change: Partial<typeof proof>) =>
        proveEquivocation(stranger, { address, proof: { ...proof, ...change } });
      const second = (reading: SignedReading) =>
        equivocationProof(context, key, one[0], { ...reading, round: 9 }).second;
      await refused(prove({ second: proof.first }), "FeedReadingsAgree", [1n]);
      await refused(prove({ second: second(two[1]) }), "FeedSignatureInvalid", [1n]);
      await refused(prove({ second: second(elsewhere[0]) }), "FeedSignatureInvalid", [1n]);
      await refused(prove({ second: second(later[0]) }), "FeedSignatureInvalid", [1n]);
      await refused(prove({ second: second(nextEpoch[0]) }), "FeedSignatureInvalid", [1n]);
      await refused(prove({ first: { ...proof.first, value: 3n } }), "FeedSignatureInvalid", [0n]);
      await refused(prove({ key: sensor(1).key }), "FeedSignatureInvalid", [0n]);
      await refused(prove({ feed: pad("0x01") }), "FeedUnknown");
      // A stranger's own two signatures eject nobody.
      const outsider = sensors(5).slice(4);
      const [x] = await read(context, outsider, [1n], { round: 9 });
      const [y] = await read(context, outsider, [2n], { round: 9 });
      const [outside] = outsider;
      if (x === undefined || y === undefined || outside === undefined) throw new Error("no readings");
      await refused(
        proveEquivocation(stranger, { address, proof: equivocationProof(context, outside.key, x, y) }),
        "FeedSensorAbsent",
      );
      // Scheduled only, it is ejected before it ever counts.
      await scheduleSensors(wallet, { address, feed: context.feed, keys: [outside.key, key], quorum: 1 });
      await proveEquivocation(stranger, { address, proof: equivocationProof(context, outside.key, x, y) });
      await prove({});
    });
  });
});
