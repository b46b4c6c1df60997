import { expect } from "chai";
import hre from "hardhat";
import { type Address, type Hash, type Hex, keccak256, maxUint256, parseEventLogs, toHex, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  activateCommittee,
  assembleReport,
  combinePartials,
  type CommitteeAttestation,
  type CommitteeReport,
  type CommitteeSigner,
  committeeSigner,
  createCosigningSession,
  createFeed,
  encodeAttestation,
  encodeEndorsements,
  enrolMember,
  type FeedDescription,
  feedIdOf,
  hashAttestation,
  openAttestedFeed,
  proveContradiction,
  PublicaError,
  scheduleCommittee,
  signReading,
  submitAttestation,
} from "../../packages/sdk/src/foundation/index.ts";
import { policyBookAbi } from "../../packages/sdk/src/generated/abi.ts";
import * as sdk from "../../packages/sdk/src/insurance/index.ts";

const DAY = 86_400;
const EURO = 1_000_000n;
const BOND = 10n ** 18n;
const MEMBERS = 7;
const QUORUM = 5;
const DAYS = 30;
const SUM = 10_000n * EURO;
const ALL = 2n ** 127n;
const secret = (name: string): Hex => keccak256(toHex(`committee series ${name}`));
const pricingKey = privateKeyToAccount(secret("pricing"));

const RAIN: FeedDescription = {
  name: "Rain, a committee of seven",
  unit: "0.1 mm",
  decimals: 1,
  minPlausible: -ALL,
  maxPlausible: ALL - 1n,
  heartbeat: 2 * DAY,
  deviationBps: 0,
  historySize: 64,
};

/** A committee of seven over a feed of four devices, and a pool and a book which know nothing but `IFeedReader`. */
async function deployed() {
  const { viem, networkHelpers } = await hre.network.create();
  const [wallet, ana, anyone] = await viem.getWalletClients();
  if (wallet === undefined || ana === undefined || anyone === undefined) throw new Error("too few accounts");
  const client = await viem.getPublicClient();
  const manager = await viem.deployContract("AccessManager", [wallet.account.address]);
  const sensors = await viem.deployContract("SensorFeeds", [manager.address, DAY]);
  const { address } = await viem.deployContract("AttestedFeed", [manager.address, sensors.address, DAY, 2 * DAY]);
  const devices = [0, 1, 2, 3].map((i) => accountSensor(privateKeyToAccount(secret(`device ${i}`))));
  const keys = devices.map(({ key }) => key);
  await createFeed(wallet, { address: sensors.address, description: RAIN, keys, quorum: 3 });
  const feed = feedIdOf(RAIN);
  const context = { chainId: client.chain.id, address, feed, epoch: 1 };
  await openAttestedFeed(wallet, { address, feed, terms: { tolerance: 10n, bond: BOND } });
  const members = Array.from({ length: MEMBERS }, (_, i) => committeeSigner(secret(`member ${i}`)));
  for (const member of members) {
    const proof = member.provePossession(context, wallet.account.address);
    await enrolMember(wallet, { address, feed, key: member.key, proof, bond: BOND });
  }
  const committee = members.map(({ key }) => key);
  await scheduleCommittee(wallet, { address, feed, keys: committee, quorum: QUORUM });
  await activateCommittee(wallet, { address, feed });

  const money = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const registry = await viem.deployContract("SeriesRegistry", [manager.address]);
  const recourse = await viem.deployContract("SeriesRecourse", [registry.address]);
  const { address: book } = await viem.deployContract("PolicyBook", [
    manager.address,
    registry.address,
    recourse.address,
  ]);
  const { address: pool } = await viem.deployContract("UnderwritingPool", [
    ...([money.address, "Pool", "P", manager.address, book, zeroAddress, zeroAddress, 7 * DAY] as const),
  ]);
  for (const { account } of [wallet, ana]) {
    await money.write.mint([account.address, 1_000_000n * EURO]);
    await money.write.approve([pool, maxUint256], { account });
  }
  await sdk.setQuoteKey(wallet, { book, key: pricingKey.address, dailyLimitUnits: 10n ** 15n });
  await sdk.underwrite(wallet, { pool, assets: 100_000n * EURO, receiver: wallet.account.address });
  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  const start = (await now()) + 10 * DAY;
  const end = start + DAYS * DAY;

  /** Opens a series on the committee's feed and sells Ana a policy of it. */
  async function sell(index: sdk.IndexTerms, more: Partial<sdk.SeriesTerms>): Promise<bigint> {
    const terms: sdk.SeriesTerms = {
      ...{ name: "Rain", pool, feeds: address, feed, firstRound: 1, lastRound: 1, start, end },
      ...{ capacity: 10n ** 12n, index, ...more },
    };
    await sdk.openSeries(wallet as NonNullable<typeof wallet>, { book, terms });
    const series = await sdk.getSeriesCount(client, { book });
    const buyer = (ana as NonNullable<typeof ana>).account.address;
    const sequence = await sdk.getPurchases(client, { book, buyer });
    const quote = { series, buyer, sumInsured: SUM, premium: 500n * EURO, sequence, validUntil: start };
    const signed = await sdk.signQuote(pricingKey, { book, chainId: client.chain.id, quote });
    await sdk.buyPolicy(ana as NonNullable<typeof ana>, { book, signed });
    return series;
  }
  const observe = async (round: number, value: bigint): Promise<CommitteeAttestation> => ({
    round,
    observedAt: await now(),
    value,
  });
  /** One signature by all keys minus the absent. */
  function together(attestation: CommitteeAttestation, absent: readonly number[]): CommitteeReport {
    const present = [...members.entries()].filter(([i]) => !absent.includes(i));
    const nonces = new Map(present.map(([i, member]) => [i, member.createNonce()] as const));
    const session = createCosigningSession(
      committee,
      hashAttestation(context, attestation),
      new Map([...nonces].map(([i, { commitment }]) => [i, commitment])),
    );
    const parts = new Map(
      [...nonces].map(([i, nonce]) => [i, (members[i] as CommitteeSigner).cosign(session, nonce)] as const),
    );
    return encodeAttestation(context, attestation, session, combinePartials(session, parts));
  }
  /** Single signatures of the members named: the fallback when the two rounds of the protocol fail. */
  async function oneByOne(attestation: CommitteeAttestation, signers: readonly number[]): Promise<CommitteeReport> {
    const digest = hashAttestation(context, attestation);
    const signatures = await Promise.all(
      signers.map(async (i) => [i, await (members[i] as CommitteeSigner).endorse(digest)] as const),
    );
    return encodeEndorsements(context, attestation, signers.length, new Map(signatures));
  }
  const submit = (report: CommitteeReport): Promise<Hash> => submitAttestation(anyone, { address, report });
  /** Settles with anyone's hand; what Ana got, and what the series was decided by. */
  async function settle(series: bigint, season?: Hex) {
    const owner: Address = (ana as NonNullable<typeof ana>).account.address;
    const before = await money.read.balanceOf([owner]);
    const hash = await sdk.decideSeries(anyone as NonNullable<typeof anyone>, {
      ...{ book, series, max: 10 },
      ...(season === undefined ? {} : { season }),
    });
    const { logs } = await client.getTransactionReceipt({ hash });
    const [decided] = parseEventLogs({ abi: policyBookAbi, logs, eventName: "SeriesDecided" });
    return { index: decided?.args.index, paid: (await money.read.balanceOf([owner])) - before };
  }
  const measure = async (round: number, values: readonly bigint[]) => {
    const observedAt = await now();
    const device = { chainId: client.chain.id, address: sensors.address, feed, epoch: 1 };
    const readings = await Promise.all(
      values.map((value, i) =>
        signReading(device, devices[i] as (typeof devices)[number], i, { round, observedAt, value }),
      ),
    );
    return assembleReport(device, values.length, readings);
  };
  return {
    ...{ address, anyone, book, client, end, measure, observe, oneByOne, sell, settle, start, submit, together },
    travelTo: networkHelpers.time.increaseTo,
  };
}

async function refused(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PublicaError)) throw new Error(`expected ${code}, got ${String(error)}`);
  expect(error.code, error.message).to.equal(code);
}

const DRY = { kind: "sum", attachment: 1000n, exit: 400n } as const;
/** 610 tenths of a millimetre: 65 % of the way from 1000 to 400. */
const season = (): bigint[] =>
  Array.from({ length: DAYS }, (_, day) => (day === 4 ? 450n : day < 14 && day > 9 ? 40n : 0n));

describe("a series on a committee's feed", () => {
  it("is decided by a season whose digest one Schnorr signature attests, two members being absent", async () => {
    const { sell, travelTo, end, observe, submit, together, settle, client, book } = await deployed();
    const series = await sell(DRY, { seasonValues: DAYS });
    const packed = sdk.packSeason(season());
    await travelTo(end);
    await refused(settle(series, packed), "FeedRoundUnavailable");
    const attestation = await observe(1, sdk.seasonDigest(packed));
    // A quorum is a quorum: with three away there is no report.
    await refused(submit(together(attestation, [0, 3, 6])), "FeedQuorumMissed");
    await submit(together(attestation, [0, 6]));
    const other = sdk.packSeason(season().map((value, day) => (day === 4 ? value - 1n : value)));
    await refused(settle(series, other), "SettlementSeasonMismatch");
    expect(await settle(series, packed)).to.deep.equal({ index: 610n, paid: (SUM * 6500n) / 10_000n });
    expect((await sdk.getSeries(client, { book, series })).state).to.equal("settled");
  });

  it("is decided by the same digest with single signatures of a quorum, when the two rounds fail", async () => {
    const { sell, travelTo, end, observe, submit, oneByOne, settle } = await deployed();
    const series = await sell(DRY, { seasonValues: DAYS });
    const packed = sdk.packSeason(season());
    await travelTo(end);
    const attestation = await observe(1, sdk.seasonDigest(packed));
    await refused(submit(await oneByOne(attestation, [0, 1, 2, 3])), "FeedQuorumMissed");
    await submit(await oneByOne(attestation, [1, 2, 4, 5, 6]));
    expect(await settle(series, packed)).to.deep.equal({ index: 610n, paid: (SUM * 6500n) / 10_000n });
  });

  it("is decided round by round, each day signed the one way or the other", async () => {
    const { sell, travelTo, start, observe, submit, together, oneByOne, settle } = await deployed();
    const index = { kind: "runBelow", threshold: 10n, attachment: 2n, exit: 6n } as const;
    const series = await sell(index, { lastRound: 6 });
    for (const [day, value] of [0n, 9n, 10n, 3n, 0n, 5n].entries()) {
      await travelTo(start + day * DAY);
      const attestation = await observe(day + 1, value);
      await submit(day % 2 === 0 ? together(attestation, [day]) : await oneByOne(attestation, [0, 2, 3, 4, 6]));
    }
    // Three days below in a row: a quarter of the way from 2 to 6.
    expect(await settle(series)).to.deep.equal({ index: 3n, paid: SUM / 4n });
  });

  it("waits out the dispute window, in which the devices put a lying committee right", async () => {
    const { sell, travelTo, start, observe, submit, together, measure, settle, address, anyone, client } =
      await deployed();
    const series = await sell({ kind: "maximum", attachment: 500n, exit: 700n }, { disputeWindow: 2 * DAY });
    await travelTo(start + DAY);
    const lie = together(await observe(1, 499n), []);
    await submit(lie);
    await refused(settle(series), "SettlementDisputeOpen");
    const readings = await measure(1, [598n, 600n, 601n]);
    await proveContradiction(anyone, { address, version: 2, attestation: lie, readings });
    const { timestamp } = await client.getBlock();
    await travelTo(Number(timestamp) + 2 * DAY);
    expect(await settle(series)).to.deep.equal({ index: 600n, paid: SUM / 2n });
  });
});
