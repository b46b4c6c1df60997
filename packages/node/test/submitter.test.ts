import { expect } from "chai";
import type { Address, Hex } from "viem";
import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import {
  createJournal,
  createRpc,
  createSubmitter,
  type Database,
  DEFAULT_FEE_POLICY,
  type FeePolicy,
  JOURNAL_MIGRATIONS,
  type Journal,
  localSigner,
  openDatabase,
  silentLogger,
  type Submitter,
  type Tx,
} from "../src/runtime/index.ts";
import { type Anvil, RICH_KEY, SECOND_KEY, startAnvil } from "./support/anvil.ts";
import { temporaryFolder } from "./support/folder.ts";
import { arrived, deployLedger, idOf } from "./support/ledger.ts";
import { type BadRpc, startBadRpc } from "./support/rpcServer.ts";

describe("submitter", function () {
  this.timeout(300_000);
  let anvil: Anvil;
  let ledger: Address;
  let clock: number;
  let folder: ReturnType<typeof temporaryFolder>;
  let alerts: string[];
  let open: Database[];
  const signer = localSigner(RICH_KEY);

  beforeEach(async () => {
    anvil = await startAnvil(["--no-mining"]);
    ledger = await deployLedger(anvil, SECOND_KEY);
    clock = 1_700_000_000_000;
    folder = temporaryFolder();
    alerts = [];
    open = [];
  });
  afterEach(async () => {
    await anvil.close();
    for (const database of open) database.close();
    folder.remove();
  });

  const mine = (blocks = 1) => anvil.rpc("anvil_mine", `0x${blocks.toString(16)}`);

  interface Node {
    readonly database: Database;
    readonly journal: Journal;
    readonly submitter: Submitter;
    state(key: string): string | undefined;
    send(number: number): void;
    steps(count: number): Promise<void>;
  }

  function start(
    options: {
      file?: string;
      urls?: readonly string[];
      fees?: Partial<FeePolicy>;
      finalityDepth?: number;
      timeoutMs?: number;
      later?: (tx: Tx) => boolean;
    } = {},
  ): Node {
    const database = openDatabase(folder.path(options.file ?? "node.db"), JOURNAL_MIGRATIONS);
    open.push(database);
    const now = () => clock;
    const journal = createJournal(database, signer.address, now);
    const submitter = createSubmitter({
      // Impatient only where an endpoint is meant to be silent.
      rpc: createRpc({
        urls: options.urls ?? [anvil.url],
        chainId: anvil.chainId,
        timeoutMs: options.timeoutMs ?? 60_000,
        now,
      }),
      journal,
      signer,
      fees: { ...DEFAULT_FEE_POLICY, dayBudget: 10n ** 18n, ...options.fees },
      finalityDepth: options.finalityDepth ?? 3,
      rebroadcastMs: 0,
      log: silentLogger(),
      now,
      ...(options.later === undefined ? {} : { later: options.later }),
      onAlert: (kind) => alerts.push(kind),
    });
    return {
      database,
      journal,
      submitter,
      state: (key) => journal.find(key)?.state,
      send: (number) => void journal.enqueue({ key: `id:${number}`, to: ledger, data: idOf(number) }),
      async steps(count) {
        for (let i = 0; i < count; i++) await submitter.step();
      },
    };
  }

  function restart(node: Node, options: Parameters<typeof start>[0] = {}): Node {
    node.database.close();
    open = open.filter((database) => database !== node.database);
    return start(options);
  }

  it("walks queued → broadcast → mined → final, and takes a key once", async () => {
    const node = start();
    expect(node.journal.enqueue({ key: "id:1", to: ledger, data: idOf(1) })).to.equal(true);
    expect(node.journal.enqueue({ key: "id:1", to: ledger, data: idOf(1) })).to.equal(false);
    await node.steps(1);
    expect(node.state("id:1")).to.equal("broadcast");
    await mine();
    await node.steps(1);
    expect(node.state("id:1")).to.equal("mined");
    await mine(2);
    await node.steps(1);
    expect(node.state("id:1"), "two blocks on top are not three").to.equal("mined");
    await mine();
    await node.steps(1);
    expect(node.state("id:1")).to.equal("final");
    const tx = node.journal.find("id:1");
    expect(tx?.success).to.equal(true);
    expect(tx?.cost).to.satisfy((cost: bigint) => cost > 0n);
  });

  for (const depth of [1, 2, 30]) {
    it(`brings a transaction back after a reorganisation of ${depth} blocks, also when restarted during it`, async () => {
      let node = start({ finalityDepth: 40 });
      node.send(1);
      await node.steps(1);
      await mine(depth);
      await node.steps(1);
      expect(node.state("id:1")).to.equal("mined");
      await anvil.reorg(depth);
      expect(await arrived(anvil, ledger)).to.deep.equal([]);
      node = restart(node, { finalityDepth: 40 });
      await node.steps(1);
      expect(node.state("id:1")).to.equal("broadcast");
      await mine();
      await node.steps(1);
      await mine(40);
      await node.steps(1);
      expect(node.state("id:1")).to.equal("final");
      expect(await arrived(anvil, ledger)).to.deep.equal([idOf(1)]);
    });
  }

  it("brings back even what was final, and says that finality was too short", async () => {
    const node = start({ finalityDepth: 2 });
    node.send(1);
    await node.steps(1);
    await mine(6);
    await node.steps(2);
    expect(node.state("id:1")).to.equal("final");
    await anvil.reorg(6);
    await node.steps(4);
    expect(alerts).to.contain("deep-reorg");
    await mine();
    await node.steps(1);
    await mine(3);
    await node.steps(1);
    expect(node.state("id:1")).to.equal("final");
    expect(await arrived(anvil, ledger)).to.deep.equal([idOf(1)]);
  });

  it("offers dearer after a while, both fields by an eighth at least, and watches every version", async () => {
    const node = start({ fees: { bumpAfterMs: 1_000 } });
    node.send(1);
    await node.steps(1);
    clock += 1_000;
    await node.steps(1);
    const tx = node.journal.find("id:1");
    if (tx === undefined) throw new Error("gone");
    const [first, second] = node.journal.attempts(tx);
    if (first === undefined || second === undefined) throw new Error("not bumped");
    expect(second.nonce).to.equal(first.nonce);
    expect(second.maxFeePerGas * 1000n >= first.maxFeePerGas * 1125n).to.equal(true);
    expect(second.maxPriorityFeePerGas * 1000n >= first.maxPriorityFeePerGas * 1125n).to.equal(true);
    // The miner may still have taken the older version.
    await anvil.rpc("anvil_dropTransaction", second.hash);
    await anvil.rpc("eth_sendRawTransaction", first.raw);
    await mine();
    await node.steps(1);
    expect(node.journal.find("id:1")?.minedHash).to.equal(first.hash);
  });

  it("never offers more than the cap, and says that it waits", async () => {
    const node = start({ fees: { bumpAfterMs: 1_000, maxFeePerGas: 2_500_000_000n } });
    node.send(1);
    await node.steps(1);
    for (let i = 0; i < 10; i++) {
      clock += 1_000;
      await node.steps(1);
    }
    const tx = node.journal.find("id:1");
    if (tx === undefined) throw new Error("gone");
    expect(node.journal.attempts(tx).every(({ maxFeePerGas }) => maxFeePerGas <= 2_500_000_000n)).to.equal(true);
    expect(alerts).to.contain("fee-cap");
  });

  it("sends nothing while the base fee is above the cap", async () => {
    const node = start({ fees: { maxFeePerGas: 1_000n, minTip: 1n } });
    node.send(1);
    await node.steps(1);
    expect(node.state("id:1")).to.equal("queued");
    expect(alerts).to.contain("fee-cap");
  });

  it("refuses to commit more than the day's budget, and goes on the next day", async () => {
    const node = start({ fees: { dayBudget: 200_000_000_000_000n } });
    node.send(1);
    await node.steps(1);
    expect(node.state("id:1")).to.equal("broadcast");
    await mine();
    await node.steps(1);
    for (let i = 2; i <= 9; i++) node.send(i);
    await node.steps(1);
    expect(node.journal.counts().queued, "some wait").to.be.greaterThan(0);
    expect(node.journal.committedSince(0) <= 200_000_000_000_000n).to.equal(true);
    expect(alerts).to.contain("budget");
    for (let day = 0; day < 8 && node.journal.counts().queued > 0; day++) {
      await mine();
      await node.steps(1);
      clock += 86_400_001;
      await node.steps(1);
    }
    expect(node.journal.counts().queued).to.equal(0);
  });

  it("notices that its nonce was used by another, and sends under a new one", async () => {
    const node = start();
    node.send(1);
    await node.steps(1);
    const tx = node.journal.find("id:1");
    const [attempt] = tx === undefined ? [] : node.journal.attempts(tx);
    // Someone else with the same key pays more for the same nonce.
    const wallet = createWalletClient({
      account: privateKeyToAccount(RICH_KEY),
      chain: foundry,
      transport: http(anvil.url),
    });
    await wallet.sendTransaction({
      to: ledger,
      data: idOf(99),
      nonce: 0,
      gas: 100_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 10n,
    });
    await mine();
    await node.steps(2);
    expect(node.state("id:1"), "not believed at once").to.equal("broadcast");
    await node.steps(1);
    expect(alerts).to.contain("foreign-nonce");
    await node.steps(1);
    await mine();
    await node.steps(1);
    await mine(3);
    await node.steps(1);
    expect(node.state("id:1")).to.equal("final");
    expect(node.journal.find("id:1")?.nonce).to.equal(1);
    expect(node.journal.find("id:1")?.minedHash).not.to.equal(attempt?.hash);
    expect(await arrived(anvil, ledger)).to.deep.equal([idOf(99), idOf(1)]);
  });

  it("two nodes with one key: both see it, nothing is lost, nothing is stuck", async () => {
    const a = start({ file: "a.db" });
    const b = start({ file: "b.db" });
    a.send(1);
    b.send(2);
    a.send(3);
    b.send(4);
    for (let i = 0; i < 40; i++) {
      clock += 1_000;
      await a.steps(1);
      await b.steps(1);
      await mine();
    }
    expect(alerts.filter((kind) => kind === "foreign-nonce").length).to.be.greaterThan(0);
    for (const key of ["id:1", "id:3"]) expect(a.state(key)).to.equal("final");
    for (const key of ["id:2", "id:4"]) expect(b.state(key)).to.equal("final");
    expect(await arrived(anvil, ledger)).to.have.members([1, 2, 3, 4].map(idOf));
  });

  it("drops for nothing what the chain would refuse", async () => {
    const first = start({ file: "a.db" });
    first.send(1);
    await first.steps(1);
    await mine();
    const second = start({ file: "b.db" });
    second.send(1);
    await second.steps(1);
    expect(second.state("id:1")).to.equal("dropped");
    expect(second.journal.find("id:1")?.nonce).to.equal(undefined);
  });

  it("keeps what the chain may take later, and sends it then", async () => {
    const snapshot = await anvil.rpc<Hex>("evm_snapshot");
    const first = start({ file: "a.db" });
    first.send(1);
    await first.steps(1);
    await mine();
    const second = start({ file: "b.db", later: ({ key }) => key === "id:1" });
    second.send(1);
    await second.steps(3);
    expect(second.state("id:1")).to.equal("queued");
    await anvil.rpc("evm_revert", snapshot);
    await second.steps(1);
    await mine();
    await second.steps(1);
    expect(second.state("id:1")).to.equal("mined");
    expect(await arrived(anvil, ledger)).to.deep.equal([idOf(1)]);
  });

  it("reports a transaction that was mined and reverted", async () => {
    const a = start({ file: "a.db" });
    a.send(1);
    await a.steps(1);
    // The same id from another account is mined first.
    const other = createWalletClient({
      account: privateKeyToAccount(SECOND_KEY),
      chain: foundry,
      transport: http(anvil.url),
    });
    await other.sendTransaction({
      to: ledger,
      data: idOf(1),
      gas: 100_000n,
      maxPriorityFeePerGas: 10n ** 11n,
      maxFeePerGas: 2n * 10n ** 11n,
    });
    const tx = a.journal.find("id:1");
    const [attempt] = tx === undefined ? [] : a.journal.attempts(tx);
    await anvil.rpc("anvil_dropTransaction", attempt?.hash);
    await mine();
    await a.steps(1);
    await mine();
    await a.steps(1);
    expect(a.journal.find("id:1")?.success).to.equal(false);
    expect(alerts).to.contain("reverted");
  });

  it("a cancelled transaction goes at once, or gives its nonce to an empty one", async () => {
    const node = start({ fees: { bumpAfterMs: 1_000 } });
    node.send(1);
    node.journal.cancel("id:1", "not wanted");
    expect(node.state("id:1")).to.equal("dropped");
    node.send(2);
    await node.steps(1);
    node.journal.cancel("id:2", "not wanted");
    clock += 1_000;
    await node.steps(1);
    await mine();
    await node.steps(1);
    await mine(3);
    await node.steps(1);
    expect(node.state("id:2")).to.equal("final");
    expect(await arrived(anvil, ledger)).to.deep.equal([]);
  });

  it("fills a hole below its own nonces that another left", async () => {
    const wallet = createWalletClient({
      account: privateKeyToAccount(RICH_KEY),
      chain: foundry,
      transport: http(anvil.url),
    });
    await wallet.sendTransaction({ to: ledger, data: idOf(98), nonce: 0, gas: 100_000n });
    await mine();
    const node = start();
    node.send(1);
    await node.steps(1);
    expect(node.journal.find("id:1")?.nonce).to.equal(1);
    await anvil.reorg(1);
    await node.steps(2);
    expect(node.journal.inState("broadcast").map(({ nonce }) => nonce)).to.deep.equal([0, 1]);
    await mine();
    await node.steps(1);
    expect(node.state("id:1")).to.equal("mined");
  });

  describe("with bad endpoints", () => {
    let bad: BadRpc;
    beforeEach(async () => {
      bad = await startBadRpc(anvil.url);
    });
    afterEach(() => bad.close());

    for (const mood of ["silent", "garbage", "limited", "stale", "wrong-chain", "closed"] as const) {
      it(`one endpoint ${mood}: carries on through the other`, async () => {
        const timeoutMs = mood === "silent" ? 3_000 : 60_000;
        const node = start({ urls: [bad.url, anvil.url], timeoutMs });
        if (mood !== "wrong-chain") await node.steps(1);
        bad.mood = mood;
        node.send(1);
        for (let i = 0; i < 40 && node.state("id:1") !== "final"; i++) {
          clock += 61_000;
          await node.steps(1).catch(() => {});
          await mine();
          // An endpoint that answers from the past keeps things from being called final; time heals it.
          if (mood === "stale" && i === 6) bad.mood = "well";
        }
        expect(node.state("id:1")).to.equal("final");
        expect(await arrived(anvil, ledger)).to.deep.equal([idOf(1)]);
        expect(await anvil.rpc<Hex>("eth_getTransactionCount", signer.address, "latest")).to.equal("0x1");
      });
    }

    it("all endpoints gone for a while: nothing is lost and no nonce is burnt", async () => {
      const node = start({ urls: [bad.url] });
      await node.steps(1);
      node.send(1);
      bad.mood = "closed";
      for (let i = 0; i < 3; i++) await node.submitter.step().catch(() => {});
      expect(node.journal.counts().queued + node.journal.counts().signed).to.equal(1);
      bad.mood = "well";
      clock += 120_000;
      await node.steps(2);
      await mine(1);
      await node.steps(1);
      expect(node.state("id:1")).to.equal("mined");
      expect(node.journal.find("id:1")?.nonce).to.equal(0);
    });
  });
});
