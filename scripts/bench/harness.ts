import { createRequire } from "node:module";
import hre from "hardhat";
import type { Abi, Address, Hash, Hex } from "viem";

/** One figure. `id` is stable: issues, budgets and dashboards refer to it. */
export interface Row {
  readonly id: string;
  readonly value: number;
  readonly unit: "gas" | "ms" | "1/s" | "B" | "MiB" | "s";
  /** How many items the figure was averaged over. */
  readonly n?: number;
  /** Set when the figure is another project's, measured in this very run. */
  readonly peer?: string;
}

/** One area's figures: `budgets` are upper bounds by id, `floors` lower bounds of speeds, `run` measures. */
export interface Area {
  readonly name: string;
  readonly budgets: Readonly<Record<string, number>>;
  readonly floors?: Readonly<Record<string, number>>;
  run(bench: Bench): Promise<void>;
}

type Connection = Awaited<ReturnType<typeof hre.network.create>>;

/** What an area measures with: a fresh in-process chain holding the production build. */
export interface Bench {
  readonly connection: Connection;
  /** Gas the mined transaction used, by its hash; throws when it reverted. */
  gasUsed(hash: Hash): Promise<number>;
  record(row: Row): void;
  /** Records `gas / n` of one transaction. */
  recordGas(id: string, hash: Hash, n?: number, peer?: string): Promise<number>;
}

/** Every bench begins at the same moment, so that signatures, and with them the gas of their bytes, come out the same. */
const BENCH_DATE = "2030-01-01T00:00:00Z";

/** Lets the chain's time pass by one second a block and by what is asked for, never by the time the bench itself takes. */
function stopClock(provider: Connection["provider"]): void {
  const request = provider.request.bind(provider);
  let chosen = false;
  const choose = async (seconds: number): Promise<void> => {
    const { timestamp } = (await request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
      timestamp: Hex;
    };
    await request({ method: "evm_setNextBlockTimestamp", params: [Number(timestamp) + seconds] });
    chosen = true;
  };
  provider.request = (async (args: { method: string; params?: readonly unknown[] }) => {
    if (args.method === "evm_increaseTime") {
      await choose(Number(args.params?.[0]));
      return args.params?.[0];
    }
    if (args.method === "evm_setNextBlockTimestamp") chosen = true;
    if (/^(eth_send(Raw)?Transaction|evm_mine)$/.test(args.method)) {
      if (!chosen && !(args.method === "evm_mine" && (args.params?.length ?? 0) > 0)) await choose(1);
      chosen = false;
    }
    return request(args);
  }) as typeof provider.request;
}

export async function createBench(record: (row: Row) => void): Promise<Bench> {
  const connection = await hre.network.create({ network: "default", override: { initialDate: BENCH_DATE } });
  stopClock(connection.provider);
  const client = await connection.viem.getPublicClient();
  const gasUsed = async (hash: Hash): Promise<number> => {
    const receipt = await client.getTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error(`bench transaction ${hash} reverted`);
    return Number(receipt.gasUsed);
  };
  return {
    connection,
    gasUsed,
    record,
    async recordGas(id, hash, n = 1, peer) {
      const value = Math.round((await gasUsed(hash)) / n);
      record({ id, value, unit: "gas", ...(n > 1 ? { n } : {}), ...(peer === undefined ? {} : { peer }) });
      return value;
    },
  };
}

/** Deploys a peer from the artifact JSON inside its npm package. */
export async function deployPeer(
  bench: Bench,
  artifactPath: string,
  args: readonly unknown[],
): Promise<{ address: Address; abi: Abi }> {
  const artifact = createRequire(import.meta.url)(artifactPath) as { abi: Abi; bytecode: Hex };
  const [wallet] = await bench.connection.viem.getWalletClients();
  const client = await bench.connection.viem.getPublicClient();
  if (wallet === undefined) throw new Error("the chain has no funded account");
  const hash = await wallet.deployContract({ abi: artifact.abi, bytecode: artifact.bytecode, args: [...args] });
  const { contractAddress } = await client.getTransactionReceipt({ hash });
  if (!contractAddress) throw new Error(`${artifactPath} was not deployed`);
  return { address: contractAddress, abi: artifact.abi };
}
