import { type Address, encodeFunctionData, type Hex, keccak256, parseAbi, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  accountSensor,
  assembleReport,
  createFeed,
  type FeedDescription,
  feedIdOf,
  p256Sensor,
  type SensorSigner,
  signReading,
  submitReport,
} from "@publica/sdk";
import type { Bench } from "../harness.ts";

/** Upper bounds of the feeds' figures, in gas. */
export const feedBudgets: Readonly<Record<string, number>> = {
  "foundation.feed.report.3of4": 54_000,
  "foundation.feed.report.5of7": 64_000,
  "foundation.feed.report.9of13": 84_000,
  "foundation.feed.report.21of31": 145_000,
  "foundation.feed.report.3of4.p256": 66_000,
  "foundation.feed.report.9of13.p256": 120_000,
  "foundation.feed.read": 5_300,
};

const SIZES = [
  [3, 4],
  [5, 7],
  [9, 13],
  [21, 31],
] as const;
const DAY = 86_400;

const secret = (curve: string, index: number): Hex => keccak256(toHex(`bench ${curve} ${index}`));

/** Reports of every size on both curves, steady: the history has gone round once, so no slot is new. */
export async function benchFeeds(bench: Bench): Promise<void> {
  const { viem } = bench.connection;
  const [wallet] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (wallet === undefined) throw new Error("the chain has no funded account");
  const authority = await viem.deployContract("AccessManager", [wallet.account.address]);
  const feeds = await viem.deployContract("SensorFeeds", [authority.address, DAY]);
  const { address } = feeds;

  const feed = async (name: string, signers: readonly SensorSigner[], quorum: number) => {
    const description: FeedDescription = {
      name,
      unit: "0.1 mm",
      decimals: 1,
      minPlausible: 0n,
      maxPlausible: 5_000n,
      heartbeat: 2 * DAY,
      deviationBps: 100,
      historySize: 2,
    };
    const hash = await createFeed(wallet, { address, description, keys: signers.map(({ key }) => key), quorum });
    const context = { chainId: client.chain.id, address, feed: feedIdOf(description), epoch: 1 };
    const submit = async (round: number): Promise<Hex> => {
      const observedAt = Number((await client.getBlock()).timestamp);
      const readings = await Promise.all(
        signers.map((signer, index) =>
          signReading(context, signer, index, { round, observedAt, value: BigInt(100 + ((index * 7) % 50)) }),
        ),
      );
      const report = assembleReport(context, quorum, readings);
      return submitReport(wallet, { address, report });
    };
    return { id: context.feed, created: hash, submit };
  };

  let last: Hex | undefined;
  for (const [curve, make] of [
    ["secp256k1", (index: number) => accountSensor(privateKeyToAccount(secret("secp256k1", index)))],
    ["p256", (index: number) => p256Sensor(secret("p256", index))],
  ] as const) {
    for (const [quorum, sensors] of SIZES) {
      const size = `${quorum}of${sensors}`;
      const suffix = curve === "p256" ? ".p256" : "";
      const signers = Array.from({ length: sensors }, (_, index) => make(index));
      const { id, created, submit } = await feed(`${curve} ${size}`, signers, quorum);
      await bench.recordGas(`foundation.feed.create.${size}${suffix}`, created);
      await submit(1);
      // The first time around, each report opens a slot of the history.
      const opening = await submit(2);
      if (size === "3of4") await bench.recordGas(`foundation.feed.report.${size}${suffix}.opening`, opening);
      await bench.recordGas(`foundation.feed.report.${size}${suffix}`, await submit(3));
      last = id;
    }
  }
  if (last === undefined) throw new Error("nothing was measured");
  await benchReads(bench, address, last);
}

async function benchReads(bench: Bench, feeds: Address, feed: Hex): Promise<void> {
  const { viem } = bench.connection;
  const meter = await viem.deployContract("CallMeter");
  const abi = parseAbi([
    "function latestRoundData(bytes32 feed) view",
    "function read(bytes32 feed) view",
    "function tryRead(bytes32 feed) view",
    "function readRound(bytes32 feed, uint32 number) view",
  ]);
  const calls = {
    "foundation.feed.read": encodeFunctionData({ abi, functionName: "latestRoundData", args: [feed] }),
    "foundation.feed.read.fresh": encodeFunctionData({ abi, functionName: "read", args: [feed] }),
    "foundation.feed.tryRead": encodeFunctionData({ abi, functionName: "tryRead", args: [feed] }),
    "foundation.feed.readRound": encodeFunctionData({ abi, functionName: "readRound", args: [feed, 3] }),
  };
  for (const [id, data] of Object.entries(calls)) {
    bench.record({ id, value: Number(await meter.read.measure([feeds, data])), unit: "gas" });
  }
}
