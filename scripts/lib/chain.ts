import { createServer } from "node:net";
import hre from "hardhat";
import { createTestClient, custom, type PublicClient } from "viem";

/** The connection Hardhat makes to a network, with Ignition and viem on it. */
export type Connection = Awaited<ReturnType<typeof hre.network.create>>;

export interface LocalChain {
  readonly url: string;
  close(): Promise<void>;
}

/** A wrong endpoint, chain or account: one clear sentence, and what to do. */
export class ChainProblem extends Error {}

const HOST = "127.0.0.1";
const USUAL_PORT = 8545;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

/** Starts an in-process chain that speaks JSON-RPC on loopback, on port 8545 or any free one. */
export async function startLocalChain(): Promise<LocalChain> {
  const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : undefined;
  const server = await hre.network.createServer("default", HOST, port);
  const bound = await server.listen();
  return { url: `http://${HOST}:${bound.port}`, close: () => server.close() };
}

/** Connects Hardhat (Ignition, verification) to the chain behind `url`. */
export function connectLocal(url: string): Promise<Connection> {
  return hre.network.create({ network: "localhost", override: { url } });
}

/** Connects to a network of hardhat.config.ts and makes sure that it answers, is the right chain, and can pay. */
export async function connectNetwork(name: string): Promise<Connection> {
  const known = Object.entries(hre.config.networks).filter(([, config]) => config.type === "http");
  const configured = known.find(([networkName]) => networkName === name)?.[1];
  if (configured === undefined || configured.type !== "http") {
    throw new ChainProblem(`there is no network ${name}; hardhat.config.ts has ${known.map(([n]) => n).join(", ")}`);
  }
  let connection: Connection;
  let chainId: number;
  let accounts: string[];
  try {
    connection = await hre.network.create({ network: name });
    chainId = Number(await connection.provider.request({ method: "eth_chainId" }));
    accounts = (await connection.provider.request({ method: "eth_accounts" })) as string[];
  } catch (error) {
    throw explained(name, error);
  }
  if (configured.chainId !== undefined && configured.chainId !== chainId) {
    throw new ChainProblem(
      `network ${name} should be chain ${configured.chainId}, but the endpoint is chain ${chainId}`,
    );
  }
  const first = accounts[0];
  if (first === undefined) {
    throw new ChainProblem(
      `network ${name} has no account to send from. Add one to its "accounts" in hardhat.config.ts.`,
    );
  }
  const balance = BigInt(
    (await connection.provider.request({ method: "eth_getBalance", params: [first, "latest"] })) as string,
  );
  if (balance === 0n)
    throw new ChainProblem(
      `account ${first} has no funds on ${name} (chain ${chainId}). Send it some, then run again.`,
    );
  return connection;
}

/** What the stories need of a chain beyond viem: a clock they can wait for, and whether it can be moved. */
export interface Clock {
  readonly canTravel: boolean;
  now(): Promise<number>;
  /** Makes the next block's time at least `timestamp`: by travelling where the chain allows it, by waiting elsewhere. */
  advanceTo(timestamp: number): Promise<void>;
}

export async function createClock(client: PublicClient): Promise<Clock> {
  const test = createTestClient({ mode: "hardhat", transport: custom(client) });
  const now = async (): Promise<number> => Number((await client.getBlock()).timestamp);
  // Development chains announce themselves; asking is cheaper than trying to move a real one's time.
  const version = String(await client.request({ method: "web3_clientVersion" }).catch(() => ""));
  const canTravel = /hardhat|anvil|edr/i.test(version);
  return {
    canTravel,
    now,
    async advanceTo(timestamp) {
      const current = await now();
      if (current >= timestamp) return;
      if (canTravel) {
        await test.setNextBlockTimestamp({ timestamp: BigInt(timestamp) });
        await test.mine({ blocks: 1 });
        return;
      }
      while ((await now()) < timestamp) await new Promise((resolve) => setTimeout(resolve, 1_000));
    },
  };
}

/** What went wrong while connecting, in one sentence that never repeats a key. */
function explained(name: string, error: unknown): ChainProblem {
  const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  if (/HHE7\b|configuration variable/i.test(reason)) {
    return new ChainProblem(`${reason} Set it in the environment or with "npx hardhat keystore set NAME".`);
  }
  if (/private key|secp256k1|valid key|bytes|hex/i.test(reason)) {
    return new ChainProblem(
      `the private key configured for network ${name} is not a key: it must be 0x and 64 hex digits`,
    );
  }
  if (/chain ?id/i.test(reason)) return new ChainProblem(`network ${name} is another chain than configured: ${reason}`);
  return new ChainProblem(`network ${name} does not answer (${reason}). Is the endpoint up and its address right?`);
}
