import type { Hex } from "viem";
import { problem, reasonOf } from "./problem.ts";

/** An answer of the chain that says no: `execution reverted`, `nonce too low`. Another endpoint would say the same. */
export class RpcRefusal extends Error {
  override readonly name = "RpcRefusal";
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface RpcOptions {
  readonly urls: readonly string[];
  readonly chainId: number;
  readonly timeoutMs?: number;
  /** An endpoint whose head is more blocks than this behind the best known head is asked last. */
  readonly maxLag?: number;
  /** Milliseconds a failing endpoint rests, doubled up to sixty times this with each further failure. */
  readonly restMs?: number;
  readonly now?: () => number;
  /** Told of each failure of an endpoint, for metrics and logs. */
  readonly onFailure?: (endpoint: string, reason: string) => void;
}

export type Validate<T> = (result: unknown) => result is T;

export interface BroadcastResult {
  /** At least one endpoint has the transaction now. */
  readonly accepted: boolean;
  /** What the endpoints that refused it said. */
  readonly refusals: readonly string[];
}

/** Several JSON-RPC endpoints of one chain, used as one. */
export interface Rpc {
  readonly chainId: number;
  /** The first sound answer, asking healthy and up-to-date endpoints first. */
  request<T>(method: string, params: readonly unknown[], validate: Validate<T>): Promise<T>;
  /** The answers of all endpoints that gave a sound one. */
  all<T>(method: string, params: readonly unknown[], validate: Validate<T>): Promise<T[]>;
  /** Hands a signed transaction to every endpoint. */
  broadcast(raw: Hex): Promise<BroadcastResult>;
  status(): readonly EndpointStatus[];
}

export interface EndpointStatus {
  /** Host only: the path may hold an access token. */
  readonly name: string;
  readonly failures: number;
  readonly resting: boolean;
  readonly head: bigint;
  readonly lastError: string | undefined;
}

interface Endpoint {
  readonly url: string;
  readonly name: string;
  failures: number;
  restUntil: number;
  head: bigint;
  chainChecked: boolean;
  lastError: string | undefined;
}

export const isHex = (value: unknown): value is Hex => typeof value === "string" && /^0x[0-9a-f]*$/i.test(value);
export const isQuantity = (value: unknown): value is Hex =>
  typeof value === "string" && /^0x[0-9a-f]{1,64}$/i.test(value);
export const isHash = (value: unknown): value is Hex => typeof value === "string" && /^0x[0-9a-f]{64}$/i.test(value);

const RATE_LIMITS = new Set([-32005, -32016, -32097, 429]);
const KNOWN_ALREADY = /already known|already imported|known transaction|already exists/i;

/** Makes one client of several endpoints: failover, back-off, chain check, no trust in malformed answers. */
export function createRpc(options: RpcOptions): Rpc {
  const { chainId, timeoutMs = 10_000, maxLag = 5, restMs = 1_000, now = Date.now, onFailure } = options;
  const endpoints: Endpoint[] = options.urls.map((url) => ({
    url,
    name: new URL(url).host,
    failures: 0,
    restUntil: 0,
    head: 0n,
    chainChecked: false,
    lastError: undefined,
  }));
  let requestId = 0;

  const failed = (endpoint: Endpoint, reason: string): void => {
    endpoint.failures += 1;
    endpoint.lastError = reason;
    endpoint.restUntil = now() + restMs * Math.min(60, 2 ** (endpoint.failures - 1));
    onFailure?.(endpoint.name, reason);
  };

  async function post(endpoint: Endpoint, method: string, params: readonly unknown[]): Promise<unknown> {
    const id = ++requestId;
    const response = await fetch(endpoint.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 429) throw new Error("rate limited");
    if (typeof body !== "object" || body === null || !("id" in body) || body.id !== id)
      throw new Error(`malformed answer (HTTP ${response.status})`);
    if ("error" in body && typeof body.error === "object" && body.error !== null) {
      const { code, message, data } = body.error as { code?: number; message?: string; data?: unknown };
      if (RATE_LIMITS.has(Number(code)) || /rate limit|too many requests/i.test(String(message)))
        throw new Error("rate limited");
      throw new RpcRefusal(Number(code ?? 0), String(message ?? "refused"), data);
    }
    if (!("result" in body)) throw new Error("malformed answer (no result)");
    return body.result;
  }

  async function ask<T>(
    endpoint: Endpoint,
    method: string,
    params: readonly unknown[],
    validate: Validate<T>,
  ): Promise<T> {
    try {
      if (!endpoint.chainChecked) {
        const id = await post(endpoint, "eth_chainId", []);
        if (!isQuantity(id) || Number(id) !== chainId)
          throw new Error(`is chain ${isQuantity(id) ? Number(id) : "unknown"}, not ${chainId}`);
        endpoint.chainChecked = true;
      }
      const result = await post(endpoint, method, params);
      if (!validate(result)) throw new Error(`malformed answer to ${method}`);
      if (method === "eth_blockNumber") endpoint.head = BigInt(result as string);
      if (method === "eth_getBlockByNumber" && params[0] === "latest")
        endpoint.head = BigInt((result as { number: string }).number);
      endpoint.failures = 0;
      endpoint.restUntil = 0;
      return result;
    } catch (error) {
      if (error instanceof RpcRefusal) endpoint.failures = endpoint.restUntil = 0;
      else failed(endpoint, reasonOf(error));
      throw error;
    }
  }

  /** Healthy and current first; those that rest come last rather than never, since nothing better may be left. */
  function ordered(): Endpoint[] {
    const best = Math.max(...endpoints.map(({ head }) => Number(head)));
    const rank = (endpoint: Endpoint): number =>
      (endpoint.restUntil > now() ? 2 : 0) + (best - Number(endpoint.head) > maxLag ? 1 : 0);
    return [...endpoints].sort((a, b) => rank(a) - rank(b));
  }

  return {
    chainId,
    async request(method, params, validate) {
      const errors: string[] = [];
      for (const endpoint of ordered()) {
        try {
          return await ask(endpoint, method, params, validate);
        } catch (error) {
          if (error instanceof RpcRefusal) throw error;
          errors.push(`${endpoint.name}: ${reasonOf(error)}`);
        }
      }
      throw problem(
        "NodeRpcUnavailable",
        `no endpoint answered ${method} (${errors.join("; ")})`,
        "Check the addresses under chain.rpc and that the endpoints are up; the node goes on trying.",
      );
    },
    async all(method, params, validate) {
      const results = await Promise.allSettled(endpoints.map((endpoint) => ask(endpoint, method, params, validate)));
      return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    },
    async broadcast(raw) {
      const results = await Promise.allSettled(
        endpoints.map((endpoint) => ask(endpoint, "eth_sendRawTransaction", [raw], isHash)),
      );
      const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
      const known = reasons.some((reason) => reason instanceof RpcRefusal && KNOWN_ALREADY.test(reason.message));
      return {
        accepted: known || reasons.length < results.length,
        refusals: reasons.flatMap((reason) => (reason instanceof RpcRefusal ? [reason.message] : [])),
      };
    },
    status: () =>
      endpoints.map(({ name, failures, restUntil, head, lastError }) => ({
        name,
        failures,
        resting: restUntil > now(),
        head,
        lastError,
      })),
  };
}
