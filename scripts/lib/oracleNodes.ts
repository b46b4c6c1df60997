import { type OracleConfig, oracleConfigSchema, type OracleNode, startOracleNode } from "@publica/node/oracle";
import { silentLogger } from "@publica/node/runtime";
import type { FeedContext } from "@publica/sdk";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, createTestClient, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

/** One node of a local demonstration. */
export interface LocalNode {
  readonly name: string;
  readonly account: Address;
  readonly node: OracleNode;
  /** Rounds whose report this node queued. */
  readonly posted: number[];
}

export interface LocalNodesOptions {
  /** JSON-RPC address of a development chain. */
  readonly url: string;
  readonly context: FeedContext;
  readonly count: number;
  readonly roundSeconds: number;
  /** Changes to the configuration's feed and to the whole. */
  readonly feed?: object;
  readonly extra?: object;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  // All at once, so that no port is given twice.
  return Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          const address = server.address();
          server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
        }),
    ),
  );
}

/** Starts nodes that know each other, each with a funded account and a database of its own in a temporary folder. */
export async function startLocalNodes(
  options: LocalNodesOptions,
): Promise<{ nodes: LocalNode[]; close: () => Promise<void> }> {
  const { url, context, count } = options;
  const folder = mkdtempSync(join(tmpdir(), "publica-nodes-"));
  const chain = createTestClient({ mode: "hardhat", transport: http(url) });
  const ports = await freePorts(count);
  const keys = ports.map(() => generatePrivateKey());
  const accounts = keys.map((key) => privateKeyToAccount(key).address);
  const nodes: LocalNode[] = [];
  const close = async (): Promise<void> => {
    for (const { node } of nodes) await node.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const [index, key] of keys.entries()) {
      const account = accounts[index] as Address;
      await chain.setBalance({ address: account, value: parseEther("10") });
      const variable = `PUBLICA_LOCAL_NODE_${index}`;
      process.env[variable] = key;
      const config: OracleConfig = oracleConfigSchema.parse({
        chain: {
          id: context.chainId,
          rpc: [url],
          sensorFeeds: context.address,
          finality: 3,
          poll: 0.5,
          fees: { dayBudgetEther: 5, bumpAfter: 10 },
        },
        key: { environment: variable },
        database: join(folder, `node${index}.db`),
        http: { port: ports[index] },
        mqtt: { embedded: { port: 0 } },
        feeds: [
          {
            id: context.feed,
            name: "rain",
            measurement: "rain",
            unit: "mm",
            round: options.roundSeconds,
            grace: options.roundSeconds / 4,
            ...options.feed,
          },
        ],
        peers: accounts
          .map((peer, i) => ({ url: `http://127.0.0.1:${ports[i]}`, account: peer }))
          .filter((_, i) => i !== index),
        stagger: options.roundSeconds,
        ...options.extra,
      });
      const posted: number[] = [];
      const node = await startOracleNode(config, {
        log: silentLogger(),
        onPost: (_, { round }) => posted.push(round),
      });
      nodes.push({ name: `node ${index + 1}`, account, node, posted });
      delete process.env[variable];
    }
    return { nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
