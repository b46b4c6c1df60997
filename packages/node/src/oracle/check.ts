import { attestedFeedAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import {
  type CommitteeConfig,
  type CommitteeKey,
  type CommitteeMember,
  committeeMember,
  committeeSigner,
  type FeedConfig,
  type SensorKey,
} from "@publica/sdk/foundation";
import { existsSync, statSync } from "node:fs";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  bytesToHex,
  decodeFunctionResult,
  encodeFunctionData,
  formatEther,
  type Hex,
  hexToBigInt,
  hexToBytes,
  hexToNumber,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { openDatabase } from "../runtime/database.ts";
import { openSigner, readPrivateKey } from "../runtime/keys.ts";
import { reasonOf } from "../runtime/problem.ts";
import { createRpc, isHex, isQuantity, type Rpc } from "../runtime/rpc.ts";
import type { OracleConfig } from "./config.ts";
import { deviceIdOf, openDeviceKey } from "./envelope.ts";
import { rowsKey } from "./ingest/replay.ts";
import { feePolicyOf } from "./node.ts";
import { localDevice } from "./registry.ts";

/** One line of `publica-node check`. */
export interface Finding {
  readonly what: string;
  readonly fine: boolean;
  readonly detail: string;
}

const MAX_CLOCK_SKEW_S = 60;
const isBlock = (value: unknown): value is { timestamp: Hex; number: Hex } =>
  typeof value === "object" && value !== null && isQuantity((value as { timestamp?: unknown }).timestamp);

/** Looks at everything a node needs before it runs: endpoints, clock, money, key, registration, file. Changes nothing. */
export async function checkNode(config: OracleConfig, now = Date.now): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (what: string, work: () => Promise<string> | string): Promise<void> => {
    try {
      findings.push({ what, fine: true, detail: await work() });
    } catch (error) {
      findings.push({ what, fine: false, detail: reasonOf(error) });
    }
  };
  const connect = (urls: readonly string[]): Rpc => createRpc({ urls, chainId: config.chain.id, timeoutMs: 5_000 });
  const rpc = connect(config.chain.rpc);

  for (const url of config.chain.rpc) {
    await look(`endpoint ${new URL(url).host}`, async () => {
      const block = await connect([url]).request("eth_getBlockByNumber", ["latest", false], isBlock);
      return `chain ${config.chain.id}, block ${hexToNumber(block.number)}`;
    });
  }
  await look("clock", async () => {
    const block = await rpc.request("eth_getBlockByNumber", ["latest", false], isBlock);
    const skew = Math.round(now() / 1_000 - hexToNumber(block.timestamp));
    if (skew < -MAX_CLOCK_SKEW_S) throw new Error(`${-skew} s behind the chain; set the time (NTP)`);
    return skew > MAX_CLOCK_SKEW_S ? `the latest block is ${skew} s old` : "agrees with the chain";
  });
  await look("account", async () => {
    const { address } = openSigner(config.key);
    const balance = hexToBigInt(await rpc.request("eth_getBalance", [address, "latest"], isQuantity));
    const budget = feePolicyOf(config.chain.fees).dayBudget;
    if (balance < budget)
      throw new Error(`${address} has ${formatEther(balance)}, less than a day's budget of ${formatEther(budget)}`);
    return `${address} has ${formatEther(balance)}`;
  });
  await look("database", () => {
    if (!existsSync(config.database)) return `${config.database} will be made`;
    openDatabase(config.database, [], { readOnly: true }).close();
    return `${config.database} is sound`;
  });
  /** Devices whose messages would be taken. */
  const devices = new Set<string>();
  for (const settings of config.feeds) {
    for (const { curve, publicKey } of settings.own?.devices ?? [])
      devices.add(localDevice(curve, publicKey as Hex).id);
    await look(`feed ${settings.name}`, async () => {
      const read = async <T>(functionName: "configOf" | "sensorsOf"): Promise<T> => {
        const data = encodeFunctionData({ abi: sensorFeedsAbi, functionName, args: [settings.id as Hex] });
        const answer = await rpc.request("eth_call", [{ to: config.chain.sensorFeeds, data }, "latest"], isHex);
        if (answer === "0x") throw new Error(`there is no contract at ${config.chain.sensorFeeds}`);
        return decodeFunctionResult({ abi: sensorFeedsAbi, functionName, data: answer }) as T;
      };
      const { epoch, quorum, sensors, heartbeat } = await read<FeedConfig>("configOf");
      if (epoch === 0) throw new Error(`there is no feed ${settings.id}`);
      if (2 * settings.round > heartbeat)
        throw new Error(`rounds of ${settings.round} s cannot keep a heartbeat of ${heartbeat} s`);
      const keys = await read<SensorKey[]>("sensorsOf");
      for (const key of keys) devices.add(deviceIdOf(key));
      if (settings.own !== undefined) {
        const id = ownId(settings.own);
        if (!keys.some((key) => deviceIdOf(key) === id)) throw new Error(`this node's sensor ${id} is not registered`);
      }
      return `epoch ${epoch}, ${quorum} of ${sensors} sensors, heartbeat ${heartbeat} s`;
    });
    const { committee } = settings;
    if (committee === undefined) continue;
    await look(`committee of ${settings.name}`, async () => {
      if ("remote" in committee.key) throw new Error("a member's key cannot be a remote transaction signer");
      const { member } = committeeSigner(readPrivateKey(committee.key));
      const ask = async <T>(functionName: "configOf" | "committeeOf" | "memberOf", more: readonly unknown[]) => {
        const call = { abi: attestedFeedAbi, functionName, args: [settings.id, ...more] };
        const data = encodeFunctionData(call as Parameters<typeof encodeFunctionData>[0]);
        const answer = await rpc.request("eth_call", [{ to: config.chain.attestedFeed, data }, "latest"], isHex);
        if (answer === "0x") throw new Error(`there is no contract at ${config.chain.attestedFeed}`);
        return decodeFunctionResult({ abi: attestedFeedAbi, functionName, data: answer }) as T;
      };
      const { epoch, quorum, version } = await ask<CommitteeConfig>("configOf", []);
      if (epoch === 0) throw new Error("there is no committee yet");
      const keys = await ask<CommitteeKey[]>("committeeOf", [version]);
      if (!keys.some((key) => key.x !== 0n && committeeMember(key) === member))
        throw new Error(`this node's member ${member} does not serve; have it enrolled and scheduled`);
      const { bond } = await ask<CommitteeMember>("memberOf", [member]);
      return `epoch ${epoch}, ${quorum} of ${keys.length} members, a bond of ${formatEther(bond)}`;
    });
  }
  for (const { file, rows } of config.replay) {
    await look(`recording ${file}`, () => {
      if (!statSync(file).isFile()) throw new Error("is not a file");
      if (rows === undefined) return "is there";
      const { id, privateKey } = rowsKey(rows);
      if (devices.has(id)) return `by device ${id}`;
      const publicKey = publicKeyOf(rows.curve, privateKey);
      throw new Error(
        `device ${id} belongs to no feed; list { curve: ${rows.curve}, publicKey: "${publicKey}" } under feeds.own.devices`,
      );
    });
  }
  for (const { url } of config.peers) {
    await look(`peer ${new URL(url).host}`, async () => {
      const response = await fetch(new URL("/healthz", url), { signal: AbortSignal.timeout(5_000) });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      return "answers";
    });
  }
  return findings;
}

function publicKeyOf(curve: "secp256k1" | "p256", privateKey: Hex): Hex {
  return bytesToHex((curve === "p256" ? p256 : secp256k1).getPublicKey(hexToBytes(privateKey)));
}

function ownId({ key, curve }: NonNullable<OracleConfig["feeds"][number]["own"]>): string {
  if ("remote" in key) throw new Error("a feed's own key cannot be a remote transaction signer");
  const privateKey = readPrivateKey(key);
  return curve === "p256"
    ? openDeviceKey("ES256", privateKey).id
    : privateKeyToAccount(privateKey).address.toLowerCase();
}
