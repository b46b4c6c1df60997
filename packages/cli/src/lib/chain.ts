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

/** Why a request failed, without the address of the endpoint. */
export function requestFailure(error: unknown): string {
  if (!(error instanceof BaseError)) return error instanceof Error ? error.message : String(error);
  const root = error.walk();
  const cause = root instanceof Error && root.cause instanceof Error ? root.cause : undefined;
  const words = (cause?.message || error.details || error.shortMessage).split("\n")[0] ?? "";
  return words.replaceAll(/https?:\/\/\S+/g, (url) => (URL.canParse(url) ? shownUrl(url) : "the endpoint"));
}
