import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import type { Address, Hex } from "viem";
import { createJournal, JOURNAL_MIGRATIONS, type Journal, localSigner, openDatabase } from "../src/runtime/index.ts";
import { type Anvil, failures, RICH_KEY, SECOND_KEY, startAnvil, stealNonce } from "./support/anvil.ts";
import { dies, ended, kill, says, start } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { arrived, deployLedger, idOf } from "./support/ledger.ts";
import type { Crash, SenderSettings } from "./support/sender.ts";

const EDGES = ["before-sign", "signed", "broadcast", "accepted", "mined", "final"];
/** Transactions that each round adds to what earlier rounds left: more than one pass of an edge, and load. */
const PER_ROUND = 8;
const { address: ACCOUNT } = localSigner(RICH_KEY);

describe("crash matrix: kill -9 of the submitter, 24 rounds on one journal", function () {
  this.timeout(1_800_000);
  let anvil: Anvil;
  let ledger: Address;
  let folder: ReturnType<typeof temporaryFolder>;
  let child: ChildProcess | undefined;
  let mining: boolean;
  let miner: Promise<void> | undefined;
  let closed: boolean;

  beforeEach(async () => {
    anvil = await startAnvil(["--no-mining"]);
    ledger = await deployLedger(anvil, SECOND_KEY);
    folder = temporaryFolder();
    [mining, closed] = [true, false];
    // A block each tenth of a second, but none while the test has its hands in the chain.
    miner = (async () => {
      while (!closed) {
        if (mining) await anvil.rpc("anvil_mine", "0x1");
        await pause(100);
      }
    })();
  });
  afterEach(async () => {
    if (child !== undefined) await kill(child);
    closed = true;
    await miner?.catch(() => {});
    await anvil.close();
    folder.remove();
  });

  function run(count: number, crash?: Crash, bumpAfterMs = 1_500): ChildProcess {
    const settings: SenderSettings = {
      database: folder.path("node.db"),
      url: anvil.url,
      chainId: anvil.chainId,
      key: RICH_KEY,
      ledger,
      count,
      finalityDepth: 3,
      bumpAfterMs,
      ...(crash === undefined ? {} : { crash }),
    };
    child = start("sender.ts", [JSON.stringify(settings)]);
    return child;
  }

  /** Looks into the journal of a process that is dead. */
  function peek<T>(look: (journal: Journal) => T): T {
    const database = openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS);
    try {
      return look(createJournal(database, ACCOUNT));
    } finally {
      database.close();
    }
  }

  /** Another process uses the nonce that was signed and not sent. */
  async function steal(): Promise<void> {
    const [signed] = peek((journal) => journal.inState("signed"));
    await stealNonce(anvil, RICH_KEY, signed?.nonce ?? Number.NaN);
  }

  /** Takes the block of the newest mined transaction away. */
  async function reorganise(): Promise<void> {
    mining = false;
    await pause(200);
    const newest = peek((journal) =>
      journal.inState("mined").reduce((max, tx) => ((tx.blockNumber ?? 0n) > max ? (tx.blockNumber ?? 0n) : max), 0n),
    );
    const head = BigInt(await anvil.rpc<Hex>("eth_blockNumber"));
    await anvil.reorg(Number(head - newest) + 1);
    mining = true;
  }

  it("each edge twice, a stolen nonce, a reorganisation and eight random moments: nothing lost, nothing twice, no nonce stuck", async () => {
    const random = createRandom(7);
    type Round = { crash: Crash; after?: () => Promise<void>; bumpAfterMs?: number };
    const rounds: Round[] = [
      ...EDGES.map((edge) => ({ crash: { edge, nth: 2 } })),
      { crash: { edge: "signed", nth: 1 }, bumpAfterMs: 600_000, after: steal },
      { crash: { edge: "requeued", nth: 1 } },
      ...EDGES.map((edge) => ({ crash: { edge, nth: 5 } })),
      { crash: { edge: "mined", nth: 1 }, after: reorganise },
      { crash: { edge: "reopened", nth: 1 } },
      ...Array.from({ length: 8 }, () => ({ crash: { passes: 1 + Math.floor(random() * 40) } })),
    ];
    let count = 0;
    expect(await ended(run(count)), "nothing to do").to.equal(0);
    for (const { crash, after, bumpAfterMs } of rounds) {
      count += PER_ROUND;
      const process_ = run(count, crash, bumpAfterMs);
      const what = JSON.stringify(crash);
      if ("passes" in crash) {
        await says(process_, "passed");
        await pause(random() * 30);
        expect(await kill(process_), what).to.equal("SIGKILL");
      } else expect(await dies(process_), what).to.equal("SIGKILL");
      await after?.();
    }
    expect(rounds.length).to.equal(24);
    const last = run(count);
    last.stdout?.resume();
    expect(await ended(last)).to.equal(0);

    expect(await arrived(anvil, ledger)).to.have.members(Array.from({ length: count }, (_, i) => idOf(i + 1)));
    // None was sent twice: the second would have failed, for the price of a failure.
    expect(await failures(anvil, ACCOUNT)).to.deep.equal([]);
    const [latest, pending] = await Promise.all(
      ["latest", "pending"].map((tag) => anvil.rpc<Hex>("eth_getTransactionCount", ACCOUNT, tag)),
    );
    expect(pending, "no nonce is stuck").to.equal(latest);
    const { counts, final } = peek((journal) => ({ counts: journal.counts(), final: journal.inState("final") }));
    expect(final.length + 1, "every nonce is ours but the stolen one").to.equal(Number(latest));
    expect(counts).to.include({ queued: 0, signed: 0, broadcast: 0, mined: 0, dropped: 0 });
    expect(final.every(({ success }) => success)).to.equal(true);
    expect(final.filter(({ key }) => key.startsWith("id:")).length).to.equal(count);
  });
});
