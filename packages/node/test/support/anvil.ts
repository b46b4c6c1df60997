import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Address, createWalletClient, type Hex, http, numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry as foundryChain } from "viem/chains";
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

const given = new Set<number>();

/**
 * A free port below those from which systems give ports to outgoing connections: one that is free for a moment, between a
 * node's death and its next start, stays free. None is given twice.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 22_000);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
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

/** Starts a chain; a second time on another port when somebody was quicker. */
export async function startAnvil(args: readonly string[] = []): Promise<Anvil> {
  const program = await foundry("anvil");
  for (let attempt = 1; ; attempt++) {
    const anvil = await launch(program, args);
    if (anvil !== undefined) return anvil;
    if (attempt === 5) throw new Error("anvil did not start");
  }
}

async function launch(program: string, args: readonly string[]): Promise<Anvil | undefined> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    program,
    ["--port", String(port), "--silent", "--hardfork", "osaka", "--order", "fifo", ...args],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const deadline = Date.now() + 300_000;
  for (;;) {
    if (child.exitCode !== null) return undefined;
    const chainId = await call<Hex>(url, "eth_chainId").catch(() => undefined);
    if (chainId !== undefined) break;
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error("anvil does not answer");
    }
    await pause(50);
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

/** The receipt of a transaction, once it is mined. */
export async function receiptOf<T = unknown>(anvil: Anvil, hash: Hex): Promise<T> {
  for (;;) {
    const receipt = await anvil.rpc<T | null>("eth_getTransactionReceipt", hash);
    if (receipt !== null) return receipt;
    await pause(20);
  }
}

/** Uses up a nonce as another process with the same key would. */
export async function stealNonce(anvil: Anvil, key: Hex, nonce: number): Promise<void> {
  const account = privateKeyToAccount(key);
  const transport = http(anvil.url, { timeout: 120_000 });
  const wallet = createWalletClient({ account, chain: foundryChain, transport });
  const fees = { gas: 21_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 10n };
  await receiptOf(anvil, await wallet.sendTransaction({ to: account.address, nonce, ...fees }));
}

/** The account's transactions on the chain that failed. */
export async function failures(anvil: Anvil, account: Address): Promise<Hex[]> {
  const head = Number(await anvil.rpc<Hex>("eth_blockNumber"));
  const failed: Hex[] = [];
  for (let number = 1; number <= head; number++) {
    const receipts = await anvil.rpc<{ from: Hex; status: Hex; transactionHash: Hex }[]>(
      "eth_getBlockReceipts",
      numberToHex(number),
    );
    for (const { from, status, transactionHash } of receipts)
      if (from.toLowerCase() === account.toLowerCase() && status !== "0x1") failed.push(transactionHash);
  }
  return failed;
}
