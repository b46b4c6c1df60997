import { readFileSync } from "node:fs";
import { join } from "node:path";
import { attestedFeedAbi } from "@publica/sdk/abi";
import {
  activateCommittee,
  type CommitteeSigner,
  createFeed,
  enrolMember,
  type FeedContext,
  type FeedDescription,
  feedIdOf,
  openAttestedFeed,
  readFeedSensors,
  scheduleCommittee,
  type SensorKey,
  tryReadFeed,
} from "@publica/sdk/foundation";
import { type Abi, type Address, createPublicClient, createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { type OracleConfig, oracleConfigSchema } from "../../src/oracle/config.ts";
import type { VirtualDevice } from "../../src/oracle/simulate.ts";
import { type Anvil, RICH_KEY, SECOND_KEY } from "./anvil.ts";

const ARTIFACTS = join(import.meta.dirname, "..", "..", "..", "..", "artifacts");

/** Keys of the development chain's accounts, for operators. */
export const OPERATOR_KEYS: readonly Hex[] = [
  RICH_KEY,
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
  "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];

export interface FeedFixture {
  readonly context: FeedContext;
  readonly description: FeedDescription;
  sensors(): Promise<readonly (SensorKey | undefined)[]>;
  latest(): Promise<{ round: number; value: bigint; observedAt: number } | undefined>;
  /** Opens the feed's committee lane with these members in force. */
  serve(members: readonly CommitteeSigner[], quorum: number): Promise<CommitteeFixture>;
}

export interface CommitteeFixture {
  readonly address: Address;
  latest(): Promise<{ round: number; value: bigint; observedAt: number } | undefined>;
  /** Bitmaps of who signed, report by report. */
  signers(): Promise<readonly bigint[]>;
}

/** Deploys SensorFeeds and makes one feed of the fleet's keys. */
export async function deployFeed(
  anvil: Anvil,
  keys: readonly SensorKey[],
  quorum: number,
  description: Partial<FeedDescription> = {},
): Promise<FeedFixture> {
  const account = privateKeyToAccount(SECOND_KEY);
  const transport = http(anvil.url, { retryCount: 0, timeout: 120_000 });
  const wallet = createWalletClient({ account, chain: foundry, transport });
  const client = createPublicClient({ chain: foundry, transport, pollingInterval: 20 });
  const deploy = async (path: string, args: unknown[]): Promise<Address> => {
    const { abi, bytecode } = JSON.parse(readFileSync(join(ARTIFACTS, path), "utf8")) as { abi: Abi; bytecode: Hex };
    const hash = await wallet.deployContract({ abi, bytecode, args });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash });
    if (!contractAddress) throw new Error(`${path} was not deployed`);
    return contractAddress;
  };
  const manager = await deploy("@openzeppelin/contracts/access/manager/AccessManager.sol/AccessManager.json", [
    account.address,
  ]);
  const address = await deploy("contracts/foundation/SensorFeeds.sol/SensorFeeds.json", [manager, 3600]);
  const full: FeedDescription = {
    name: "Rain, test field",
    unit: "0.1 mm",
    decimals: 1,
    minPlausible: 0n,
    maxPlausible: 5_000n,
    heartbeat: 20,
    deviationBps: 1_000,
    historySize: 256,
    ...description,
  };
  const hash = await createFeed(wallet, { address, description: full, keys, quorum });
  await client.waitForTransactionReceipt({ hash });
  const feed = feedIdOf(full);
  return {
    context: { chainId: anvil.chainId, address, feed, epoch: 1 },
    description: full,
    sensors: async () => (await readFeedSensors(client, { address, feed })).inForce,
    latest: async () => (await tryReadFeed(client, { address, feed })).round,
    async serve(members, quorum) {
      const committee = await deploy("contracts/foundation/AttestedFeed.sol/AttestedFeed.json", [
        manager,
        address,
        3600,
        3600,
      ]);
      const settle = async (sent: Promise<Hex>) => client.waitForTransactionReceipt({ hash: await sent });
      const terms = { tolerance: 20n, bond: 1_000n };
      await settle(openAttestedFeed(wallet, { address: committee, feed, terms }));
      const context = { chainId: anvil.chainId, address: committee, feed };
      for (const { key, provePossession } of members) {
        const proof = provePossession(context, account.address);
        await settle(enrolMember(wallet, { address: committee, feed, key, proof, bond: terms.bond }));
      }
      const keys = members.map(({ key }) => key);
      await settle(scheduleCommittee(wallet, { address: committee, feed, keys, quorum }));
      await settle(activateCommittee(wallet, { address: committee, feed }));
      return {
        address: committee,
        latest: async () => (await tryReadFeed(client, { address: committee, feed })).round,
        signers: async () =>
          (
            await client.getContractEvents({
              address: committee,
              abi: attestedFeedAbi,
              eventName: "AttestedReported",
              fromBlock: 0n,
              strict: true,
            })
          ).map(({ args }) => args.signers),
      };
    },
  };
}

/** A node's configuration for tests: loopback, free ports, quick. */
export function nodeConfig(
  fixture: FeedFixture,
  urls: readonly string[],
  database: string,
  extra: { key?: string; feed?: object; chain?: object } & Partial<Record<keyof OracleConfig, unknown>> = {},
): OracleConfig {
  const { key = "PUBLICA_TEST_KEY", feed, chain, ...rest } = extra;
  return oracleConfigSchema.parse({
    chain: {
      id: fixture.context.chainId,
      rpc: urls,
      sensorFeeds: fixture.context.address,
      finality: 2,
      poll: 0.2,
      fees: { bumpAfter: 2, dayBudgetEther: 10 },
      ...chain,
    },
    key: { environment: key },
    database,
    http: { port: 0 },
    mqtt: { embedded: { port: 0 } },
    feeds: [
      {
        id: fixture.context.feed,
        name: "rain",
        measurement: "rain",
        unit: "mm",
        round: 1,
        grace: 0.3,
        ...feed,
      },
    ],
    stagger: 1,
    ...rest,
  });
}

export const sensorIndex = (fleet: readonly VirtualDevice[]) => (device: VirtualDevice) => fleet.indexOf(device);

/** Waits for a thing to become so. The limit is against hanging only, far above what a busy machine needs. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  ms = 300_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
