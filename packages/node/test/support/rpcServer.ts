import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { call } from "./anvil.ts";

/** How a bad endpoint behaves. */
export type Mood = "well" | "silent" | "garbage" | "limited" | "stale" | "wrong-chain" | "closed";

export interface BadRpc {
  readonly url: string;
  mood: Mood;
  /** Requests it answered well. */
  served: number;
  close(): Promise<void>;
}

/** An endpoint in front of a good one that misbehaves on demand. */
export async function startBadRpc(upstream: string): Promise<BadRpc> {
  /** What a stale endpoint goes on answering. */
  const frozen = new Map<string, unknown>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
        id: number;
        method: string;
        params: unknown[];
      };
      const reply = (body: unknown, status = 200) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      switch (bad.mood) {
        case "silent":
          return;
        case "closed":
          request.socket.destroy();
          return;
        case "garbage":
          response.end("<html>504 Gateway Time-out</html>");
          return;
        case "limited":
          reply({ jsonrpc: "2.0", id, error: { code: -32005, message: "rate limit exceeded" } }, 429);
          return;
        case "wrong-chain":
          if (method === "eth_chainId") {
            reply({ jsonrpc: "2.0", id, result: "0x1" });
            return;
          }
      }
      try {
        const key = `${method}${JSON.stringify(params)}`;
        const stale = bad.mood === "stale" && method !== "eth_sendRawTransaction";
        const result = stale && frozen.has(key) ? frozen.get(key) : await call(upstream, method, ...params);
        frozen.set(key, result);
        bad.served += 1;
        reply({ jsonrpc: "2.0", id, result });
      } catch (error) {
        reply({ jsonrpc: "2.0", id, error: { code: -32000, message: (error as Error).message } });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bad: BadRpc = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: "well",
    served: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return bad;
}
