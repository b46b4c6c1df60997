import { testTokenAbi } from "@publica/sdk/abi";
import { type Address, type Hex, hexToBigInt, type PublicClient, parseUnits, slice } from "viem";
import { CliError } from "./errors.ts";
import { decimal } from "./text.ts";

/** keccak256("Transfer(address,address,uint256)"), of ERC-20 and ERC-721. */
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

export interface Token {
  readonly address: Address;
  readonly symbol: string;
  /** Undefined for a token that does not say, such as an NFT. */
  readonly decimals: number | undefined;
}

export interface Transfer {
  readonly token: Token;
  readonly from: Address;
  readonly to: Address;
  /** Amount in base units, or the id of the one token. */
  readonly amount?: bigint;
  readonly tokenId?: bigint;
}

/** What a token calls itself; words of its own choice, shortened and without control characters. */
export async function readToken(client: PublicClient, address: Address): Promise<Token> {
  const call = { address, abi: testTokenAbi } as const;
  const [symbol, decimals] = await Promise.all([
    client.readContract({ ...call, functionName: "symbol" }).catch(() => ""),
    client.readContract({ ...call, functionName: "decimals" }).catch(() => undefined),
  ]);
  const clean = symbol.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "").slice(0, 16);
  return { address, symbol: clean || "?", decimals };
}

/** The token movements among the logs of a transaction. */
export async function transfersIn(
  client: PublicClient,
  logs: readonly { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex }[],
): Promise<Transfer[]> {
  const moves = logs.filter(
    ({ topics, data }) =>
      topics[0] === TRANSFER && (topics.length === 4 || (topics.length === 3 && data.length === 66)),
  );
  const addresses = [...new Set(moves.map(({ address }) => address))];
  const tokens = new Map(
    await Promise.all(addresses.map(async (address) => [address, await readToken(client, address)] as const)),
  );
  return moves.flatMap(({ address, topics, data }) => {
    const [, from, to, id] = topics;
    const token = tokens.get(address);
    if (from === undefined || to === undefined || token === undefined) return [];
    const parties = { token, from: slice(from, 12) as Address, to: slice(to, 12) as Address };
    return [id === undefined ? { ...parties, amount: hexToBigInt(data) } : { ...parties, tokenId: hexToBigInt(id) }];
  });
}

/** `1,250.5 PLAY`. */
export function money(amount: bigint, token: Token): string {
  return `${decimal(amount, token.decimals ?? 0)} ${token.symbol}`;
}

/** Base units of an amount as people write it. */
export function toBaseUnits(amount: string, token: Token): bigint {
  const decimals = token.decimals ?? 0;
  if ((amount.split(".")[1]?.length ?? 0) > decimals) {
    throw new CliError(
      `${amount} has more decimal places than ${token.symbol}, which has ${decimals}`,
      "Round the amount yourself; nothing is rounded for you.",
    );
  }
  return parseUnits(amount, decimals);
}
