// A process that owes the chain some transactions and is killed at a chosen edge: `node sender.ts SETTINGS-JSON`.
import { appendFileSync } from "node:fs";
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
  /** Kill this process when it passes the edge for the n-th time. */
  readonly crash?: { readonly edge: string; readonly nth: number };
  /** Where each edge passed is written, for the test to see. */
  readonly trace: string;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as SenderSettings;
const database = openDatabase(settings.database, JOURNAL_MIGRATIONS);
const signer = localSigner(settings.key);
const journal = createJournal(database, signer.address);
const rpc = createRpc({ urls: [settings.url], chainId: settings.chainId });
let passed = 0;
const submitter = createSubmitter({
  rpc,
  journal,
  signer,
  fees: { ...DEFAULT_FEE_POLICY, dayBudget: 10n ** 20n, bumpAfterMs: 1_500 },
  finalityDepth: settings.finalityDepth,
  rebroadcastMs: 500,
  log: silentLogger(),
  onEdge(edge) {
    if (edge !== settings.crash?.edge || ++passed < settings.crash.nth) return;
    appendFileSync(settings.trace, `${edge}\n`);
    process.kill(process.pid, "SIGKILL");
  },
});
for (let i = 1; i <= settings.count; i++) journal.enqueue({ key: `id:${i}`, to: settings.ledger, data: idOf(i) });
while (journal.inState("queued", "signed", "broadcast", "mined").length > 0) {
  await submitter.step().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 30));
}
database.close();
