import { arch, cpus, freemem, platform, release, totalmem } from "node:os";
import { type Address, formatEther, type Hex, keccak256 } from "viem";
import { connect, type Connection, requestFailure, shownUrl } from "./chain.ts";
import { findDeployment, type FoundDeployment } from "./deployment.ts";
import { CliError } from "./errors.ts";
import type { Io } from "./io.ts";
import { duration } from "./text.ts";

export type Verdict = "ok" | "warning" | "problem";

/** One thing that was looked at. */
export interface Check {
  readonly what: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** How to mend it; only where something is to be mended. */
  readonly mend?: string;
}

export interface DoctorOptions {
  readonly rpc: string;
  readonly deployment: string | undefined;
  readonly account: Address | undefined;
  /** The machine's clock, unix seconds. */
  readonly now: number;
}

const GIB = 2 ** 30;
/** Chains and machines may differ by this many seconds without harm to any deadline of the suite. */
const CLOCK_TOLERANCE = 60;
/** A chain without a block for this long stands still, or makes blocks on demand only. */
const STILL = 600;

/** A signature of P-256 test vectors (RFC 6979 A.2.5, SHA-256, "sample"), as EIP-7951 takes it. */
const P256_VECTOR: Hex =
  "0xaf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bfefd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda860fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const P256_PRECOMPILE: Address = "0x0000000000000000000000000000000000000100";

/** Looks at everything a session with the suite rests on, from the machine to the code on chain. */
export async function examine(io: Io, options: DoctorOptions): Promise<Check[]> {
  const checks: Check[] = [machine(), node()];
  let connection: Connection;
  try {
    connection = await connect(options.rpc);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [...checks, { what: "endpoint", verdict: "problem", found: error.message, mend: error.remedy }];
  }
  checks.push({
    what: "endpoint",
    verdict: "ok",
    found: `${shownUrl(options.rpc)} answers${await clientName(connection)}`,
  });

  let found: FoundDeployment | undefined;
  let chain: Check = { what: "chain id", verdict: "ok", found: String(connection.chainId) };
  try {
    found = findDeployment(io, connection.chainId, options.deployment);
    if (found !== undefined) chain = { ...chain, found: `${connection.chainId}, as in ${found.path}` };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const mend = "remedy" in error ? String(error.remedy) : "Name another addresses file with --deployment.";
    chain = { ...chain, verdict: "problem", found: error.message, mend };
  }
  checks.push(chain, await clock(connection, options.now), await p256(connection));
  if (options.account !== undefined) checks.push(...(await account(connection, options.account)));
  else {
    checks.push({
      what: "account",
      verdict: "warning",
      found: "none was named, so its balance was not looked at",
      mend: "Name it with --account to have it looked at.",
    });
  }
  checks.push(...(await deployment(connection, found, chain.verdict === "problem")));
  return checks;
}

function machine(): Check {
  const memory = totalmem() / GIB;
  const found = `${platform()} ${release()} ${arch()}, ${cpus().length} cores, ${memory.toFixed(1)} GiB of memory (${(freemem() / GIB).toFixed(1)} free)`;
  if (memory >= 3.5) return { what: "machine", verdict: "ok", found };
  return {
    what: "machine",
    verdict: "warning",
    found,
    mend: "Building the contracts takes up to 4 GiB; add memory or swap.",
  };
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const check = { what: "Node", found: process.versions.node };
  if (major > 22 || (major === 22 && minor >= 18)) return { ...check, verdict: "ok" };
  return { ...check, verdict: "problem", mend: "Install Node 24 from https://nodejs.org." };
}

async function clientName({ client }: Connection): Promise<string> {
  const version: unknown = await client
    .request<{ Method: "web3_clientVersion"; Parameters?: undefined; ReturnType: string }>({
      method: "web3_clientVersion",
    })
    .catch(() => undefined);
  return typeof version === "string" ? ` (${version.split("/").slice(0, 2).join(" ")})` : "";
}

/** Deadlines are the chain's time, people read their machine's. */
async function clock({ client }: Connection, now: number): Promise<Check> {
  const { number, timestamp } = await client.getBlock();
  const skew = Number(timestamp) - now;
  const check = {
    what: "clock",
    found: `block ${number} is ${duration(skew)} ${skew > 0 ? "ahead of" : "behind"} this machine`,
  };
  if (Math.abs(skew) <= CLOCK_TOLERANCE) return { ...check, verdict: "ok" };
  if (skew > 0) {
    return {
      ...check,
      verdict: "warning",
      mend: "Set this machine's clock (timedatectl set-ntp true). A development chain whose time was moved stays ahead: count deadlines in its time.",
    };
  }
  if (-skew <= STILL) return { ...check, verdict: "ok" };
  return {
    ...check,
    verdict: "warning",
    mend: "Either the chain makes blocks on demand only (a development chain does), or the node has stopped syncing: ask it, or use another endpoint with --rpc.",
  };
}

async function p256({ client }: Connection): Promise<Check> {
  const what = "P-256 precompile";
  try {
    const { data } = await client.call({ to: P256_PRECOMPILE, data: P256_VECTOR });
    if (data !== undefined && BigInt(data) === 1n) return { what, verdict: "ok", found: "present at 0x100" };
    return {
      what,
      verdict: "warning",
      found: "absent: sensors with P-256 keys are verified in Solidity, about 200,000 gas each",
      mend: "Nothing is wrong; sensors with secp256k1 keys are cheaper on this chain.",
    };
  } catch (error) {
    return {
      what,
      verdict: "warning",
      found: `the endpoint refuses to try it (${requestFailure(error)})`,
      mend: "Ask for eth_call to be allowed, or use another endpoint with --rpc.",
    };
  }
}

async function account({ client, chainId }: Connection, address: Address): Promise<Check[]> {
  const [balance, mined, pending] = await Promise.all([
    client.getBalance({ address }),
    client.getTransactionCount({ address }),
    client.getTransactionCount({ address, blockTag: "pending" }),
  ]);
  const checks: Check[] = [
    balance > 0n
      ? { what: "balance", verdict: "ok", found: `${address} has ${formatEther(balance)} ETH` }
      : {
          what: "balance",
          verdict: "problem",
          found: `${address} has nothing on chain ${chainId}`,
          mend: "Send it some, or name an account that has some.",
        },
  ];
  if (pending > mined) {
    checks.push({
      what: "account",
      verdict: "warning",
      found: `${pending - mined} of its transactions wait to be mined`,
      mend: "Wait for them, or replace them with the same nonce and a higher fee.",
    });
  } else checks.push({ what: "account", verdict: "ok", found: `${mined} transactions sent, none waits` });
  return checks;
}

async function deployment(
  { client, chainId }: Connection,
  found: FoundDeployment | undefined,
  refused: boolean,
): Promise<Check[]> {
  if (refused) return [];
  if (found === undefined) {
    return [
      {
        what: "deployment",
        verdict: "warning",
        found: `none is recorded for chain ${chainId}`,
        mend: "Deploy with publica deploy --network NAME, or name the addresses with --deployment.",
      },
    ];
  }
  const entries = Object.entries(found.deployment.contracts);
  const bad = await Promise.all(
    entries.map(async ([name, { address, codeHash }]) => {
      const code = await client.getCode({ address });
      if (code === undefined) return [`${name} is not at ${address}`];
      return keccak256(code) === codeHash ? [] : [`${name} at ${address} has another code than recorded`];
    }),
  );
  const wrong = bad.flat();
  if (wrong.length === 0) {
    return [
      {
        what: "deployment",
        verdict: "ok",
        found: `${entries.length} contracts of ${found.path}, all with the recorded code`,
      },
    ];
  }
  const problem = { what: "deployment", verdict: "problem" } as const;
  const mend =
    "The chain was started anew, or the file is another chain's: deploy again, or name the right file with --deployment.";
  if (wrong.length === entries.length && wrong.length > 1)
    return [{ ...problem, found: `none of the ${wrong.length} contracts of ${found.path} is on this chain`, mend }];
  return wrong.map((text, index) => ({ ...problem, found: text, ...(index === wrong.length - 1 ? { mend } : {}) }));
}
