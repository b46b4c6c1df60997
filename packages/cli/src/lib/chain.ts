import { BaseError, createPublicClient, defineChain, http, type PublicClient } from "viem";
import { CliError } from "./errors.ts";

/** An endpoint that answered. */
export interface Connection {
  readonly client: PublicClient;
  readonly chainId: number;
  /** The endpoint as it may be shown: its path and user can hold a key. */
  readonly endpoint: string;
}

/** The endpoint without what could be a secret. */
export function shownUrl(rpc: string): string {
  const url = new URL(rpc);
  return `${url.protocol}//${url.host}${url.pathname === "/" && url.search === "" ? "" : "/…"}`;
}

/** Connects to an endpoint and asks it which chain it is. */
export async function connect(rpc: string): Promise<Connection> {
  const transport = http(rpc, { batch: true, timeout: 15_000, retryCount: 1 });
  const probe = createPublicClient({ transport });
  const endpoint = shownUrl(rpc);
  let chainId: number;
  try {
    chainId = await probe.getChainId();
  } catch (error) {
    throw new CliError(
      `${endpoint} does not answer (${requestFailure(error)})`,
      "Start a chain with npm run dev, or name another endpoint with --rpc or PUBLICA_RPC_URL.",
    );
  }
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  return { client: createPublicClient({ chain, transport, pollingInterval: 200 }), chainId, endpoint };
}

/** Why a request failed, in the node's or the network's own words but without the address of the endpoint. */
export function requestFailure(error: unknown): string {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && !chain.includes(cause); cause = cause.cause) chain.push(cause);
  const deepest = chain.at(-1);
  const isNetwork = chain.some(({ message }) => message === "fetch failed");
  const code = (deepest as { code?: unknown } | undefined)?.code;
  const own = isNetwork ? (typeof code === "string" ? code : deepest?.message) : undefined;
  const words = own ?? (error instanceof BaseError ? error.details || error.shortMessage : String(error));
  return withoutUrls(words.split("\n")[0] ?? "");
}

/** The same words with every endpoint shortened to what may be shown. */
export function withoutUrls(words: string): string {
  return words.replaceAll(/https?:\/\/[^\s"']+/g, (url) => (URL.canParse(url) ? shownUrl(url) : "the endpoint"));
}
