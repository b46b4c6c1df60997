import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { Hex } from "viem";
import { foundry } from "../../../../scripts/lib/tools.ts";

/** Account 0 of every development chain; worthless, and known to everyone. */
export const RICH_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
export const SECOND_KEY: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

export interface Anvil {
  readonly url: string;
  readonly chainId: number;
  rpc<T = unknown>(method: string, ...params: unknown[]): Promise<T>;
  /** Throws the last `depth` blocks away, with their transactions, and mines one more than that, empty. */
  reorg(depth: number): Promise<void>;
  close(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

let ids = 0;
export async function call<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: ++ids, method, params }),
  });
  const body = (await response.json()) as { result: T; error?: { message: string } };
  if (body.error !== undefined) throw new Error(`${method}: ${body.error.message}`);
  return body.result;
}

export async function startAnvil(args: readonly string[] = []): Promise<Anvil> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    await foundry("anvil"),
    ["--port", String(port), "--silent", "--hardfork", "osaka", "--order", "fifo", ...args],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const deadline = Date.now() + 120_000;
  for (;;) {
    const chainId = await call<Hex>(url, "eth_chainId").catch(() => undefined);
    if (chainId !== undefined) break;
    if (Date.now() > deadline || child.exitCode !== null) throw new Error("anvil did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    chainId: 31337,
    rpc: (method, ...params) => call(url, method, ...params),
    reorg: async (depth) => {
      await call(url, "anvil_reorg", depth, []);
      await call(url, "anvil_mine", "0x1");
    },
    async close() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
