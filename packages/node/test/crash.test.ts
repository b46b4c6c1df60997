import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import type { Address } from "viem";
import { createJournal, JOURNAL_MIGRATIONS, localSigner, openDatabase } from "../src/runtime/index.ts";
import { type Anvil, RICH_KEY, SECOND_KEY, startAnvil } from "./support/anvil.ts";
import { arrived, deployLedger, idOf } from "./support/ledger.ts";
import type { SenderSettings } from "./support/sender.ts";

const SENDER = join(import.meta.dirname, "support", "sender.ts");
const EDGES = ["before-sign", "signed", "broadcast", "accepted", "mined", "final"];
const RANDOM_ROUNDS = 20;
const COUNT = 40;

/** Runs the sender until it ends or dies; resolves to the signal that killed it. */
function run(settings: SenderSettings, killAfterMs?: number): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SENDER, JSON.stringify(settings)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    child.once("exit", (_, signal) => {
      clearTimeout(timer);
      resolve(signal);
    });
  });
}

describe("crash matrix: kill -9 at every edge of the journal", () => {
  let anvil: Anvil;
  let ledger: Address;
  let folder: string;

  beforeEach(async () => {
    anvil = await startAnvil(["--block-time", "0.1"]);
    ledger = await deployLedger(anvil, SECOND_KEY);
    folder = mkdtempSync(join(tmpdir(), "publica-crash-"));
  });
  afterEach(async () => {
    await anvil.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const settings = (extra: Partial<SenderSettings> = {}): SenderSettings => ({
    database: join(folder, "node.db"),
    url: anvil.url,
    chainId: anvil.chainId,
    key: RICH_KEY,
    ledger,
    count: COUNT,
    finalityDepth: 3,
    trace: join(folder, "trace"),
    ...extra,
  });

  /** Everything arrived exactly once, nothing reverted, no nonce is stuck, and the journal knows it. */
  async function settled(): Promise<void> {
    expect(await arrived(anvil, ledger)).to.have.members(Array.from({ length: COUNT }, (_, i) => idOf(i + 1)));
    const { address } = localSigner(RICH_KEY);
    const [latest, pending] = await Promise.all(
      ["latest", "pending"].map((tag) => anvil.rpc<string>("eth_getTransactionCount", address, tag)),
    );
    expect(Number(latest)).to.equal(COUNT);
    expect(pending).to.equal(latest);
    const database = openDatabase(join(folder, "node.db"), JOURNAL_MIGRATIONS);
    const journal = createJournal(database, address);
    expect(journal.counts()).to.deep.equal({ queued: 0, signed: 0, broadcast: 0, mined: 0, final: COUNT, dropped: 0 });
    expect(journal.inState("final").every(({ success }) => success)).to.equal(true);
    database.close();
  }

  it(`loses nothing and repeats nothing when killed at each edge`, async function () {
    this.timeout(1_800_000);
    for (const edge of EDGES) await run(settings({ crash: { edge, nth: 2 } }));
    expect(await run(settings())).to.equal(null);
    // The test is worth something only if the process did die at each of them.
    expect(new Set(readFileSync(join(folder, "trace"), "utf8").trim().split("\n"))).to.deep.equal(new Set(EDGES));
    await settled();
  });

  it(`loses nothing and repeats nothing when killed at random moments`, async function () {
    this.timeout(1_800_000);
    const random = createRandom(7);
    for (let round = 0; round < RANDOM_ROUNDS; round++) await run(settings(), 500 + Math.floor(random() * 900));
    expect(await run(settings())).to.equal(null);
    await settled();
  });
});
