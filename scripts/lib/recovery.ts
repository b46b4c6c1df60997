// Ignition writes down that it is about to send a transaction, sends it, and writes down its hash. A process killed
// between the last two leaves a transaction on the chain that the journal does not know, and Ignition then refuses to
// go on. This finds those transactions by their nonce and tells the journal.
import { existsSync } from "node:fs";
import { readFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trackTransaction } from "@nomicfoundation/ignition-core";
import type { Address, Hash, PublicClient } from "viem";
import type { Connection } from "./chain.ts";

interface JournalLine {
  readonly type: string;
  readonly futureId?: string;
  readonly networkInteractionId?: number;
  readonly nonce?: number;
}

/** Cuts the line that a run was writing when it died: what it tells of is found on the chain or done again. */
async function cutTornLine(folder: string): Promise<void> {
  const path = join(folder, "journal.jsonl");
  const text = await readFile(path, "utf8");
  const start = text.lastIndexOf("\n");
  try {
    JSON.parse(text.slice(start));
  } catch {
    await truncate(path, Buffer.byteLength(text.slice(0, Math.max(start, 0))));
  }
}

/** Nonces of the transactions that the journal prepared and never saw sent. */
async function preparedNonces(folder: string): Promise<number[]> {
  const prepared = new Map<string, number>();
  for (const text of (await readFile(join(folder, "journal.jsonl"), "utf8")).split("\n")) {
    if (text.trim() === "") continue;
    const { type, futureId, networkInteractionId, nonce } = JSON.parse(text) as JournalLine;
    const key = `${futureId} ${networkInteractionId}`;
    if (type === "TRANSACTION_PREPARE_SEND" && nonce !== undefined) prepared.set(key, nonce);
    if (type === "TRANSACTION_SEND") prepared.delete(key);
  }
  return [...prepared.values()].sort((a, b) => a - b);
}

/** What Ignition writes when it starts a future that needs the chain, before it asks anything of the chain. */
const STARTED = /^(DEPLOYMENT|CALL|STATIC_CALL|SEND_DATA)_EXECUTION_STATE_INITIALIZE$/;

/** Forgets the futures that were started and never came to ask anything of the chain: they simply start again. */
async function forgetIdleFutures(folder: string): Promise<void> {
  const path = join(folder, "journal.jsonl");
  const lines = (await readFile(path, "utf8")).split("\n").filter((text) => text.trim() !== "");
  const parsed = lines.map((text) => JSON.parse(text) as JournalLine);
  const busy = new Set(parsed.filter(({ type }) => !STARTED.test(type)).map(({ futureId }) => futureId));
  const kept = lines.filter((_, index) => {
    const { type, futureId } = parsed[index] ?? { type: "" };
    return !STARTED.test(type) || busy.has(futureId);
  });
  if (kept.length === lines.length) return;
  // Ignition begins each line with its line break.
  await writeFile(`${path}.new`, kept.map((text) => `\n${text}`).join(""));
  await rename(`${path}.new`, path);
}

/** The mined transaction of `sender` with this nonce: halving the chain by how many transactions it had sent. */
async function findTransaction(client: PublicClient, sender: Address, nonce: number): Promise<Hash | undefined> {
  let low = 0n;
  let high = await client.getBlockNumber();
  const sentAt = (blockNumber: bigint): Promise<number> => client.getTransactionCount({ address: sender, blockNumber });
  if ((await sentAt(high)) <= nonce) return undefined;
  while (low < high) {
    const middle = (low + high) / 2n;
    if ((await sentAt(middle)) > nonce) high = middle;
    else low = middle + 1n;
  }
  const { transactions } = await client.getBlock({ blockNumber: low, includeTransactions: true });
  return transactions.find((each) => each.from.toLowerCase() === sender.toLowerCase() && each.nonce === nonce)?.hash;
}

/** Adds to the journal in `folder` what an interrupted run sent without writing it down. */
export async function adoptSentTransactions(connection: Connection, folder: string): Promise<void> {
  if (!existsSync(join(folder, "journal.jsonl"))) return;
  await cutTornLine(folder);
  await forgetIdleFutures(folder);
  const nonces = await preparedNonces(folder);
  if (nonces.length === 0) return;
  const client = (await connection.viem.getPublicClient()) as PublicClient;
  const [wallet] = await connection.viem.getWalletClients();
  if (wallet === undefined) return;
  const sender = wallet.account.address;
  const deadline = Date.now() + 120_000;
  // What was sent may still wait to be mined.
  while (
    (await client.getTransactionCount({ address: sender, blockTag: "pending" })) >
      (await client.getTransactionCount({ address: sender })) &&
    Date.now() < deadline
  )
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const nonce of nonces) {
    const hash = await findTransaction(client, sender, nonce);
    if (hash !== undefined) await trackTransaction(folder, hash, connection.provider);
  }
}
