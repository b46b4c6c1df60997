import { expect } from "chai";
import { SigningKey } from "ethers";
import fc from "fast-check";
import hre from "hardhat";
import {
  type Address,
  concat,
  encodeFunctionData,
  getAddress,
  type Hash,
  type Hex,
  keccak256,
  parseEventLogs,
  size,
  slice,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  activateCommittee,
  aggregateKey,
  assembleReport,
  cancelCommittee,
  combinePartials,
  type CommitteeAttestation,
  type CommitteeContext,
  type CommitteeKey,
  type CommitteeReport,
  type CommitteeSigner,
  committeeSigner,
  createCosigningSession,
  createFeed,
  encodeAttestation,
  encodeEndorsements,
  encodeReport,
  enrolMember,
  type FeedDescription,
  feedIdOf,
  hashAttestation,
  hashPossession,
  isSuspect,
  leaveCommittee,
  openAttestedFeed,
  proveContradiction,
  PublicaError,
  readCommittee,
  readCommitteeConfig,
  readCommitteeMember,
  readFeed,
  readFeedRound,
  releaseBond,
  type Report,
  scheduleCommittee,
  scheduleSensors,
  type SchnorrSignature,
  signReading,
  submitAttestation,
  sumOfKeys,
  tryReadFeed,
  verifySchnorr,
  withdrawCredit,
} from "../../packages/sdk/src/foundation/index.ts";
import { schnorrChallenge } from "../../packages/sdk/src/foundation/committee/schnorr.ts";

const DAY = 86_400;
const BOND = 10n ** 18n;
const TOLERANCE = 10n;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PRIME = 2n ** 256n - 2n ** 32n - 977n;
const DESCRIPTION: FeedDescription = {
  name: "River level, gauge 7",
  unit: "mm",
  decimals: 0,
  minPlausible: 0n,
  maxPlausible: 5_000n,
  heartbeat: 2 * DAY,
  deviationBps: 500,
  historySize: 8,
};
const secret = (name: string): Hex => keccak256(toHex(name));
const small = (n: bigint): Hex => toHex(n, { size: 32 });
const device = (i: number) => accountSensor(privateKeyToAccount(secret(`device ${i}`)));
const checksum = getAddress;
const nameOf = ({ member }: CommitteeSigner): Hex => checksum(member);
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
};

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

/** Both rounds of the protocol among the members that are not absent. */
function cosign(
  members: readonly (CommitteeSigner | undefined)[],
  context: CommitteeContext,
  attestation: CommitteeAttestation,
  absent: readonly number[] = [],
): CommitteeReport {
  const present = [...members.entries()].filter(([i, member]) => member !== undefined && !absent.includes(i));
  const nonces = new Map(present.map(([i, member]) => [i, (member as CommitteeSigner).createNonce()] as const));
  const session = createCosigningSession(
    members.map((member) => member?.key),
    hashAttestation(context, attestation),
    new Map([...nonces].map(([i, { commitment }]) => [i, commitment])),
  );
  const parts = new Map([...nonces].map(([i, nonce]) => [i, at(members, i)?.cosign(session, nonce) ?? 0n] as const));
  return encodeAttestation(context, attestation, session, combinePartials(session, parts));
}

async function setup(quorum = 3, secrets = ["a", "b", "c", "d"].map(secret)) {
  const connection = await hre.network.create();
  const { viem, networkHelpers } = connection;
  const [wallet, stranger] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (wallet === undefined || stranger === undefined) throw new Error("the chain has no funded accounts");
  const authority = await viem.deployContract("AccessManager", [wallet.account.address]);
  const sensors = await viem.deployContract("SensorFeeds", [authority.address, DAY]);
  const contract = await viem.deployContract("AttestedFeed", [authority.address, sensors.address, DAY, 2 * DAY]);
  const { address } = contract;
  const devices = [0, 1, 2, 3].map(device);
  const keys = devices.map(({ key }) => key);
  await createFeed(wallet, { address: sensors.address, description: DESCRIPTION, keys, quorum: 3 });
  const feed = feedIdOf(DESCRIPTION);
  const context: CommitteeContext = { chainId: client.chain.id, address, feed, epoch: 1 };
  const members = secrets.map(committeeSigner);
  const committee = members.map(({ key }) => key);
  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  const logs = async (hash: Promise<Hash>) => {
    const receipt = await client.getTransactionReceipt({ hash: await hash });
    return parseEventLogs({ abi: contract.abi, logs: receipt.logs }).map(({ eventName, args }) => ({
      eventName,
      args,
    }));
  };
  const enrol = (member: CommitteeSigner, operator = wallet) => {
    const proof = member.provePossession(context, operator.account.address);
    return enrolMember(operator, { address, feed, key: member.key, proof, bond: BOND });
  };
  const open = () => openAttestedFeed(wallet, { address, feed, terms: { tolerance: TOLERANCE, bond: BOND } });
  const serve = async (): Promise<void> => {
    await open();
    for (const member of members) await enrol(member);
    await scheduleCommittee(wallet, { address, feed, keys: committee, quorum });
    await activateCommittee(stranger, { address, feed });
  };
  const attest = async (round: number, value: bigint, observedAt?: number): Promise<CommitteeAttestation> => ({
    round,
    observedAt: observedAt ?? (await now()),
    value,
  });
  const submit = (report: CommitteeReport) => submitAttestation(stranger, { address, report });
  const submitData = (data: Hex) => submit({ feed, epoch: 1, round: 0, observedAt: 0, value: 0n, data, signers: [] });
  const measure = async (round: number, values: readonly bigint[], epoch = 1): Promise<Report> => {
    const observedAt = await now();
    const at_ = { chainId: client.chain.id, address: sensors.address, feed, epoch };
    const readings = await Promise.all(
      values.map((value, i) => signReading(at_, at(devices, i), i, { round, observedAt, value })),
    );
    return assembleReport(at_, values.length, readings);
  };
  return {
    address,
    attest,
    authority,
    client,
    committee,
    connection,
    context,
    contract,
    devices,
    enrol,
    feed,
    logs,
    measure,
    members,
    networkHelpers,
    now,
    open,
    sensors,
    serve,
    stranger,
    submit,
    submitData,
    viem,
    wallet,
  };
}

describe("AttestedFeed", () => {
  describe("opening and enrolling", () => {
    it("opens the lane of a device feed with its terms, once, for the role only", async () => {
      const { open, logs, client, address, feed, wallet, stranger } = await setup();
      const terms = { tolerance: TOLERANCE, bond: BOND };
      await refused(openAttestedFeed(stranger, { address, feed, terms }), "AccessManagedUnauthorized");
      await refused(openAttestedFeed(wallet, { address, feed, terms: { ...terms, bond: 0n } }), "AttestedBondMissing");
      await refused(openAttestedFeed(wallet, { address, feed: small(1n), terms }), "FeedUnknown", [small(1n)]);
      expect(await readCommitteeConfig(client, { address, feed })).to.include({ version: 0, epoch: 0, bond: 0n });
      expect(await logs(open())).to.deep.equal([{ eventName: "AttestedFeedOpened", args: { feed, terms } }]);
      expect(await readCommitteeConfig(client, { address, feed })).to.deep.equal({
        ...{ epoch: 0, version: 1, nextVersion: 0, nextEpochAt: 0, quorum: 0, members: 0, decimals: 0 },
        ...{ deviationBps: 500, heartbeat: 2 * DAY, historySize: 8, ...terms },
      });
      await refused(open(), "AttestedFeedExists", [feed]);
      expect(await readCommittee(client, { address, feed, version: 1 })).to.deep.equal([]);
      expect(await readCommittee(client, { address, feed, version: 2 })).to.deep.equal([]);
    });

    it("measures as its device feed does: decimals, deviation, heartbeat and history", async () => {
      const { wallet, address, sensors, client, devices } = await setup();
      const description = {
        ...DESCRIPTION,
        ...{ decimals: 3, deviationBps: 77, heartbeat: 90, historySize: 32 },
      };
      const keys = devices.map(({ key }) => key);
      await createFeed(wallet, { address: sensors.address, description, keys, quorum: 3 });
      const feed = feedIdOf(description);
      await openAttestedFeed(wallet, { address, feed, terms: { tolerance: TOLERANCE, bond: BOND } });
      expect(await readCommitteeConfig(client, { address, feed })).to.include({
        ...{ decimals: 3, deviationBps: 77, heartbeat: 90, historySize: 32 },
      });
    });

    it("refuses an activation delay or a dispute window below an hour or above a year", async () => {
      const { viem, authority, sensors } = await setup();
      const deploy = (delay: number, window: number) =>
        viem.deployContract("AttestedFeed", [authority.address, sensors.address, delay, window]).then(
          () => "deployed",
          (reason: unknown) => String(reason),
        );
      for (const wrong of [0, 3_599, 365 * DAY + 1]) {
        expect(await deploy(wrong, DAY)).to.contain("FeedDelayInvalid");
        expect(await deploy(DAY, wrong)).to.contain("AttestedWindowInvalid");
      }
      for (const right of [3_600, 365 * DAY]) expect(await deploy(right, right)).to.equal("deployed");
    });

    it("enrols a key with exactly the bond and a proof of its possession", async () => {
      const { open, enrol, logs, members, feed, address, wallet, client } = await setup();
      const [member] = members as [CommitteeSigner];
      await refused(enrol(member), "FeedUnknown", [feed]);
      await open();
      for (const bond of [BOND - 1n, BOND + 1n, 0n]) {
        const proof = { nonce: address, s: 1n };
        await refused(enrolMember(wallet, { address, feed, key: member.key, proof, bond }), "AttestedBondInvalid", [
          bond,
          BOND,
        ]);
      }
      const operator = wallet.account.address;
      expect(await logs(enrol(member))).to.deep.equal([
        {
          eventName: "AttestedMemberEnrolled",
          args: { feed, member: nameOf(member), operator: checksum(operator), key: member.key },
        },
      ]);
      expect(await readCommitteeMember(client, { address, feed, member: member.member })).to.deep.equal({
        operator: checksum(operator),
        bond: BOND,
        freeAt: 0,
        isBarred: false,
      });
      await refused(enrol(member), "AttestedMemberKnown", [nameOf(member)]);
    });

    it("a proof is bound to its key, operator, feed, contract and chain, and is not malleable", async () => {
      const { open, members, feed, address, wallet, stranger, context, client } = await setup();
      await open();
      const [member, other] = members as [CommitteeSigner, CommitteeSigner];
      const operator = wallet.account.address;
      const enrolWith = (proof: SchnorrSignature, key = member.key) =>
        enrolMember(wallet, { address, feed, key, proof, bond: BOND });
      const good = member.provePossession(context, operator);
      const name = nameOf(member);
      const bad: SchnorrSignature[] = [
        member.provePossession(context, stranger.account.address),
        member.provePossession({ ...context, feed: small(2n) }, operator),
        member.provePossession({ ...context, address: operator }, operator),
        member.provePossession({ ...context, chainId: 1 }, operator),
        other.provePossession(context, operator),
        { ...good, s: good.s + 1n },
        { ...good, s: 0n },
        { nonce: operator, s: good.s },
        { nonce: `0x${"00".repeat(20)}`, s: good.s },
      ];
      if (good.s + ORDER < 2n ** 256n) bad.push({ ...good, s: good.s + ORDER });
      bad.push({ ...good, s: ORDER });
      // s·G = e·P, so that the nonce would be no point, of which ecrecover says zero.
      const nowhere: Address = `0x${"00".repeat(20)}`;
      const challenge = schnorrChallenge(member.key, hashPossession(context, member.key, operator), nowhere);
      bad.push({ nonce: nowhere, s: (challenge * BigInt(secret("a"))) % ORDER });
      for (const proof of bad) await refused(enrolWith(proof), "AttestedPossessionInvalid", [name]);
      const off: CommitteeKey = { x: member.key.x, y: (member.key.y + 1n) % PRIME };
      await refused(enrolWith(good, off), "AttestedPossessionInvalid");
      await refused(enrolWith(good, { x: 0n, y: 0n }), "AttestedPossessionInvalid");
      await refused(enrolWith(good, { x: member.key.x, y: PRIME - member.key.y }), "AttestedPossessionInvalid");
      expect(verifySchnorr(member.key, hashPossession(context, member.key, operator), good)).to.equal(true);
      await enrolWith(good);
      expect((await readCommitteeMember(client, { address, feed, member: member.member })).bond).to.equal(BOND);
    });

    it("a rogue key, made to cancel the others, cannot be enrolled, because nobody can sign with it alone", async () => {
      const { open, enrol, members, committee, feed, address, wallet, context } = await setup();
      await open();
      for (const member of members) await enrol(member);
      const attacker = committeeSigner(secret("attacker"));
      const point = ({ x, y }: CommitteeKey): Hex => concat(["0x04", small(x), small(y)]);
      const { x, y } = sumOfKeys(committee) as CommitteeKey;
      const difference = SigningKey.addPoints(point(attacker.key), point({ x, y: PRIME - y })) as Hex;
      const rogue = { x: BigInt(slice(difference, 1, 33)), y: BigInt(slice(difference, 33)) };
      // Together with it the committee's key would be the attacker's alone.
      expect(sumOfKeys([...committee, rogue])).to.deep.equal(attacker.key);
      const operator = wallet.account.address;
      const digest = hashPossession(context, rogue, operator);
      const proof = attacker.provePossession(context, operator);
      expect(verifySchnorr(rogue, digest, proof)).to.equal(false);
      await refused(enrolMember(wallet, { address, feed, key: rogue, proof, bond: BOND }), "AttestedPossessionInvalid");
      await refused(
        scheduleCommittee(wallet, { address, feed, keys: [...committee, rogue], quorum: 3 }),
        "AttestedMemberAbsent",
        [4n],
      );
    });
  });

  describe("committees", () => {
    it("the first is in force when anyone says so, the next after the delay; only the latest announced counts", async () => {
      const { open, enrol, logs, members, committee, feed, address, wallet, stranger, now, networkHelpers, client } =
        await setup();
      const schedule = (keys = committee, quorum = 3) => scheduleCommittee(wallet, { address, feed, keys, quorum });
      await refused(schedule(), "FeedUnknown", [feed]);
      await open();
      for (const member of members) await enrol(member);
      await refused(activateCommittee(stranger, { address, feed }), "FeedNothingScheduled", [feed]);
      expect(await logs(schedule())).to.deep.equal([
        {
          eventName: "AttestedCommitteeScheduled",
          args: { feed, epoch: 1, version: 2, activatesAt: await now(), quorum: 3, keys: committee },
        },
      ]);
      expect(await logs(activateCommittee(stranger, { address, feed }))).to.deep.equal([
        { eventName: "AttestedCommitteeActivated", args: { feed, epoch: 1, version: 2 } },
      ]);
      const fewer = committee.slice(0, 3);
      await schedule(fewer, 2);
      await schedule(fewer.slice(0, 2), 2);
      const due = (await now()) + DAY;
      expect(await readCommitteeConfig(client, { address, feed })).to.include({
        ...{ version: 2, epoch: 1, nextVersion: 4, nextEpochAt: due, members: 4, quorum: 3 },
      });
      await networkHelpers.time.setNextBlockTimestamp(due - 1);
      await refused(activateCommittee(stranger, { address, feed }), "AttestedTooEarly", [due]);
      await networkHelpers.time.setNextBlockTimestamp(due);
      await activateCommittee(stranger, { address, feed });
      expect(await readCommitteeConfig(client, { address, feed })).to.include({
        ...{ version: 4, epoch: 2, nextVersion: 0, nextEpochAt: 0, members: 2, quorum: 2 },
      });
      expect(await readCommittee(client, { address, feed, version: 4 })).to.deep.equal(committee.slice(0, 2));
      await schedule();
      expect(await logs(cancelCommittee(wallet, { address, feed }))).to.deep.equal([
        { eventName: "AttestedCommitteeCancelled", args: { feed, version: 5 } },
      ]);
      await refused(cancelCommittee(wallet, { address, feed }), "FeedNothingScheduled", [feed]);
      await refused(activateCommittee(stranger, { address, feed }), "FeedNothingScheduled", [feed]);
    });

    it("are chosen by the role, from enrolled keys, each once, with a quorum that fits", async () => {
      const { open, enrol, members, committee, feed, address, wallet, stranger, context } = await setup();
      await open();
      const schedule = (keys: readonly CommitteeKey[], quorum: number, by = wallet) =>
        scheduleCommittee(by, { address, feed, keys, quorum });
      await refused(schedule(committee, 3, stranger), "AccessManagedUnauthorized");
      await refused(cancelCommittee(stranger, { address, feed }), "AccessManagedUnauthorized");
      for (const member of members.slice(1)) await enrol(member);
      await refused(schedule(committee, 3), "AttestedMemberAbsent", [0n]);
      await enrol(at(members, 0));
      await refused(schedule(committee, 0), "FeedQuorumInvalid", [0n, 4n]);
      await refused(schedule(committee, 5), "FeedQuorumInvalid", [5n, 4n]);
      const many = Array.from({ length: 256 }, () => at(committee, 0));
      await refused(schedule(many, 1), "FeedQuorumInvalid", [1n, 256n]);
      await refused(schedule([...committee.slice(0, 2), at(committee, 0)], 2), "AttestedMemberRepeated", [2n]);
      const opposite = committeeSigner(toHex(ORDER - BigInt(secret("a")), { size: 32 }));
      await enrol(opposite);
      await refused(schedule([at(committee, 0), opposite.key], 2), "AttestedKeysCancel");
      expect(() => aggregateKey([at(committee, 0), opposite.key], [])).to.throw("add up to nothing");
      expect(context.epoch).to.equal(1);
    });

    it("a member leaves only when it serves nowhere, and gets its bond after the dispute window", async () => {
      const s = await setup();
      const { members, committee, feed, address, wallet, stranger, networkHelpers, now, logs, client, enrol } = s;
      await s.serve();
      const extra = committeeSigner(secret("extra"));
      await enrol(extra);
      const { member } = extra;
      const name = checksum(member);
      const operator = checksum(wallet.account.address);
      await refused(leaveCommittee(wallet, { address, feed: small(3n), member }), "FeedUnknown");
      await refused(leaveCommittee(stranger, { address, feed, member }), "AttestedNotOperator", [
        checksum(stranger.account.address),
        operator,
      ]);
      await refused(leaveCommittee(wallet, { address, feed, member: at(members, 0).member }), "AttestedMemberServes");
      await scheduleCommittee(wallet, { address, feed, keys: [...committee, extra.key], quorum: 3 });
      await refused(leaveCommittee(wallet, { address, feed, member }), "AttestedMemberServes", [name]);
      await cancelCommittee(wallet, { address, feed });
      await refused(releaseBond(stranger, { address, feed, member }), "AttestedBondLocked", [name, 0]);
      const left = logs(leaveCommittee(wallet, { address, feed, member }));
      await left;
      const freeAt = (await now()) + 2 * DAY;
      expect(await left).to.deep.equal([{ eventName: "AttestedMemberLeft", args: { feed, member: name, freeAt } }]);
      await refused(
        scheduleCommittee(wallet, { address, feed, keys: [...committee, extra.key], quorum: 3 }),
        "AttestedMemberAbsent",
        [4n],
      );
      await networkHelpers.time.setNextBlockTimestamp(freeAt - 1);
      await refused(releaseBond(stranger, { address, feed, member }), "AttestedBondLocked", [name, freeAt]);
      await networkHelpers.time.setNextBlockTimestamp(freeAt);
      expect(await logs(releaseBond(stranger, { address, feed, member }))).to.deep.equal([
        { eventName: "AttestedBondReleased", args: { feed, member: name, operator, amount: BOND } },
      ]);
      await refused(releaseBond(stranger, { address, feed, member }), "AttestedBondLocked", [name, 0]);
      await refused(withdrawCredit(stranger, { address }), "AttestedNothingToWithdraw", [
        checksum(stranger.account.address),
      ]);
      const held = await client.getBalance({ address });
      expect(await logs(withdrawCredit(wallet, { address }))).to.deep.equal([
        { eventName: "AttestedCreditPaid", args: { account: operator, amount: BOND } },
      ]);
      expect(await client.getBalance({ address })).to.equal(held - BOND);
      await refused(withdrawCredit(wallet, { address }), "AttestedNothingToWithdraw", [operator]);
      await enrol(extra);
    });

    it("a withdrawal that re-enters is refused, and one that is not accepted stays owed", async () => {
      const { open, feed, address, viem, context, client, networkHelpers, contract, wallet } = await setup();
      await open();
      const account = await viem.deployContract("ContractAccount", [wallet.account.address]);
      const member = committeeSigner(secret("of a contract"));
      const proof = member.provePossession(context, account.address);
      const { abi } = contract;
      const call = (functionName: "enrol" | "leave" | "withdraw", args: unknown[], value = 0n) =>
        account.write.execute(
          [address, encodeFunctionData({ abi, functionName, args } as Parameters<typeof encodeFunctionData>[0])],
          { value },
        );
      await call("enrol", [feed, member.key, proof], BOND);
      await call("leave", [feed, member.member]);
      await networkHelpers.time.increase(2 * DAY);
      await releaseBond(wallet, { address, feed, member: member.member });
      await account.write.setRefusing([true]);
      expect(await call("withdraw", []).then(() => "paid", String)).to.not.equal("paid");
      await account.write.setRefusing([false]);
      await account.write.arm([address, encodeFunctionData({ abi, functionName: "withdraw" })]);
      await call("withdraw", []).catch(() => undefined);
      expect(await client.getBalance({ address }), "never more than once").to.be.oneOf([0n, BOND]);
      expect((await client.getBalance({ address })) + (await client.getBalance({ address: account.address }))).to.equal(
        BOND,
      );
    });
  });

  describe("attestations", () => {
    it("one signature of all stores the value with its round, times and signers", async () => {
      const s = await setup();
      await s.serve();
      const { members, context, feed, client, address } = s;
      const report = cosign(members, context, await s.attest(7, 120n));
      expect(size(report.data)).to.equal(78);
      expect(await s.logs(s.submit(report))).to.deep.equal([
        {
          eventName: "AttestedReported",
          args: { feed, round: 7, value: 120n, observedAt: report.observedAt, signers: 0b1111n },
        },
      ]);
      const expected = { value: 120n, observedAt: report.observedAt, updatedAt: await s.now(), round: 7, flags: 0 };
      expect(await readFeed(client, { address, feed })).to.deep.equal(expected);
      expect(await tryReadFeed(client, { address, feed })).to.deep.equal({ round: expected, fresh: true });
      expect(await readFeedRound(client, { address, feed, round: 7 })).to.deep.equal(expected);
    });

    it("any members up to N − M may be absent, whoever they are, and not one more", async () => {
      const s = await setup(3, ["a", "b", "c", "d", "e"].map(secret));
      await s.serve();
      const { members, context, feed } = s;
      let round = 0;
      for (const absent of [[0], [4], [0, 1], [1, 3], [3, 4]]) {
        const report = cosign(members, context, await s.attest(++round, BigInt(round)), absent);
        const signers = absent.reduce((bits, i) => bits & ~(1n << BigInt(i)), 0b11111n);
        const [event] = await s.logs(s.submit(report));
        expect(event?.args).to.deep.include({ feed, round, signers });
      }
      const tooFew = cosign(members, context, await s.attest(++round, 1n), [0, 1, 2]);
      await refused(s.submit(tooFew), "FeedQuorumMissed", [2n, 3n]);
    });

    it("refuses wrong inverses and absent members that are unknown, repeated or out of order", async () => {
      const s = await setup(2);
      await s.serve();
      const { data } = cosign(s.members, s.context, await s.attest(1, 5n), [1, 3]);
      const with_ = (inverse: Hex, ...indices: number[]) =>
        s.submitData(concat([slice(data, 0, 78), inverse, ...indices.map((i) => toHex(i, { size: 1 }))]));
      const inverse = slice(data, 78, 110);
      await refused(with_(small(1n), 1, 3), "AttestedInverseWrong");
      await refused(with_(small(0n), 1, 3), "AttestedInverseWrong");
      await refused(with_(inverse, 3, 1), "AttestedMemberMisplaced", [1n]);
      await refused(with_(inverse, 1, 1), "AttestedMemberMisplaced", [1n]);
      await refused(with_(inverse, 1, 4), "AttestedMemberMisplaced", [4n]);
      await refused(with_(inverse, 255), "AttestedMemberMisplaced", [255n]);
      const only = aggregateKey(s.committee, [1]);
      await refused(with_(toHex(only.inverse, { size: 32 }), 1), "AttestedSignatureInvalid");
      await refused(with_(inverse, 0, 1, 2, 3), "FeedQuorumMissed", [0n, 2n]);
      await s.submitData(data);
    });

    it("refuses reports of a wrong length or kind", async () => {
      const s = await setup();
      await s.serve();
      const { data } = cosign(s.members, s.context, await s.attest(1, 5n));
      await refused(s.submitData("0x"), "AttestedReportMalformed", [0n, 0n]);
      await refused(s.submitData(slice(data, 0, 25)), "AttestedReportMalformed", [0n, 25n]);
      await refused(s.submitData(slice(data, 0, 77)), "AttestedReportMalformed", [0n, 77n]);
      await refused(s.submitData(concat([data, "0x00"])), "AttestedReportMalformed", [0n, 79n]);
      await refused(s.submitData(concat([data, small(0n)])), "AttestedReportMalformed", [0n, 110n]);
      const kind = concat([slice(data, 0, 25), "0x02", slice(data, 26)]);
      await refused(s.submitData(kind), "AttestedReportMalformed", [2n, 78n]);
      const ecdsa = concat([slice(data, 0, 25), "0x01", slice(data, 26)]);
      await refused(s.submitData(ecdsa), "AttestedReportMalformed", [1n, 78n]);
      await s.submitData(data);
    });

    it("a signature is worth nothing on another chain, contract, feed, round, time, value or epoch, nor malleated", async () => {
      const s = await setup();
      await s.serve();
      const { members, context } = s;
      const said = await s.attest(2, 50n, (await s.now()) - 5);
      const right = cosign(members, context, said);
      const elsewhere: CommitteeContext[] = [
        { ...context, chainId: 1 },
        { ...context, address: s.sensors.address },
        { ...context, feed: small(9n) },
        { ...context, epoch: 2 },
      ];
      for (const other of elsewhere)
        await refused(s.submitData(cosign(members, other, said).data), "AttestedSignatureInvalid");
      const changed = [
        { ...said, round: 3 },
        { ...said, observedAt: said.observedAt + 1 },
        { ...said, value: 51n },
        { ...said, value: -50n },
      ];
      for (const other of changed) {
        const { data } = cosign(members, context, other);
        await refused(s.submitData(concat([slice(data, 0, 26), slice(right.data, 26)])), "AttestedSignatureInvalid");
      }
      const value = BigInt(slice(right.data, 46, 78));
      for (const twin of [0n, ORDER, ORDER - value, (value + 1n) % ORDER, 2n ** 256n - 1n])
        await refused(s.submitData(concat([slice(right.data, 0, 46), small(twin)])), "AttestedSignatureInvalid");
      for (const nonce of [`0x${"00".repeat(20)}`, s.address] as const)
        await refused(
          s.submitData(concat([slice(right.data, 0, 26), nonce, slice(right.data, 46)])),
          "AttestedSignatureInvalid",
        );
      await s.submit(right);
      await refused(s.submit(right), "FeedRoundNotNewer", [2, 2]);
    });

    it("the same digest is payable by M ECDSA signatures when the two rounds fail", async () => {
      const s = await setup();
      await s.serve();
      const { members, context, feed } = s;
      const said = await s.attest(1, 80n);
      const digest = hashAttestation(context, said);
      expect(digest).to.equal(
        await s.contract.read.hashAttestation([feed, said.round, said.observedAt, said.value, 1]),
      );
      const all = await Promise.all(members.map((member) => member.endorse(digest)));
      const by = (...indices: number[]) =>
        encodeEndorsements(context, said, indices.length, new Map(indices.map((i) => [i, at(all, i)])));
      expect(() => encodeEndorsements(context, said, 3, new Map([[0, at(all, 0)]]))).to.throw(PublicaError);
      await refused(s.submit(by(0, 2)), "FeedQuorumMissed", [2n, 3n]);
      const { data } = by(0, 2, 3);
      const row = (position: number) => slice(data, 26 + 65 * position, 26 + 65 * (position + 1));
      const rows = (...list: Hex[]) => concat([slice(data, 0, 26), ...list]);
      await refused(s.submitData(rows(row(1), row(0), row(2))), "AttestedMemberMisplaced", [0n]);
      await refused(s.submitData(rows(row(0), row(1), row(1))), "AttestedMemberMisplaced", [2n]);
      const named = (position: number, index: number) => concat([toHex(index, { size: 1 }), slice(row(position), 1)]);
      await refused(s.submitData(rows(row(0), row(1), named(2, 4))), "AttestedMemberMisplaced", [4n]);
      await refused(s.submitData(rows(named(0, 1), row(1), row(2))), "AttestedSignatureInvalid");
      const vs = BigInt(slice(row(2), 33));
      const high = (ORDER - (vs & (2n ** 255n - 1n))) | (vs >> 255n === 1n ? 0n : 1n << 255n);
      if (high < 2n ** 256n)
        await refused(
          s.submitData(rows(row(0), row(1), concat([slice(row(2), 0, 33), toHex(high, { size: 32 })]))),
          "AttestedSignatureInvalid",
        );
      await refused(
        s.submitData(rows(row(0), row(1), concat([slice(row(2), 0, 1), small(0n), small(0n)]))),
        "AttestedSignatureInvalid",
      );
      const [event] = await s.logs(s.submitData(data));
      expect(event?.args).to.deep.include({ round: 1, value: 80n, signers: 0b1101n });
    });

    it("keeps rounds and times going up, nothing from the future, and nothing without a committee", async () => {
      const s = await setup();
      await refused(s.submitData(cosign(s.members, s.context, await s.attest(1, 1n)).data), "FeedUnknown", [s.feed]);
      await s.open();
      await refused(s.submitData(cosign(s.members, s.context, await s.attest(1, 1n)).data), "FeedQuorumMissed", [
        0n,
        0n,
      ]);
      const none = concat([slice(cosign(s.members, s.context, await s.attest(1, 1n)).data, 0, 25), "0x01"]);
      await refused(s.submitData(none), "FeedQuorumMissed", [0n, 0n]);
      await refused(readFeed(s.client, { address: s.address, feed: s.feed }), "FeedWithoutData", [s.feed]);
      expect(await tryReadFeed(s.client, { address: s.address, feed: s.feed })).to.deep.include({ fresh: false });
      for (const member of s.members) await s.enrol(member);
      await scheduleCommittee(s.wallet, { address: s.address, feed: s.feed, keys: s.committee, quorum: 3 });
      await activateCommittee(s.stranger, { address: s.address, feed: s.feed });
      const time = (await s.now()) + 100;
      const submitAt = async (now: number, round: number, observedAt: number) => {
        const report = cosign(s.members, s.context, await s.attest(round, 1n, observedAt));
        await s.networkHelpers.time.setNextBlockTimestamp(now);
        return s.submit(report);
      };
      await refused(submitAt(time, 0, time), "FeedRoundNotNewer", [0, 0]);
      await refused(submitAt(time + 1, 1, time + 2), "FeedObservationInFuture", [time + 2]);
      await submitAt(time + 2, 1, time + 2);
      await refused(submitAt(time + 3, 1, time + 3), "FeedRoundNotNewer", [1, 1]);
      await refused(submitAt(time + 4, 2, time + 1), "FeedObservationOutdated", [time + 1, time + 2]);
      await submitAt(time + 5, 2, time + 2);
    });

    it("reads like a device feed: stale after the heartbeat, history as long as it reaches, suspects stored", async () => {
      const s = await setup();
      await s.serve();
      const { client, address, feed } = s;
      for (const round of [1, 2, 10])
        await s.submit(cosign(s.members, s.context, await s.attest(round, BigInt(round))));
      await refused(readFeedRound(client, { address, feed, round: 2 }), "FeedRoundUnavailable", [feed, 2]);
      await refused(readFeedRound(client, { address, feed, round: 0 }), "FeedRoundUnavailable", [feed, 0]);
      await refused(readFeedRound(client, { address, feed, round: 11 }), "FeedRoundUnavailable", [feed, 11]);
      expect((await readFeedRound(client, { address, feed, round: 1 })).value).to.equal(1n);
      const extreme = cosign(s.members, s.context, await s.attest(11, -1n));
      expect(await s.logs(s.submit(extreme))).to.deep.include({
        eventName: "AttestedSuspected",
        args: { feed, round: 11, value: -1n },
      });
      const latest = await readFeed(client, { address, feed });
      expect(isSuspect(latest)).to.equal(true);
      await s.networkHelpers.time.increaseTo(latest.observedAt + 2 * DAY);
      await readFeed(client, { address, feed });
      await s.networkHelpers.time.increase(1);
      await refused(readFeed(client, { address, feed }), "FeedStale", [feed, latest.observedAt, 2 * DAY]);
      expect(await tryReadFeed(client, { address, feed })).to.deep.include({ fresh: false });
    });

    it("key sums that collide do no harm: 1 + 2 = 3, 5 + 6 = 11, doubles, and a member that is the sum of all others", async () => {
      const groups = [
        [1n, 2n, 3n],
        [5n, 6n, 11n],
        [1n, 2n, 4n],
        [1n, 1n + ORDER / 2n, 7n],
        [3n, 5n, 8n, 16n],
      ];
      for (const group of groups) {
        const s = await setup(1, group.map(small));
        await s.serve();
        let round = 0;
        const n = group.length;
        for (let mask = 0; mask < 2 ** n - 1; mask++) {
          const absent = group.flatMap((_, i) => ((mask >> i) & 1 ? [i] : []));
          await s.submit(cosign(s.members, s.context, await s.attest(++round, BigInt(mask)), absent));
        }
      }
    });

    it("keys that cancel sign nothing together, and one by one as well as ever", async () => {
      const s = await setup(2, [small(5n), small(ORDER - 5n), small(9n)]);
      await s.serve();
      const said = await s.attest(1, 1n);
      expect(() => cosign(s.members, s.context, said, [2])).to.throw("add up to nothing");
      const { data } = cosign(s.members, s.context, said);
      const cancelled = concat([slice(data, 0, 78), small(1n), "0x02"]);
      await refused(s.submitData(cancelled), "AttestedKeysCancel");
      const digest = hashAttestation(s.context, said);
      const signatures = await Promise.all(s.members.slice(0, 2).map((member) => member.endorse(digest)));
      await s.submit(encodeEndorsements(s.context, said, 2, new Map(signatures.map((signature, i) => [i, signature]))));
    });
  });

  describe("contradiction", () => {
    it("slashes who signed, spares who was absent, pays half to the challenger, corrects the value", async () => {
      const s = await setup();
      await s.serve();
      const { feed, address, client, members, stranger } = s;
      const lie = cosign(members, s.context, await s.attest(3, 500n), [1]);
      await s.submit(lie);
      const { updatedAt } = await readFeed(client, { address, feed });
      const readings = await s.measure(3, [100n, 101n, 102n]);
      const names = members.map(({ member }) => checksum(member));
      const prove = () => proveContradiction(stranger, { address, version: 2, attestation: lie, readings });
      const reward = (3n * BOND) / 2n;
      expect(await s.logs(prove())).to.deep.equal([
        ...[0, 2, 3].map((i) => ({
          eventName: "AttestedMemberSlashed",
          args: { feed, member: names[i], amount: BOND },
        })),
        { eventName: "AttestedCorrected", args: { feed, round: 3, from: 500n, to: 101n } },
        {
          eventName: "AttestedContradicted",
          args: { feed, round: 3, challenger: checksum(stranger.account.address), value: 500n, median: 101n, reward },
        },
        { eventName: "AttestedCommitteeActivated", args: { feed, epoch: 1, version: 3 } },
      ]);
      const corrected = { value: 101n, observedAt: lie.observedAt, updatedAt, round: 3, flags: 0 };
      expect(await readFeed(client, { address, feed })).to.deep.equal(corrected);
      expect(await readFeedRound(client, { address, feed, round: 3 })).to.deep.equal(corrected);
      const left = [undefined, at(s.committee, 1), undefined, undefined];
      expect(await readCommittee(client, { address, feed, version: 3 })).to.deep.equal(left);
      expect(await readCommitteeMember(client, { address, feed, member: at(members, 0).member })).to.include({
        bond: 0n,
        isBarred: true,
      });
      expect((await readCommitteeMember(client, { address, feed, member: at(members, 1).member })).bond).to.equal(BOND);
      await refused(prove(), "AttestedNothingToPunish");
      const before = await client.getBalance({ address });
      await withdrawCredit(stranger, { address });
      expect(await client.getBalance({ address })).to.equal(before - reward);
      await refused(s.enrol(at(members, 0)), "AttestedMemberBarred", [names[0]]);
      // Nobody can sign for the barred ones, and one alone is no quorum.
      const alone = cosign([undefined, at(members, 1), undefined, undefined], s.context, await s.attest(4, 100n));
      await refused(s.submit(alone), "FeedQuorumMissed", [1n, 3n]);
      const slashedOnes = cosign(members, s.context, await s.attest(4, 100n), [0]);
      await refused(s.submitData(slashedOnes.data), "AttestedMemberMisplaced", [0n]);
    });

    it("is decided exactly beyond the tolerance, on either side, by readings all on one side", async () => {
      const cases: [values: bigint[], contradicted: boolean][] = [
        [[511n, 512n, 513n], true],
        [[510n, 512n, 513n], false],
        [[487n, 488n, 489n], true],
        [[487n, 488n, 490n], false],
        [[100n, 101n, 900n], false],
      ];
      for (const [values, contradicted] of cases) {
        const s = await setup();
        await s.serve();
        const attestation = cosign(s.members, s.context, await s.attest(3, 500n));
        const readings = await s.measure(3, values);
        const action = proveContradiction(s.stranger, { address: s.address, version: 2, attestation, readings });
        if (contradicted) await action;
        else await refused(action, "AttestedReadingsAgree", [500n, values[0], values[2]]);
      }
    });

    it("needs a quorum of devices in force, of the same round, and a true committee signature", async () => {
      const s = await setup();
      await s.serve();
      const { address, stranger, feed } = s;
      const attestation = cosign(s.members, s.context, await s.attest(3, 500n));
      const prove = (readings: Report, change: { version?: number; data?: Hex } = {}) =>
        proveContradiction(stranger, {
          address,
          version: change.version ?? 2,
          attestation: { ...attestation, data: change.data ?? attestation.data },
          readings,
        });
      const good = await s.measure(3, [100n, 101n, 102n]);
      await refused(prove(await s.measure(4, [100n, 101n, 102n])), "AttestedRoundsDiffer", [3, 4]);
      await refused(prove(await s.measure(3, [100n, 101n])), "FeedQuorumMissed", [2n, 3n]);
      await refused(prove(await s.measure(3, [100n, 101n, 102n], 2)), "FeedEpochMismatch", [2, 1]);
      await refused(prove(good, { version: 0 }), "AttestedVersionUnknown", [0]);
      await refused(prove(good, { version: 3 }), "AttestedVersionUnknown", [3]);
      await refused(prove(good, { version: 1 }), "FeedQuorumMissed", [0n, 0n]);
      const forged = concat([slice(attestation.data, 0, 46), small(5n)]);
      await refused(prove(good, { data: forged }), "AttestedSignatureInvalid");
      await refused(
        proveContradiction(stranger, {
          address,
          version: 2,
          attestation: { ...attestation, feed: small(1n) },
          readings: good,
        }),
        "FeedUnknown",
      );
      await s.networkHelpers.time.increase(1);
      await scheduleSensors(s.wallet, {
        address: s.sensors.address,
        feed,
        keys: [5, 6, 7].map((i) => device(i).key),
        quorum: 2,
      });
      await s.networkHelpers.time.increase(DAY);
      // The new sensors are in force although no report has put them there yet.
      await refused(prove(good), "FeedEpochMismatch", [1, 2]);
    });

    it("also reaches what was signed and never submitted, by ECDSA, and by a committee replaced since", async () => {
      const s = await setup();
      await s.serve();
      const { address, feed, wallet, stranger, members, committee, client } = s;
      const said = await s.attest(3, 500n);
      const digest = hashAttestation(s.context, said);
      const endorsed = await Promise.all(members.slice(0, 3).map((member) => member.endorse(digest)));
      const attestation = encodeEndorsements(s.context, said, 3, new Map(endorsed.map((e, i) => [i, e])));
      const fresh = committeeSigner(secret("fresh"));
      await s.enrol(fresh);
      await scheduleCommittee(wallet, { address, feed, keys: [at(committee, 0), fresh.key], quorum: 1 });
      await s.networkHelpers.time.increase(DAY);
      await activateCommittee(stranger, { address, feed });
      await scheduleCommittee(wallet, { address, feed, keys: [at(committee, 1), fresh.key], quorum: 1 });
      const leaving = at(members, 2).member;
      await leaveCommittee(wallet, { address, feed, member: leaving });
      const readings = await s.measure(3, [100n, 101n, 102n]);
      const events = await s.logs(proveContradiction(stranger, { address, version: 2, attestation, readings }));
      expect(events.map(({ eventName }) => eventName)).to.deep.equal([
        "AttestedMemberSlashed",
        "AttestedMemberSlashed",
        "AttestedMemberSlashed",
        "AttestedContradicted",
        "AttestedCommitteeActivated",
      ]);
      expect(await readCommittee(client, { address, feed, version: 5 })).to.deep.equal([undefined, fresh.key]);
      await refused(releaseBond(stranger, { address, feed, member: leaving }), "AttestedBondLocked");
      await s.networkHelpers.time.increase(DAY);
      await activateCommittee(stranger, { address, feed });
      expect((await readCommitteeConfig(client, { address, feed })).version).to.equal(6);
      expect(await readCommittee(client, { address, feed, version: 6 })).to.deep.equal([undefined, fresh.key]);
      // What the slashed members had signed with others still binds the others.
      const again = cosign([fresh], { ...s.context, epoch: 3 }, await s.attest(4, 7n));
      expect(again.signers).to.deep.equal([0]);
    });

    it("punishes for ever and corrects only within the dispute window", async () => {
      for (const late of [0, 1]) {
        const s = await setup();
        await s.serve();
        const { address, feed, client } = s;
        const lie = cosign(s.members, s.context, await s.attest(3, 500n));
        await s.submit(lie);
        const { updatedAt } = await readFeed(client, { address, feed });
        await s.submit(cosign(s.members, s.context, await s.attest(4, 100n)));
        const readings = await s.measure(3, [6_000n, 6_001n, 6_002n]);
        await s.networkHelpers.time.setNextBlockTimestamp(updatedAt + 2 * DAY + late);
        const hash = proveContradiction(s.stranger, { address, version: 2, attestation: lie, readings });
        const corrected = (await s.logs(hash)).some(({ eventName }) => eventName === "AttestedCorrected");
        expect(corrected).to.equal(late === 0);
        const stored = await readFeedRound(client, { address, feed, round: 3 });
        expect(stored.value).to.equal(late === 0 ? 6_001n : 500n);
        expect(isSuspect(stored)).to.equal(late === 0);
        expect((await tryReadFeed(client, { address, feed })).round?.value, "a later round stays").to.equal(100n);
      }
    });

    it("corrects a second time only what is contradicted, and leaves an honest stored value alone", async () => {
      const s = await setup(2);
      await s.serve();
      const { address, feed, client } = s;
      // A lie never submitted, beside an honest value that was.
      const lie = cosign(s.members, s.context, await s.attest(3, 500n), [2, 3]);
      await s.submit(cosign(s.members, s.context, await s.attest(3, 101n), [0, 1]));
      const readings = await s.measure(3, [100n, 101n, 102n]);
      await proveContradiction(s.stranger, { address, version: 2, attestation: lie, readings });
      expect((await readFeed(client, { address, feed })).value).to.equal(101n);
      expect(await readCommittee(client, { address, feed, version: 3 })).to.deep.equal([
        undefined,
        undefined,
        at(s.committee, 2),
        at(s.committee, 3),
      ]);
      await s.submit(cosign([undefined, undefined, ...s.members.slice(2)], s.context, await s.attest(4, 100n)));
    });

    it("corrects another round of members who have lost their bonds already, and pays nothing for it", async () => {
      const s = await setup();
      await s.serve();
      const { address, feed, client, stranger } = s;
      const lies = new Map<number, CommitteeReport>();
      for (const round of [3, 4]) {
        const lie = cosign(s.members, s.context, await s.attest(round, 500n));
        await s.submit(lie);
        lies.set(round, lie);
      }
      const prove = async (round: number) => {
        const readings = await s.measure(round, [100n, 101n, 102n]);
        const attestation = lies.get(round) as CommitteeReport;
        return s.logs(proveContradiction(stranger, { address, version: 2, attestation, readings }));
      };
      await prove(3);
      const challenger = checksum(stranger.account.address);
      expect(await prove(4)).to.deep.equal([
        { eventName: "AttestedCorrected", args: { feed, round: 4, from: 500n, to: 101n } },
        {
          eventName: "AttestedContradicted",
          args: { feed, round: 4, challenger, value: 500n, median: 101n, reward: 0n },
        },
      ]);
      expect((await readFeed(client, { address, feed })).value).to.equal(101n);
      expect((await readCommitteeConfig(client, { address, feed })).version, "once is enough").to.equal(3);
    });

    it("slashing members who all serve no more leaves the committee in force as it is", async () => {
      const s = await setup();
      await s.serve();
      const { address, feed, wallet, stranger, client } = s;
      const lie = cosign(s.members, s.context, await s.attest(3, 500n));
      const fresh = committeeSigner(secret("fresh"));
      await s.enrol(fresh);
      await scheduleCommittee(wallet, { address, feed, keys: [fresh.key], quorum: 1 });
      await s.networkHelpers.time.increase(DAY);
      await activateCommittee(stranger, { address, feed });
      const readings = await s.measure(3, [100n, 101n, 102n]);
      const events = await s.logs(proveContradiction(stranger, { address, version: 2, attestation: lie, readings }));
      expect(events.map(({ eventName }) => eventName)).to.deep.equal([
        ...s.members.map(() => "AttestedMemberSlashed"),
        "AttestedContradicted",
      ]);
      expect((await readCommitteeConfig(client, { address, feed })).version).to.equal(3);
      await s.submit(cosign([fresh], { ...s.context, epoch: 2 }, await s.attest(4, 100n)));
    });

    it("when the keys that are left cancel, one of them absent makes a report, all together none", async () => {
      const s = await setup(1, [small(5n), small(ORDER - 5n), small(9n)]);
      await s.serve();
      const { address, feed, client, stranger } = s;
      const lie = cosign(s.members, s.context, await s.attest(3, 500n), [0, 1]);
      const readings = await s.measure(3, [100n, 101n, 102n]);
      await proveContradiction(stranger, { address, version: 2, attestation: lie, readings });
      const left = [at(s.members, 0), at(s.members, 1), undefined];
      const said = await s.attest(4, 100n);
      expect(() => cosign(left, s.context, said)).to.throw("add up to nothing");
      await refused(s.submitData(slice(lie.data, 0, 78)), "AttestedKeysCancel");
      await s.submit(cosign(left, s.context, said, [1]));
      expect((await readFeed(client, { address, feed })).value).to.equal(100n);
    });

    it("refuses a second proof of a lie that was never submitted", async () => {
      const s = await setup();
      await s.serve();
      const lie = cosign(s.members, s.context, await s.attest(3, 500n));
      const readings = await s.measure(3, [100n, 101n, 102n]);
      const prove = () =>
        proveContradiction(s.stranger, { address: s.address, version: 2, attestation: lie, readings });
      await prove();
      await refused(prove(), "AttestedNothingToPunish");
    });

    it("an honest committee cannot be slashed by a minority of devices, whatever they sign", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 4, maxLength: 4 }),
          fc.integer({ min: 0, max: 3 }),
          async (values, left) => {
            const s = await setup();
            await s.serve();
            const heard = values.filter((_, i) => i !== left).sort((a, b) => a - b);
            // The median of any quorum of 3 of 4, as the node signs it.
            const attestation = cosign(s.members, s.context, await s.attest(3, BigInt(at(heard, 1))));
            for (let skip = 0; skip < 4; skip++) {
              const observedAt = await s.now();
              const at_ = { chainId: s.context.chainId, address: s.sensors.address, feed: s.feed, epoch: 1 };
              const signed = await Promise.all(
                values.map((value, i) =>
                  signReading(at_, at(s.devices, i), i, { round: 3, observedAt, value: BigInt(value) }),
                ),
              );
              const others = signed.filter((_, i) => i !== skip).sort((a, b) => Number(a.value - b.value));
              const readings: Report = {
                ...assembleReport(at_, 3, others),
                data: encodeReport({ round: 3, observedAt, epoch: 1 }, others),
              };
              await refused(
                proveContradiction(s.stranger, { address: s.address, version: 2, attestation, readings }),
                "AttestedReadingsAgree",
              );
            }
          },
        ),
        { numRuns: 12 },
      );
    });
  });
});
