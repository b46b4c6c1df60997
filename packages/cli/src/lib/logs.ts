import { type Address, type Hex, numberToHex, type PublicClient } from "viem";
import { requestFailure } from "./chain.ts";
import { CliError } from "./errors.ts";

export interface FoundLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly block: number;
  readonly index: number;
  readonly transaction: Hex;
}

export interface LogQuery {
  readonly address: Address | readonly Address[];
  readonly topics?: readonly (Hex | null)[];
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
}

interface RpcLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly logIndex: Hex;
  readonly transactionHash: Hex;
}

/** Public endpoints refuse wide ranges; below this many blocks a refusal is taken at its word. */
const SMALLEST_RANGE = 500n;

/** Events of a range of blocks; the range is halved where the endpoint finds it too wide. */
export async function findLogs(client: PublicClient, query: LogQuery): Promise<FoundLog[]> {
  const { address, topics = [], fromBlock, toBlock } = query;
  if (fromBlock > toBlock) return [];
  try {
    const logs = (await client.request({
      method: "eth_getLogs",
      params: [
        {
          address: typeof address === "string" ? address : [...address],
          topics: [...topics],
          fromBlock: numberToHex(fromBlock),
          toBlock: numberToHex(toBlock),
        },
      ],
    })) as readonly RpcLog[];
    return logs.map((log) => ({
      address: log.address,
      topics: log.topics,
      data: log.data,
      block: Number(log.blockNumber),
      index: Number(log.logIndex),
      transaction: log.transactionHash,
    }));
  } catch (error) {
    const span = toBlock - fromBlock + 1n;
    if (span <= SMALLEST_RANGE) {
      throw new CliError(
        `the endpoint does not give the events of blocks ${fromBlock} to ${toBlock} (${requestFailure(error)})`,
        "Ask for fewer blocks with --blocks, or use an endpoint that keeps these blocks.",
      );
    }
    const middle = fromBlock + span / 2n;
    const first = await findLogs(client, { ...query, toBlock: middle - 1n });
    return [...first, ...(await findLogs(client, { ...query, fromBlock: middle }))];
  }
}
