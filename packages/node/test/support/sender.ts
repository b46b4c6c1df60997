// A process that owes the chain some transactions and is killed at a chosen place: `node sender.ts SETTINGS-JSON`.
import type { Address, Hex } from "viem";
import {
  createJournal,
  createRpc,
  createSubmitter,
  DEFAULT_FEE_POLICY,
  JOURNAL_MIGRATIONS,
  localSigner,
  openDatabase,
  silentLogger,
} from "../../src/runtime/index.ts";
import { idOf } from "./ledger.ts";

export interface SenderSettings {
  readonly database: string;
  readonly url: string;
  readonly chainId: number;
  readonly key: Hex;
  readonly ledger: Address;
  readonly count: number;
  readonly finalityDepth: number;
  readonly crash?: Crash;
  readonly bumpAfterMs: number;
}

/** Where a process ends: at the n-th passing of an edge by its own hand, or a while after so many edges by the test's. */
export type Crash = { readonly edge: string; readonly nth: number } | { readonly passes: number };

/** Watches the edges for the crash that is asked for. */
export function crashing(crash: Crash | undefined): (edge: string) => void {
  let passed = 0;
  return (edge) => {
    if (crash === undefined) return;
    if ("passes" in crash) {
      passed += 1;
      if (passed === crash.passes) process.stdout.write("passed\n");
      return;
    }
    if (edge !== crash.edge || ++passed < crash.nth) return;
    process.kill(process.pid, "SIGKILL");
  };
}

if (import.meta.main) {
  const settings = JSON.parse(process.argv[2] ?? "{}") as SenderSettings;
  const database = openDatabase(settings.database, JOURNAL_MIGRATIONS);
  const signer = localSigner(settings.key);
  const journal = createJournal(database, signer.address);
  const submitter = createSubmitter({
    rpc: createRpc({ urls: [settings.url], chainId: settings.chainId, timeoutMs: 60_000 }),
    journal,
    signer,
    fees: { ...DEFAULT_FEE_POLICY, dayBudget: 10n ** 20n, bumpAfterMs: settings.bumpAfterMs },
    finalityDepth: settings.finalityDepth,
    rebroadcastMs: 500,
    log: silentLogger(),
    onEdge: crashing(settings.crash),
  });
  for (let i = 1; i <= settings.count; i++) journal.enqueue({ key: `id:${i}`, to: settings.ledger, data: idOf(i) });
  // One that is to be killed waits for it.
  while (settings.crash !== undefined || journal.inState("queued", "signed", "broadcast", "mined").length > 0) {
    await submitter.step().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  database.close();
}
