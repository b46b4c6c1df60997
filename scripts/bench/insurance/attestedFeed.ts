import { type Hex, keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  activateCommittee,
  assembleReport,
  combinePartials,
  type CommitteeAttestation,
  type CommitteeReport,
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
  scheduleCommittee,
  signReading,
  submitAttestation,
} from "@publica/sdk";
import type { Bench } from "../harness.ts";

/** Upper bounds of the committee lane's figures, in gas. */
export const attestedFeedBudgets: Readonly<Record<string, number>> = {
  "insurance.attestedFeed.report": 45_000,
  "insurance.attestedFeed.report.4absent": 49_000,
};

const MEMBERS = 31;
const QUORUM = 21;
const DAY = 86_400;
const BOND = 10n ** 17n;
const secret = (name: string): Hex => keccak256(toHex(`bench ${name}`));

/** A committee of 31 over a feed of four devices: together, with members absent, one by one, and what a lie costs. */
export async function benchAttestedFeed(bench: Bench): Promise<void> {
  const { viem } = bench.connection;
  const [wallet] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (wallet === undefined) throw new Error("the chain has no funded account");
  const authority = await viem.deployContract("AccessManager", [wallet.account.address]);
  const sensors = await viem.deployContract("SensorFeeds", [authority.address, DAY]);
  const { address } = await viem.deployContract("AttestedFeed", [authority.address, sensors.address, DAY, DAY]);
  const devices = [0, 1, 2, 3].map((i) => accountSensor(privateKeyToAccount(secret(`device ${i}`))));
  const description: FeedDescription = {
    name: "Rain, committee",
    unit: "0.1 mm",
    decimals: 1,
    minPlausible: 0n,
    maxPlausible: 5_000n,
    heartbeat: 2 * DAY,
    deviationBps: 100,
    historySize: 2,
  };
  const keys = devices.map(({ key }) => key);
  await createFeed(wallet, { address: sensors.address, description, keys, quorum: 3 });
  const feed = feedIdOf(description);
  const context = { chainId: client.chain.id, address, feed, epoch: 1 };
  await openAttestedFeed(wallet, { address, feed, terms: { tolerance: 10n, bond: BOND } });
  const members = Array.from({ length: MEMBERS }, (_, i) => committeeSigner(secret(`member ${i}`)));
  let random = 0;
  // Fixed, so that the gas of the signatures' bytes comes out the same in every run.
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(++random % 256);
  for (const [i, member] of members.entries()) {
    const proof = member.provePossession(context, wallet.account.address, bytes);
    const hash = await enrolMember(wallet, { address, feed, key: member.key, proof, bond: BOND });
    if (i === MEMBERS - 1) await bench.recordGas("insurance.attestedFeed.enrol", hash);
  }
  const committee = members.map(({ key }) => key);
  const scheduled = await scheduleCommittee(wallet, { address, feed, keys: committee, quorum: QUORUM });
  await bench.recordGas("insurance.attestedFeed.schedule.31", scheduled);
  await activateCommittee(wallet, { address, feed });

  const observe = async (round: number, value: bigint): Promise<CommitteeAttestation> => {
    const observedAt = Number((await client.getBlock()).timestamp);
    return { round, observedAt, value };
  };
  const together = (attestation: CommitteeAttestation, absent: number): CommitteeReport => {
    const present = [...members.entries()].filter(([i]) => i % 7 !== 3 || i / 7 >= absent);
    const nonces = new Map(present.map(([i, member]) => [i, member.createNonce(bytes)] as const));
    const commitments = new Map([...nonces].map(([i, { commitment }]) => [i, commitment] as const));
    const session = createCosigningSession(committee, hashAttestation(context, attestation), commitments);
    if (session.absent.length !== absent) throw new Error(`${session.absent.length} members are absent`);
    const parts = new Map(
      present.map(([i, member]) => [
        i,
        member.cosign(session, nonces.get(i) as NonNullable<ReturnType<typeof nonces.get>>),
      ]),
    );
    return encodeAttestation(context, attestation, session, combinePartials(session, parts));
  };
  const submit = async (round: number, absent: number): Promise<Hex> =>
    submitAttestation(wallet, { address, report: together(await observe(round, BigInt(100 + round)), absent) });

  await submit(1, 0);
  await submit(2, 0);
  await bench.recordGas("insurance.attestedFeed.report", await submit(3, 0));
  await bench.recordGas("insurance.attestedFeed.report.1absent", await submit(4, 1));
  await bench.recordGas("insurance.attestedFeed.report.4absent", await submit(5, 4));

  const attestation = await observe(6, 150n);
  const digest = hashAttestation(context, attestation);
  const endorsements = new Map<number, Hex>();
  for (const [i, member] of members.entries()) endorsements.set(i, await member.endorse(digest));
  const fallback = encodeEndorsements(context, attestation, QUORUM, endorsements);
  await bench.recordGas(
    "insurance.attestedFeed.report.ecdsa.21of31",
    await submitAttestation(wallet, { address, report: fallback }),
  );

  const lie = together(await observe(7, 400n), 4);
  const device = { chainId: client.chain.id, address: sensors.address, feed, epoch: 1 };
  const readings = await Promise.all(
    devices.map((signer, i) =>
      signReading(device, signer, i, { round: 7, observedAt: lie.observedAt, value: 100n + BigInt(i) }),
    ),
  );
  const proof = await proveContradiction(wallet, {
    address,
    version: 2,
    attestation: lie,
    readings: assembleReport(device, 3, readings),
  });
  await bench.recordGas("insurance.attestedFeed.contradiction.31", proof);
}
