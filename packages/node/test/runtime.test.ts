import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import { keccak256, parseTransaction, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { oracleConfigSchema } from "../src/oracle/config.ts";
import {
  bumpFees,
  createFollower,
  createJournal,
  createMetrics,
  createRpc,
  decryptKeystore,
  DEFAULT_FEE_POLICY,
  encryptKeystore,
  FOLLOWER_MIGRATIONS,
  JOURNAL_MIGRATIONS,
  openDatabase,
  openSigner,
  parseConfig,
  quoteFees,
  remoteSigner,
  silentLogger,
  startHttp,
} from "../src/runtime/index.ts";
import { type Anvil, RICH_KEY, SECOND_KEY, startAnvil } from "./support/anvil.ts";
import { rejection, temporaryFolder, thrown } from "./support/folder.ts";
import { deployLedger, idOf } from "./support/ledger.ts";

describe("runtime", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  describe("database", () => {
    it("keeps a second process out, and lets it in when the first is gone", () => {
      const first = openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS);
      expect(thrown(() => openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS)).code).to.equal(
        "NodeDatabaseLocked",
      );
      openDatabase(folder.path("node.db"), [], { readOnly: true }).close();
      first.close();
      openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS).close();
    });

    it("refuses a damaged file and leaves it as it is", () => {
      openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS).close();
      const bytes = readFileSync(folder.path("node.db"));
      bytes.fill(0x5a, 4096, 8192);
      writeFileSync(folder.path("node.db"), bytes);
      expect(thrown(() => openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS)).code).to.equal(
        "NodeDatabaseCorrupt",
      );
      expect(readFileSync(folder.path("node.db")).equals(bytes)).to.equal(true);
      writeFileSync(folder.path("text.db"), "this is not a database at all, only a text that is long enough");
      expect(thrown(() => openDatabase(folder.path("text.db"), [])).code).to.equal("NodeDatabaseCorrupt");
    });

    it("applies each migration once, keeps the data, and refuses a file of a newer version", () => {
      const first = { name: "one", sql: "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)" };
      const second = { name: "two", sql: "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7" };
      openDatabase(folder.path("node.db"), [first]).close();
      const database = openDatabase(folder.path("node.db"), [first, second]);
      expect({ ...database.sql.prepare("SELECT x, y FROM a").get() }).to.deep.equal({ x: 1, y: 7 });
      database.close();
      openDatabase(folder.path("node.db"), [first, second]).close();
      expect(thrown(() => openDatabase(folder.path("node.db"), [first])).code).to.equal("NodeDatabaseNewer");
    });

    it("a failed migration changes nothing", () => {
      const half = { name: "half", sql: "CREATE TABLE a (x INTEGER); CREATE TABLE a (x INTEGER)" };
      expect(thrown(() => openDatabase(folder.path("node.db"), [half])).message).to.contain("already exists");
      const sql = new DatabaseSync(folder.path("node.db"));
      expect(sql.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'a'").get()).to.include({ n: 0 });
      sql.close();
    });

    it("a transaction that throws leaves nothing behind", () => {
      const database = openDatabase(folder.path("node.db"), [{ name: "one", sql: "CREATE TABLE a (x INTEGER)" }]);
      thrown(() =>
        database.transaction(() => {
          database.sql.exec("INSERT INTO a VALUES (1)");
          throw new Error("no");
        }),
      );
      expect(database.sql.prepare("SELECT count(*) AS n FROM a").get()).to.include({ n: 0 });
      database.close();
    });

    it("one nonce belongs to one transaction, by the database's own rule", () => {
      const database = openDatabase(folder.path("node.db"), JOURNAL_MIGRATIONS);
      const account = privateKeyToAccount(RICH_KEY).address;
      const journal = createJournal(database, account);
      for (const key of ["a", "b"]) journal.enqueue({ key, to: account, data: "0x" });
      const [a, b] = journal.inState("queued");
      if (a === undefined || b === undefined) throw new Error("not queued");
      const attempt = { raw: "0x", nonce: 4, gas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n } as const;
      journal.sign(a, { ...attempt, hash: keccak256("0x01") });
      expect(thrown(() => journal.sign(b, { ...attempt, hash: keccak256("0x02") })).message).to.match(/UNIQUE/);
      expect(journal.find("b")?.state).to.equal("queued");
      expect(journal.freeNonce(3)).to.equal(3);
      expect(journal.freeNonce(4)).to.equal(5);
      database.close();
    });
  });

  describe("keys", () => {
    const SECRET = keccak256(toHex("a test key"));

    it("a keystore opens with its password and with no other", () => {
      const json = encryptKeystore(SECRET, "correct horse", 1024);
      expect(decryptKeystore(json, "correct horse")).to.equal(SECRET);
      expect(thrown(() => decryptKeystore(json, "wrong")).code).to.equal("NodeKeystorePassword");
      expect(thrown(() => decryptKeystore("{}", "x")).code).to.equal("NodeKeystoreInvalid");
      expect(json).not.to.contain(SECRET.slice(2));
    });

    it("reads the keystore of the Web3 Secret Storage definition (pbkdf2)", () => {
      const json = JSON.stringify({
        crypto: {
          cipher: "aes-128-ctr",
          cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
          ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
          kdf: "pbkdf2",
          kdfparams: {
            c: 262144,
            dklen: 32,
            prf: "hmac-sha256",
            salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
          },
          mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
        },
        version: 3,
      });
      expect(decryptKeystore(json, "testpassword")).to.equal(
        "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d",
      );
    });

    it("the environment is used only when asked for, and must hold a key", () => {
      process.env.PUBLICA_TEST_SECRET = "nonsense";
      const error = thrown(() => openSigner({ environment: "PUBLICA_TEST_SECRET" }));
      expect(error.code).to.equal("NodeKeyMissing");
      expect(error.message).not.to.contain("nonsense");
      process.env.PUBLICA_TEST_SECRET = SECRET;
      expect(openSigner({ environment: "PUBLICA_TEST_SECRET" }).address).to.equal(privateKeyToAccount(SECRET).address);
      delete process.env.PUBLICA_TEST_SECRET;
    });

    it("an external signer is asked, and what it signs is checked before it is used", async () => {
      const account = privateKeyToAccount(SECRET);
      let tamper = false;
      const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", async () => {
          const { params } = JSON.parse(Buffer.concat(chunks).toString()) as { params: [Record<string, string>] };
          const [tx] = params;
          const result = await account.signTransaction({
            type: "eip1559",
            chainId: Number(tx.chainId),
            nonce: Number(tx.nonce),
            to: tx.to as `0x${string}`,
            data: tx.data as `0x${string}`,
            value: tamper ? 5n : BigInt(tx.value ?? 0),
            gas: BigInt(tx.gas ?? 0),
            maxFeePerGas: BigInt(tx.maxFeePerGas ?? 0),
            maxPriorityFeePerGas: BigInt(tx.maxPriorityFeePerGas ?? 0),
          });
          response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const signer = remoteSigner(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, account.address);
      const request = {
        type: "eip1559",
        chainId: 1,
        nonce: 0,
        to: account.address,
        data: "0x1234",
        value: 0n,
        gas: 21_000n,
        maxFeePerGas: 10n,
        maxPriorityFeePerGas: 1n,
      } as const;
      expect(parseTransaction(await signer.signTransaction(request)).data).to.equal("0x1234");
      tamper = true;
      expect((await rejection(signer.signTransaction(request))).code).to.equal("NodeSignerMismatch");
      await new Promise((resolve) => server.close(resolve));
    });
  });

  describe("fees", () => {
    const policy = { ...DEFAULT_FEE_POLICY, maxFeePerGas: 100n, minTip: 2n, maxTip: 10n };

    it("offers within the policy, exactly up to the cap", () => {
      expect(quoteFees(policy, 20n, 5n)).to.deep.equal({ maxFeePerGas: 45n, maxPriorityFeePerGas: 5n });
      expect(quoteFees(policy, 20n, 500n)?.maxPriorityFeePerGas).to.equal(10n);
      expect(quoteFees(policy, 20n, 0n)?.maxPriorityFeePerGas).to.equal(2n);
      expect(quoteFees(policy, 98n, 0n)?.maxFeePerGas).to.equal(100n);
      expect(quoteFees(policy, 99n, 0n)).to.equal(undefined);
    });

    it("raises both fields by an eighth at least, or not at all", () => {
      for (let fee = 8n; fee < 88n; fee++) {
        const bumped = bumpFees(policy, { maxFeePerGas: fee, maxPriorityFeePerGas: 1n }, undefined);
        if (bumped === undefined) continue;
        expect(bumped.maxFeePerGas * 8n >= fee * 9n && bumped.maxFeePerGas <= 100n).to.equal(true);
        expect(bumped.maxPriorityFeePerGas * 8n >= 9n).to.equal(true);
      }
      expect(bumpFees(policy, { maxFeePerGas: 90n, maxPriorityFeePerGas: 1n }, undefined)).to.equal(undefined);
    });
  });

  describe("configuration", () => {
    const good = `
chain: { id: 1, rpc: ["http://127.0.0.1:8545"], sensorFeeds: "0x${"11".repeat(20)}" }
key: { environment: KEY }
feeds:
  - { id: "0x${"22".repeat(32)}", name: rain, measurement: rain, unit: mm, round: 10m }
`;

    it("fills in what is not said", () => {
      const config = parseConfig(good, oracleConfigSchema);
      expect(config.feeds[0]?.round).to.equal(600);
      expect(config.mqtt).to.deep.equal({ embedded: { host: "127.0.0.1", port: 1883 } });
    });

    const mistakes: Record<string, [string, string, RegExp]> = {
      "a missing setting": ["round: 10m", "grace: 1", /feeds\.0\.round: /],
      "a misspelt setting": ["name: rain,", "name: rain, heartbeet: 5,", /feeds\.0\.heartbeet: is not a setting/],
      "a wrong address": [`"0x${"11".repeat(20)}"`, '"0x11"', /chain\.sensorFeeds: write an address/],
      "a wrong duration": ["round: 10m", "round: soon", /feeds\.0\.round: .*30s/],
      "no endpoint": ['rpc: ["http://127.0.0.1:8545"]', "rpc: []", /chain\.rpc: give at least one endpoint/],
      "broken YAML": ["feeds:", "feeds: [", /line \d/],
    };
    for (const [what, [from, to, expected]] of Object.entries(mistakes)) {
      it(`names the place and the fix of ${what}`, () => {
        const error = thrown(() => parseConfig(good.replace(from, to), oracleConfigSchema));
        expect(error.code).to.equal("NodeConfigInvalid");
        expect(error.message).to.match(expected);
      });
    }
  });

  it("serves health, readiness with its reasons, metrics and bounded requests", async () => {
    let reasons: string[] = ["not yet"];
    const metrics = createMetrics({ process: false });
    metrics.counter("things_total", "Things").inc();
    const server = await startHttp({
      host: "127.0.0.1",
      port: 0,
      metrics,
      notReady: () => reasons,
      log: silentLogger(),
      maxBodyBytes: 10,
      routes: {
        "POST /echo": ({ body }) => ({ status: 200, body: body.toString() }),
        "GET /broken": () => {
          throw new Error("a secret detail");
        },
      },
    });
    const get = async (path: string, body?: string) => {
      const response = await fetch(server.url + path, body === undefined ? {} : { method: "POST", body });
      return [response.status, await response.text()] as const;
    };
    expect((await get("/healthz"))[0]).to.equal(200);
    expect(await get("/readyz")).to.deep.equal([503, '{"ready":false,"reasons":["not yet"]}\n']);
    reasons = [];
    expect((await get("/readyz"))[0]).to.equal(200);
    expect((await get("/metrics"))[1]).to.contain("publica_things_total 1");
    expect((await get("/echo", "0123456789"))[0]).to.equal(200);
    expect((await get("/echo", "0123456789a"))[0]).to.equal(413);
    expect((await get("/nowhere"))[0]).to.equal(404);
    const [status, text] = await get("/broken");
    expect(status).to.equal(500);
    expect(text).not.to.contain("secret");
    expect(statSync(folder.path(".")).isDirectory()).to.equal(true);
    const taken = startHttp({
      host: "127.0.0.1",
      port: Number(new URL(server.url).port),
      metrics,
      notReady: () => [],
      log: silentLogger(),
    });
    expect((await rejection(taken)).code).to.equal("NodePortTaken");
    await server.close();
  });

  describe("follower", function () {
    this.timeout(300_000);
    let anvil: Anvil;
    beforeEach(async () => {
      anvil = await startAnvil(["--no-mining"]);
    });
    afterEach(() => anvil.close());

    it("delivers final logs exactly once, across restarts, and tells the depth of a reorganisation", async () => {
      const ledger = await deployLedger(anvil, SECOND_KEY);
      const seen: string[] = [];
      const depths: number[] = [];
      const open = () => {
        const database = openDatabase(folder.path("node.db"), FOLLOWER_MIGRATIONS);
        const follower = createFollower({
          rpc: createRpc({ urls: [anvil.url], chainId: anvil.chainId }),
          database,
          addresses: [ledger],
          finalityDepth: 5,
          fromBlock: 0n,
          log: silentLogger(),
          onReorg: (depth) => depths.push(depth),
          onFinal: (logs) => seen.push(...logs.map(({ topics }) => topics[0] ?? "")),
        });
        return { database, follower };
      };
      const account = privateKeyToAccount(RICH_KEY).address;
      const send = (n: number) =>
        anvil.rpc("eth_sendTransaction", { from: account, to: ledger, data: idOf(n), gas: "0x186a0" });
      const mine = (n: number) => anvil.rpc("anvil_mine", `0x${n.toString(16)}`);
      let { database, follower } = open();
      await send(1);
      await mine(1);
      await follower.step();
      await mine(5);
      await follower.step();
      expect(seen).to.deep.equal([idOf(1)]);
      await follower.step();
      database.close();
      ({ database, follower } = open());
      await send(2);
      await mine(1);
      await follower.step();
      await anvil.reorg(1);
      await follower.step();
      expect(depths).to.deep.equal([1]);
      await mine(9);
      await follower.step();
      expect(seen, "what was reorganised away never became final").to.deep.equal([idOf(1)]);
      await anvil.reorg(4);
      await follower.step();
      expect(depths).to.deep.equal([1, 4]);
      database.close();
    });
  });
});
