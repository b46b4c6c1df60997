import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import {
  accountSensor,
  addressOf,
  appointIssuer,
  assembleReport,
  createFeed,
  credentialType,
  delegateAuthority,
  type Deployment,
  type FeedContext,
  feedIdOf,
  grantCredential,
  p256Sensor,
  type SensorSigner,
  signReading,
  submitReport,
  suspendCredential,
} from "@publica/sdk";
import {
  accessManagerAbi,
  credentialRegistryAbi,
  policyBookAbi,
  testTokenAbi,
  underwritingPoolAbi,
} from "@publica/sdk/abi";
import { getSeries, openSeries, packSeason, seasonDigest, setQuoteKey } from "@publica/sdk/insurance";
import { expect } from "chai";
import { encryptKeystoreJsonSync } from "ethers";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import {
  type Address,
  concat,
  createPublicClient,
  encodeAbiParameters,
  encodeFunctionData,
  type Hash,
  type Hex,
  http,
  keccak256,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { main } from "../../packages/cli/src/main.ts";
import { type Connection, connectLocal } from "../../scripts/lib/chain.ts";
import { addressesPath, deploySuite } from "../../scripts/lib/deployment.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ID = "test-cli";
const COIN = 1_000_000n;
/** Keys of Hardhat's own chain; public, for tests only. */
const QUOTER = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const FARMER = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const TECHNICIAN = "publica.technician";

describe("publica", () => {
  let server: JsonRpcServer;
  let url: string;
  let connection: Connection;
  let deployment: Deployment;
  let folder: string;
  let env: Record<string, string>;
  const at = (name: string): Address => addressOf(deployment, name);

  /** Runs the command in this process as a user would from the top folder of the clone. */
  async function publica(args: readonly string[], cwd = ROOT) {
    let stdout = "";
    let stderr = "";
    const own = args.includes("--rpc") ? [] : ["--rpc", url];
    const from = args.includes("--deployment") || cwd !== ROOT ? [] : ["--deployment", addressesPath(ID)];
    const code = await main([...args, ...own, ...from], {
      env,
      cwd,
      askSecret: undefined,
      stdout: (text) => {
        stdout += stripVTControlCharacters(text);
      },
      stderr: (text) => {
        stderr += stripVTControlCharacters(text);
      },
    });
    return { code, stdout, stderr };
  }

  async function json<T>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await publica([...args, "--json"]);
    expect(code, stdout + stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  async function refused(args: readonly string[], code: 1 | 2, says: RegExp, cwd?: string): Promise<void> {
    const finished = await publica(args, cwd);
    expect(finished.stderr).to.match(says);
    expect(finished.code).to.equal(code);
    expect(finished.stdout).to.equal("");
    expect(finished.stderr.trim().split("\n"), finished.stderr).to.have.length(2);
  }

  async function wallets() {
    const [operator, quoter, farmer, investor, issuer] = await connection.viem.getWalletClients();
    if (!operator || !quoter || !farmer || !investor || !issuer) throw new Error("the chain has too few accounts");
    return { operator, quoter, farmer, investor, issuer };
  }

  async function mined(hash: Hash): Promise<void> {
    const client = await connection.viem.getPublicClient();
    await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  }

  async function travel(timestamp: number): Promise<void> {
    const test = await connection.viem.getTestClient();
    await test.setNextBlockTimestamp({ timestamp: BigInt(timestamp) });
    await test.mine({ blocks: 1 });
  }

  async function mint(to: Address, coins: bigint): Promise<void> {
    const { operator } = await wallets();
    await mined(
      await operator.writeContract({
        address: at("TestToken"),
        abi: testTokenAbi,
        functionName: "mint",
        args: [to, coins * COIN],
      }),
    );
  }

  const sensors: SensorSigner[] = [
    accountSensor(privateKeyToAccount(keccak256(toHex("cli sensor 0")))),
    p256Sensor(keccak256(toHex("cli sensor 1"))),
  ];
  const description = {
    name: "Rain, Test Hill",
    unit: "0.1 mm",
    decimals: 1,
    minPlausible: 0n,
    maxPlausible: 500n,
    heartbeat: 3_600,
    deviationBps: 0,
    historySize: 64,
  };
  const feed = feedIdOf(description);
  let start: number;

  async function report(round: number, observedAt: number, value: bigint, to = feed): Promise<Hash> {
    const { operator } = await wallets();
    const context: FeedContext = { chainId: deployment.chainId, address: at("SensorFeeds"), feed: to, epoch: 1 };
    const readings = await Promise.all(
      sensors.map((signer, sensor) => signReading(context, signer, sensor, { round, observedAt, value })),
    );
    await travel(observedAt);
    const hash = await submitReport(operator, {
      address: at("SensorFeeds"),
      report: assembleReport(context, 2, readings),
    });
    await mined(hash);
    return hash;
  }

  before(async () => {
    server = await hre.network.createServer("default", "127.0.0.1");
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    connection = await connectLocal(url);
    deployment = await deploySuite({
      connection,
      network: "localhost",
      deploymentId: ID,
      fresh: true,
      demonstration: true,
    });
    folder = mkdtempSync(join(tmpdir(), "publica-e2e-"));
    env = { QUOTER, EMPTY: "", WRONG: "0x1234beef", ZERO: `0x${"00".repeat(32)}`, BIG: `0x${"ff".repeat(32)}` };

    const { operator, quoter, farmer, investor, issuer } = await wallets();
    const client = await connection.viem.getPublicClient();
    start = Number((await client.getBlock()).timestamp) + 7_200;
    const keys = sensors.map((sensor) => sensor.key);
    await mined(await createFeed(operator, { address: at("SensorFeeds"), description, keys, quorum: 2 }));
    await mint(investor.account.address, 1_000n);
    await mint(farmer.account.address, 100n);
    const book = at("PolicyBook");
    const limit = { book, key: quoter.account.address, dailyLimitUnits: 500n * COIN };
    await mined(await setQuoteKey(operator, limit));
    await mined(
      await openSeries(operator, {
        book,
        terms: {
          name: "three dry hours",
          pool: at("UnderwritingPool"),
          feeds: at("SensorFeeds"),
          feed,
          firstRound: 1,
          lastRound: 3,
          start,
          end: start + 3 * 3_600,
          floorBps: 500,
          capacity: 10_000n * COIN,
          index: { kind: "sum", attachment: 100n, exit: 0n },
        },
      }),
    );
    const type = credentialType(TECHNICIAN);
    const registry = { address: at("CredentialRegistry"), credentialType: type };
    await mined(await appointIssuer(operator, { ...registry, issuer: issuer.account.address, depth: 2 }));
    await mined(await delegateAuthority(issuer, { ...registry, holder: investor.account.address, depth: 0 }));
    const request = { subject: farmer.account.address, from: start - 7_000, until: start + 500_000, attributes: 5n };
    await mined(await grantCredential(investor, { ...registry, ...request }));
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
    rmSync(join(addressesPath(ID), ".."), { recursive: true });
  });

  describe("doctor", () => {
    it("finds a healthy chain healthy", async () => {
      const { operator } = await wallets();
      const { code, stdout } = await publica(["doctor", "--account", operator.account.address]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/✔ Node /);
      expect(stdout).to.match(/✔ endpoint +http:\/\/127\.0\.0\.1:\d+ answers \(HardhatNetwork/);
      expect(stdout).to.match(/✔ chain id +31337, as in deploy.deployments.test-cli.addresses\.json/);
      expect(stdout).to.match(/✔ P-256 precompile +present at 0x100/);
      expect(stdout).to.match(/✔ balance +0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 has 9999\.\d+ ETH/);
      expect(stdout).to.match(/✔ deployment +\d+ contracts of .*, all with the recorded code/);
      expect(stdout).to.match(/Nothing is in the way\.\n$/);
    });

    it("names what is wrong and how to mend it: funds, code, clock", async () => {
      const wrong = join(folder, "wrong.json");
      const { PolicyBook, SensorFeeds } = deployment.contracts;
      const contracts = {
        ...deployment.contracts,
        PolicyBook: { ...PolicyBook, codeHash: keccak256("0x01") },
        SensorFeeds: { ...SensorFeeds, address: "0x00000000000000000000000000000000000000AA" },
      };
      writeFileSync(wrong, JSON.stringify({ ...deployment, contracts }));
      const nobody = "0x00000000000000000000000000000000000000bb";
      const { code, stdout } = await publica(["doctor", "--account", nobody, "--deployment", wrong]);
      expect(code).to.equal(1);
      expect(stdout).to.match(/✖ balance .* has nothing on chain 31337\n +→ Send it some/);
      expect(stdout).to.match(/✖ deployment +SensorFeeds is not at 0x0+AA\n/i);
      expect(stdout).to.match(/✖ deployment +PolicyBook at 0x\w+ has another code than recorded\n/);
      expect(stdout.match(/→ The chain was started anew/g)).to.have.length(1);
      expect(stdout).to.match(/Mend what is marked ✖/);
    });

    it("says as JSON that the endpoint does not answer", async () => {
      const { code, stdout } = await publica(["doctor", "--json", "--rpc", "http://127.0.0.1:9"]);
      expect(code).to.equal(1);
      const { healthy, checks } = JSON.parse(stdout) as {
        healthy: boolean;
        checks: { what: string; verdict: string }[];
      };
      expect(healthy).to.equal(false);
      expect(checks.at(-1)).to.include({ what: "endpoint", verdict: "problem" });
    });

    it("sees that another chain has no P-256 precompile and none of the contracts", async () => {
      const prague = await hre.network.createServer("prague", "127.0.0.1");
      try {
        const rpc = `http://127.0.0.1:${(await prague.listen()).port}`;
        const { code, stdout } = await publica(["doctor", "--rpc", rpc]);
        expect(code).to.equal(1);
        expect(stdout).to.match(/! P-256 precompile +absent/);
        expect(stdout).to.match(
          /✖ deployment +none of the \d+ contracts of .* is on this chain\n +→ The chain was started anew/,
        );
      } finally {
        await prague.close();
      }
    });

    it("sees a file of another chain", async () => {
      const other = join(folder, "other.json");
      writeFileSync(other, JSON.stringify({ ...deployment, chainId: 1 }));
      const { code, stdout } = await publica(["doctor", "--deployment", other]);
      expect(code).to.equal(1);
      expect(stdout).to.match(
        /✖ chain id .* is a deployment on chain 1, but the endpoint is chain 31337\n +→ Name that/,
      );
      expect(stdout).to.not.match(/deployment {2,}/);
    });
  });

  describe("the deployment it works on", () => {
    it("is the newest recorded for the chain, from anywhere in the clone", async () => {
      const clone = join(folder, "clone");
      for (const [name, chainId, time] of [
        ["old", 31_337, 1_000],
        ["new", 31_337, 2_000],
        ["elsewhere", 5, 3_000],
      ] as const) {
        const file = join(clone, "deploy", "deployments", name, "addresses.json");
        mkdirSync(join(file, ".."), { recursive: true });
        const contracts = name === "new" ? deployment.contracts : {};
        writeFileSync(file, JSON.stringify({ ...deployment, chainId, contracts }));
        utimesSync(file, time, time);
      }
      mkdirSync(join(clone, "contracts"));
      const { code, stdout, stderr } = await publica(["insure", "status"], join(clone, "contracts"));
      expect(code, stderr).to.equal(0);
      expect(stdout).to.contain("three dry hours");
    });

    it("must be named where none is recorded for the chain", async () => {
      const bare = join(folder, "bare");
      const file = join(bare, "deploy", "deployments", "mainnet-1", "addresses.json");
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, JSON.stringify({ ...deployment, chainId: 1 }));
      await refused(["inspect", "feed"], 1, /no deployment on chain 31337 .*, only .*mainnet-1.* \(chain 1\)/, bare);
    });

    it("must be readable and whole", async () => {
      const broken = join(folder, "broken.json");
      writeFileSync(broken, "{");
      await refused(["inspect", "feed", "--deployment", broken], 1, /the addresses file is not JSON/);
      writeFileSync(broken, JSON.stringify({ ...deployment, contracts: {} }));
      await refused(["inspect", "feed", "--deployment", broken], 1, /SensorFeeds is not part of the deployment/);
      await refused(["inspect", "feed", "--deployment", join(folder, "none.json")], 1, /there is no addresses file/);
    });
  });

  it("names an endpoint that answers nonsense, not crashes on it", async () => {
    const nonsense = createServer((_, response) => response.end("<html>not a node</html>"));
    await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
    const { port } = nonsense.address() as AddressInfo;
    await refused(["inspect", "feed", "--rpc", `http://127.0.0.1:${port}`], 1, /does not answer/);
    nonsense.close();
  });

  describe("insure", () => {
    const quoteFile = () => join(folder, "quote.json");
    const keystoreFile = () => join(folder, "farmer.json");
    const passwordFile = () => join(folder, "password");
    const keystore = () => ["--keystore", keystoreFile(), "--password-file", passwordFile()];
    let purchase: Hash;

    before(() => {
      const account = { address: privateKeyToAccount(FARMER).address, privateKey: FARMER };
      writeFileSync(keystoreFile(), encryptKeystoreJsonSync(account, "rain", { scrypt: { N: 1024 } }));
      writeFileSync(passwordFile(), "rain\n");
    });

    it("underwrites: shows what it would send, sends it with --yes", async () => {
      const { investor } = await wallets();
      const deposit = ["insure", "underwrite", "--amount", "800", "--rpc-account", investor.account.address];
      const dry = await publica(deposit);
      expect(dry.code, dry.stderr).to.equal(0);
      expect(dry.stdout).to.contain("1. approve 800 PLAY for the pool");
      expect(dry.stdout).to.contain("2. deposit 800 PLAY for 800 pPLAY  not tried: it needs the step before");
      expect(dry.stdout).to.match(/Add --yes to send\.\n$/);
      const before = await json<{ pool: { totalAssets: string } }>(["insure", "status"]);
      expect(before.pool.totalAssets).to.equal("0");

      const sent = await json<{ transactions: { what: string }[] }>([...deposit, "--yes"]);
      expect(sent.transactions.map(({ what }) => what)).to.deep.equal([
        "approve 800 PLAY for the pool",
        "deposit 800 PLAY for 800 pPLAY",
      ]);
      const after = await json<{ pool: { totalAssets: string } }>(["insure", "status"]);
      expect(after.pool.totalAssets).to.equal(String(800n * COIN));
      await refused(
        ["insure", "underwrite", "--amount", "201", "--rpc-account", investor.account.address],
        1,
        /has 200 PLAY, 201 PLAY are needed/,
      );
      await refused(
        ["insure", "underwrite", "--amount", "0.0000001", "--rpc-account", investor.account.address],
        1,
        /decimal places/,
      );
    });

    const quote = (sum: string, premium: string): string[] => {
      const buyer = privateKeyToAccount(FARMER).address;
      return ["insure", "quote", "--series", "1", "--buyer", buyer, "--sum", sum, "--premium", premium];
    };

    it("quotes: checks the offer against the terms, signs only with --yes and overwrites nothing", async () => {
      const unsigned = await publica(quote("100", "10"));
      expect(unsigned.stdout).to.match(/premium +10 PLAY, floor 5 PLAY/);
      expect(unsigned.stdout).to.contain("Not signed. Name the quote key");
      const ready = await publica([...quote("100", "10"), "--key-env", "QUOTER", "--out", quoteFile()]);
      expect(ready.stdout).to.contain("Not signed. Add --yes");
      expect(existsSync(quoteFile())).to.equal(false);

      const signed = await publica([...quote("100", "10"), "--key-env", "QUOTER", "--yes", "--out", quoteFile()]);
      expect(signed.code, signed.stderr).to.equal(0);
      expect(signed.stdout).to.contain(`written to ${quoteFile()}`);
      await refused([...quote("100", "10"), "--key-env", "QUOTER", "--yes", "--out", quoteFile()], 1, /exists already/);
    });

    it("refuses quotes the book would refuse", async () => {
      await refused(quote("100", "4.99"), 1, /premium must lie between the series' floor of 5 PLAY and/);
      await refused(quote("100", "101"), 1, /premium must lie between/);
      await refused(quote("2000", "200"), 1, /the pool can carry 800 PLAY more/);
      await refused(
        [...quote("600", "50"), "--key-env", "QUOTER", "--yes"],
        1,
        /PolicyQuoteLimit: .* sell 500 PLAY more/,
      );
      await refused([...quote("100", "10"), ...keystore(), "--yes"], 1, /PolicyQuoteInvalid: .* is no quote key/);
      await refused([...quote("100", "10"), "--yes"], 2, /who signs\?/);
      await refused([...quote("100", "10").with(3, "7")], 1, /PolicySeriesUnknown/);
    });

    it("opens wallets only as told, and never repeats a secret", async () => {
      const buy = ["insure", "buy", "--quote", quoteFile()];
      await refused(buy, 2, /who sends\?/);
      await refused([...buy, "--key-env", "QUOTER", ...keystore()], 2, /exclude each other/);
      await refused([...buy, "--password-file", passwordFile()], 2, /goes with --keystore/);
      await refused([...buy, "--keystore", join(folder, "none")], 1, /keystore .* cannot be read/);
      await refused([...buy, "--keystore", quoteFile()], 1, /the keystore is wrong at version/);
      await refused([...buy, "--keystore", keystoreFile(), "--yes"], 2, /nobody is there to type the password/);
      const wrong = join(folder, "wrong-password");
      writeFileSync(wrong, "sunshine");
      await refused([...buy, "--keystore", keystoreFile(), "--password-file", wrong, "--yes"], 1, /does not open/);
      for (const [name, says] of [
        ["NONE", /NONE is not set/],
        ["EMPTY", /EMPTY is not set/],
        ["WRONG", /WRONG holds no private key/],
        ["ZERO", /ZERO holds no private key/],
        ["BIG", /BIG holds no private key/],
      ] as const) {
        const { code, stderr } = await publica([...buy, "--key-env", name]);
        expect(code).to.equal(1);
        expect(stderr).to.match(says);
        expect(stderr).to.not.match(/1234beef|ffffffff|sunshine/);
      }
      const stranger = "0x00000000000000000000000000000000000000bb";
      await refused([...buy, "--rpc-account", stranger], 1, /does not hold the account/);
    });

    it("buys from a keystore what was quoted, and nothing else", async () => {
      const buy = ["insure", "buy", "--quote", quoteFile()];
      await refused([...buy, "--key-env", "QUOTER"], 1, /the quote was made for 0x3C44.*, not for 0x7099/);
      const altered = (change: object): string => {
        const file = join(folder, "altered.json");
        const signed = JSON.parse(readFileSync(quoteFile(), "utf8")) as { quote: object };
        writeFileSync(file, JSON.stringify({ ...signed, quote: { ...signed.quote, ...change } }));
        return file;
      };
      await refused(
        ["insure", "buy", "--quote", altered({ sumInsured: "many" }), ...keystore()],
        1,
        /wrong at quote.sumInsured/,
      );
      await refused(["insure", "buy", "--quote", altered({ validUntil: 1 }), ...keystore()], 1, /the quote expired/);
      await refused(
        ["insure", "buy", "--quote", altered({ premium: "999000000" }), ...keystore()],
        1,
        /has 100 PLAY, 999 PLAY/,
      );
      await refused(["insure", "buy", "--quote", join(folder, "none.json"), ...keystore()], 1, /cannot be read/);
      await refused(["insure", "buy", "--quote", passwordFile(), ...keystore()], 1, /is not JSON/);

      // The address stands in the keystore: looking takes no password.
      const dry = await publica([...buy, "--keystore", keystoreFile()]);
      expect(dry.code, dry.stderr).to.equal(0);
      expect(dry.stdout).to.contain("2. buy cover of 100 PLAY for 10 PLAY");
      const bought = await json<{ policyId: string; transactions: { hash: Hash }[] }>([...buy, ...keystore(), "--yes"]);
      expect(bought.policyId).to.equal(String(1n << 32n));
      expect(bought.transactions).to.have.length(2);
      purchase = bought.transactions[1]?.hash ?? "0x";

      const forged = altered({ sumInsured: "90000000", sequence: 1, premium: "9000000" });
      await refused(
        ["insure", "buy", "--quote", forged, ...keystore(), "--yes"],
        1,
        /PolicyQuoteInvalid: The quote's signature/,
      );
    });

    it("shows the purchase: call, events, money and token moved", async () => {
      const { stdout } = await publica(["inspect", "tx", purchase]);
      const book = at("PolicyBook");
      const pool = at("UnderwritingPool");
      const farmer = privateKeyToAccount(FARMER).address;
      expect(stdout).to.match(/^transaction {2}0x\w{64}\nstatus {7}success\nblock/);
      expect(stdout).to.contain(`to           ${book} (PolicyBook)`);
      expect(stdout).to.match(
        /Call\n {2}PolicyBook\.buy\n {4}quote +\{ series: 1, buyer: 0x3C44\w+, sumInsured: 100000000,/,
      );
      expect(stdout).to.match(/ {2}PolicyBook\.PolicyBought\n {4}policyId +4294967296\n {4}series +1\n/);
      expect(stdout).to.contain("Token transfers\n");
      expect(stdout).to.contain(`  10 PLAY  ${farmer} → ${pool} (UnderwritingPool)`);
      expect(stdout).to.contain("POLICY no. 4294967296  0x0000000000000000000000000000000000000000 →");
    });

    it("shows what the policy, its holder and its series stand at", async () => {
      const farmer = privateKeyToAccount(FARMER).address;
      const series = await publica(["insure", "status", "--series", "1"]);
      expect(series.stdout).to.match(/state +on sale/);
      expect(series.stdout).to.match(/at stake +100 PLAY of at most 10,000 PLAY/);
      expect(series.stdout).to.match(/index +sum\npays +from 100 on, all at 0, evenly between\n/);
      expect(series.stdout).not.to.match(/\nnow/);
      const policy = await publica(["insure", "status", "--policy", String(1n << 32n)]);
      expect(policy.stdout).to.contain(`holder       ${farmer}`);
      const held = await json<{ policies: { sumInsured: string }[] }>(["insure", "status", "--holder", farmer]);
      expect(held.policies.map(({ sumInsured }) => sumInsured)).to.deep.equal([String(100n * COIN)]);
      const none = await publica(["insure", "status", "--holder", at("PolicyBook")]);
      expect(none.stdout).to.contain("holds no policy");
      await refused(["insure", "status", "--policy", "1"], 1, /PolicySeriesUnknown/);
      await refused(["insure", "status", "--policy", String((1n << 32n) + 9n)], 1, /there is no policy/);
    });

    it("says why a series cannot be settled yet", async () => {
      const settle = ["insure", "settle", "--series", "1", "--key-env", "QUOTER"];
      await refused(settle, 1, /FeedRoundUnavailable: The round was skipped, lies ahead/);
    });

    it("decides and pays when the data are there, then has nothing left to do", async () => {
      for (const [index, value] of [30n, 20n, 10n].entries()) {
        await report(index + 1, start + (index + 1) * 3_600 - 1, value);
        if (index > 0) continue;
        const { stdout } = await publica(["insure", "status", "--series", "1"]);
        expect(stdout).to.match(/now +cannot be decided yet: The round was skipped/);
      }
      expect((await publica(["insure", "status", "--series", "1"])).stdout).to.contain("it would pay 40 %");
      await travel(start + 3 * 3_600 + 1);
      const ended = await publica(quote("100", "10"));
      expect(ended.stderr).to.match(/^error sales of series 1 \(three dry hours\) ended/);
      const settle = ["insure", "settle", "--series", "1", ...keystore()];
      const dry = await publica(settle);
      expect(dry.stdout).to.match(/index +60\npays +40 % of each sum insured/);
      expect(dry.stdout).to.contain("1. decide series 1 and settle up to 100 of its policies  would succeed now");
      const paid = await json<object>([...settle, "--yes"]);
      expect(paid).to.include({ paidPolicies: 1, paid: String(40n * COIN), state: "settled", payoutBps: 4_000 });
      const again = await publica([...settle, "--yes"]);
      expect(again.code).to.equal(0);
      expect(again.stdout).to.contain("Nothing to send.");
      expect((await publica(["insure", "status", "--series", "1"])).stdout).to.match(/decided .*: pays 40 %/);
      expect((await publica(["insure", "status"])).stdout).to.match(/settled .* pays 40 %/);
    });

    it("spells out a season in tiers", async () => {
      const { operator } = await wallets();
      const book = at("PolicyBook");
      const from = start + 20 * 3_600;
      const tiers = [
        { bound: 8n, bps: 2_500 },
        { bound: 14n, bps: 10_000 },
      ];
      const terms = {
        ...{
          name: "late flights",
          pool: at("UnderwritingPool"),
          feeds: at("SensorFeeds"),
          feed: feedIdOf(description),
        },
        ...{ firstRound: 9, lastRound: 9, seasonValues: 120, start: from, end: from + 3_600, capacity: 100n * COIN },
        index: { kind: "daysAbove" as const, threshold: 60n, attachment: 0n, exit: 0n, tiers },
      };
      await mined(await openSeries(operator, { book, terms }));
      const { stdout } = await publica(["insure", "status", "--series", "2"]);
      expect(stdout).to.contain("a season of 120 values, attested in round 9");
      expect(stdout).to.match(/index +daysAbove, threshold 60\npays +25 % from 8 up, 100 % from 14 up\n/);
    });

    it("withdraws: asks, waits for the cooldown, is served by anyone", async () => {
      const { investor } = await wallets();
      const from = ["--rpc-account", investor.account.address];
      await refused(["insure", "withdraw", "--shares", "801", ...from], 1, /has 800 pPLAY in the pool/);
      await refused(["insure", "withdraw", "--all", "--key-env", "QUOTER"], 1, /has 0 pPLAY/);
      const asked = await json<{ ticket: string; cooledAt: number }>([
        "insure",
        "withdraw",
        "--shares",
        "300",
        ...from,
        "--yes",
      ]);
      await json(["insure", "withdraw", "--all", ...from, "--yes"]);
      await travel(Number(asked.cooledAt) + 10);
      const serve = ["insure", "withdraw", "--serve", "5", "--key-env", "QUOTER"];
      expect((await publica(serve)).stdout).to.match(/waiting +2 requests/);
      const served = await json<{ served: number; assets: string }>([...serve, "--yes"]);
      expect(served.served).to.equal(2);
      // 800 came in, 10 of premium, 40 were paid.
      expect(BigInt(served.assets)).to.be.within(770n * COIN - 2n, 770n * COIN);
      expect((await publica(serve)).stdout).to.contain("Nothing to send.");
    });

    it("gives the premiums back when the data never came, and not before the grace is over", async () => {
      const book = at("PolicyBook");
      const refund = ["insure", "settle", "--series", "2", "--refund", "--missing-round", "9", "--key-env", "QUOTER"];
      const fallback = [...refund.slice(0, 4), "--fallback", "--key-env", "QUOTER"];
      await refused([...refund, "--fallback"], 2, /cannot be used with/);
      await refused(refund, 1, /error \w+: /);
      await refused(fallback, 1, /error \w+: /);
      const { terms } = await getSeries(createPublicClient({ transport: http(url) }), { book, series: 2n });
      await travel(terms.end + terms.grace + 1);
      const done = await json<object>([...refund, "--yes"]);
      expect(done).to.include({ left: 0 });
      expect((await publica(["insure", "status"])).stdout).to.match(/late flights\W+settled\W.*premium back/);
      await refused(fallback, 1, /error \w+: /);
    });

    it("decides by a packed season that is handed in, if it is the one the feed attested", async () => {
      const { operator } = await wallets();
      const most = 2n ** 127n;
      const digests = { ...description, name: "Seasons", minPlausible: -most, maxPlausible: most - 1n };
      const [address, season] = [at("SensorFeeds"), packSeason([50n, 50n, 50n])];
      await mined(
        await createFeed(operator, { address, description: digests, keys: sensors.map(({ key }) => key), quorum: 2 }),
      );
      const now = Number((await createPublicClient({ transport: http(url) }).getBlock()).timestamp);
      const terms = {
        ...{ name: "three wet days", pool: at("UnderwritingPool"), feeds: address, feed: feedIdOf(digests) },
        ...{ firstRound: 1, lastRound: 1, seasonValues: 3, start: now + 60, end: now + 120, capacity: 100n * COIN },
        index: { kind: "sum" as const, attachment: 100n, exit: 200n },
      };
      await mined(await openSeries(operator, { book: at("PolicyBook"), terms }));
      await report(1, now + 120, seasonDigest(season), feedIdOf(digests));
      const settle = ["insure", "settle", "--series", "3", "--key-env", "QUOTER"];
      await refused(settle, 1, /SettlementSeasonMismatch/);
      await refused([...settle, "--season", packSeason([50n, 50n, 51n])], 1, /SettlementSeasonMismatch/);
      const done = await json<object>([...settle, "--season", season, "--yes"]);
      expect(done).to.include({ paidPolicies: 0, state: "settled", payoutBps: 5_000 });
      expect((await publica(["insure", "status"])).stdout).to.match(/three wet days\W+settled\W.*pays 50 %/);
    });
  });

  describe("inspect", () => {
    it("says of a failed transaction why it failed and what to do", async () => {
      const { operator } = await wallets();
      const data = encodeFunctionData({ abi: underwritingPoolAbi, functionName: "requestWithdrawal", args: [0n] });
      await failing(operator.account.address, at("UnderwritingPool"), data);
      const { stdout } = await publica(["inspect", "tx", await latestTransaction()]);
      expect(stdout).to.match(/^status +reverted$/m);
      expect(stdout).to.match(/Call\n {2}UnderwritingPool\.requestWithdrawal\n {4}shares +0/);
      expect(stdout).to.match(
        /Reverted\n {2}error +PoolNothingToDo\n {2}why +There is nothing to request.*\n {2}remedy +Pass an amount above zero\.\n {2}data +0xe6d9de11/,
      );
    });

    it("finds the reason by calling again where the endpoint has no traces", async () => {
      const hash = await latestTransaction();
      const bare = createServer((request, response) => {
        let body = "";
        request.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        request.on("end", async () => {
          const asked = JSON.parse(body) as { id: number; method: string } | { id: number; method: string }[];
          const answer = async (one: { id: number; method: string }): Promise<unknown> => {
            if (one.method.startsWith("debug_"))
              return { jsonrpc: "2.0", id: one.id, error: { code: -32601, message: "the method does not exist" } };
            return call(one);
          };
          const result = Array.isArray(asked) ? await Promise.all(asked.map(answer)) : await answer(asked);
          response.setHeader("content-type", "application/json");
          response.end(JSON.stringify(result));
        });
      });
      await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
      const { port } = bare.address() as AddressInfo;
      const { revert } = await json<{ revert: object }>(["inspect", "tx", hash, "--rpc", `http://127.0.0.1:${port}`]);
      bare.close();
      expect(revert).to.include({ code: "PoolNothingToDo", foundBy: "call", data: "0xe6d9de11" });
    });

    it("shows calls and events that are not of the suite as they are", async () => {
      const { operator, farmer } = await wallets();
      const strange = await operator.sendTransaction({ to: farmer.account.address, value: 5n, data: "0xdeadbeef01" });
      await mined(strange);
      const { stdout } = await publica(["inspect", "tx", strange]);
      expect(stdout).to.contain("not a function of the suite, selector 0xdeadbeef");
      expect(stdout).to.contain("value        0.000000000000000005 ETH");
      // A contract whose only act is an anonymous-looking event: LOG1 of a topic nobody knows, no data.
      const logger = await operator.sendTransaction({ data: "0x60ff60006000a1" });
      await mined(logger);
      const { stdout: created } = await publica(["inspect", "tx", logger]);
      expect(created).to.match(/^creates +0x/m);
      expect(created).to.match(/not an event of the suite, from 0x\w{40}\n {4}topic 0 +0x0+ff\n/);
    });

    it("tells the calls that a multicall and the manager carry, and which one of them failed", async () => {
      const { operator, quoter } = await wallets();
      const key = quoter.account.address;
      const inner = encodeFunctionData({ abi: policyBookAbi, functionName: "setQuoteKey", args: [key, 9n] });
      const through = { abi: accessManagerAbi, functionName: "execute", args: [at("PolicyBook"), inner] } as const;
      const multicall = { address: at("AccessManager"), abi: accessManagerAbi, functionName: "multicall" } as const;
      const hash = await operator.writeContract({ ...multicall, args: [[encodeFunctionData(through)]] });
      await mined(hash);
      const { stdout } = await publica(["inspect", "tx", hash]);
      expect(stdout).to.match(
        /carries AccessManager\.execute\n +target +0x\w+ \(PolicyBook\)\n +data +0x\w+\n +carries PolicyBook\.setQuoteKey\n +key +0x/,
      );

      const wrong = encodeFunctionData({ abi: underwritingPoolAbi, functionName: "requestWithdrawal", args: [0n] });
      const data = encodeFunctionData({ ...through, args: [at("UnderwritingPool"), wrong] });
      await failing(operator.account.address, at("AccessManager"), data);
      const failed = await publica(["inspect", "tx", await latestTransaction()]);
      expect(failed.stdout).to.match(/Reverted\n {2}error +PoolNothingToDo\n/);
      expect(failed.stdout).to.match(
        /Failed in 0x\w+ \(UnderwritingPool\)\n {2}UnderwritingPool\.requestWithdrawal\n {4}shares +0/,
      );
    });

    it("tells what somebody else's contract relays to the suite, and the failure it hides", async () => {
      const { operator } = await wallets();
      const relayed = encodeFunctionData({ abi: underwritingPoolAbi, functionName: "requestWithdrawal", args: [0n] });
      // Calls the pool with the 36 bytes that stand as `bytes` in its own call data, and hides what comes of it.
      const relay = concat(["0x602460446000376000600060246000600073", at("UnderwritingPool"), "0x5af100"]);
      const creation = await operator.sendTransaction({ data: concat(["0x602980600b6000396000f3", relay]) });
      const client = await connection.viem.getPublicClient();
      const { contractAddress: relayer } = await client.waitForTransactionReceipt({
        hash: creation,
        pollingInterval: 20,
      });
      const data = concat(["0xdeadbeef", encodeAbiParameters([{ type: "bytes" }], [relayed])]);
      const hash = await operator.sendTransaction({ to: relayer as Address, data, gas: 300_000n });
      await mined(hash);
      const { stdout } = await publica(["inspect", "tx", hash]);
      expect(stdout).to.match(/^status +success$/m);
      expect(stdout).to.match(/Calls it carries\n {2}UnderwritingPool\.requestWithdrawal {2}\(guessed/);
      expect(stdout).to.match(/Failed in 0x\w+ \(UnderwritingPool\)\n.*\n.*\n {2}error +PoolNothingToDo\n/);
    });

    it("recognises contracts of the suite that no addresses file names, and says so", async () => {
      const few = join(folder, "few.json");
      const { UnderwritingPool: _, ...contracts } = deployment.contracts;
      writeFileSync(few, JSON.stringify({ ...deployment, contracts }));
      const { code, stdout } = await publica(["inspect", "address", at("UnderwritingPool"), "--deployment", few]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^is +UnderwritingPool by the functions in its code; no addresses file names it$/m);
      expect(stdout).to.match(/^ {2}symbol +pPLAY$/m);
      expect(stdout).to.not.match(/^recorded/m);
    });

    it("does not find what is on another chain", async () => {
      await refused(["inspect", "tx", `0x${"12".repeat(32)}`], 1, /there is no transaction 0x1212.* on chain 31337/);
    });

    it("knows a contract of the deployment, its code, state and events", async () => {
      const { stdout, code } = await publica(["inspect", "address", at("UnderwritingPool"), "--events", "2"]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^is +UnderwritingPool of deploy.deployments.test-cli.addresses\.json$/m);
      expect(stdout).to.match(/^recorded +the same code as deployed$/m);
      expect(stdout).to.match(/^ {2}symbol +pPLAY$/m);
      expect(stdout).to.match(/^ {2}queue +\{ head: \d+, tail: \d+ \}$/m);
      const client = await connection.viem.getPublicClient();
      const [of, abi] = [at("UnderwritingPool"), underwritingPoolAbi];
      const last = (await client.getContractEvents({ address: of, abi, fromBlock: 0n })).at(-1);
      expect(stdout).to.match(new RegExp(`^  UnderwritingPool\\.${last?.eventName}$`, "m"));
      const { events } = await json<{ events: unknown[] }>([
        "inspect",
        "address",
        at("UnderwritingPool"),
        "--events",
        "2",
      ]);
      expect(events).to.have.length(2);
    });

    it("says when other code stands at a contract's address", async () => {
      const other = join(folder, "code.json");
      const contracts = {
        ...deployment.contracts,
        PolicyBook: { ...deployment.contracts.PolicyBook, codeHash: keccak256("0x") },
      };
      writeFileSync(other, JSON.stringify({ ...deployment, contracts }));
      const { code, stdout } = await publica(["inspect", "address", at("PolicyBook"), "--deployment", other]);
      expect(code).to.equal(1);
      expect(stdout).to.match(/^recorded +another code than deployed/m);
    });

    it("shows an account: balance, tokens, and the events that name it", async () => {
      const { farmer } = await wallets();
      const { stdout } = await publica(["inspect", "address", farmer.account.address, "--events", "100"]);
      expect(stdout).to.match(/^is +account$/m);
      expect(stdout).to.match(/^ {2}PLAY +130 PLAY$/m);
      expect(stdout).to.contain("PolicyBook.Transfer");
      expect(stdout).to.contain("CredentialRegistry.CredentialGranted");
    });

    it("lists feeds, and shows one with its sensors, rounds and freshness", async () => {
      const list = await publica(["inspect", "feed"]);
      expect(list.stdout).to.contain("Rain, Test Hill (0.1 mm)");
      const { stdout } = await publica(["inspect", "feed", "test hill"]);
      expect(stdout).to.contain(
        `feed         ${feed}\nmeasures     Rain, Test Hill (0.1 mm)\nrule         2 of 2 sensors, set 1`,
      );
      expect(stdout).to.match(/^freshness +stale$/m);
      expect(stdout).to.match(/^a report is +due \(of 1\)$/m);
      expect(stdout).to.match(/ {2}0 {2}secp256k1 {2}0x\w{40}\n {2}1 {2}P-256 {6}0x\w{128}/);
      expect(stdout).to.contain("Last 3 rounds\n  █▅▁\n");
      expect(stdout).to.match(/│ +3 │ +1 │ .*\n.*│ +2 │ +2 │ .*\n.*│ +1 │ +3 │ /);
      const byId = await json<{ rounds: { round: number }[]; due: boolean }>([
        "inspect",
        "feed",
        feed,
        "--rounds",
        "2",
      ]);
      expect(byId.rounds.map(({ round }) => round)).to.deep.equal([2, 3]);
      await refused(["inspect", "feed", "test valley"], 1, /no feed is called "test valley"/);
      await refused(["inspect", "feed", `0x${"12".repeat(32)}`], 1, /There is no feed 0x1212/);
    });

    it("shows a credential with the authorities it comes from, through suspension and dismissal", async () => {
      const { farmer, investor, issuer } = await wallets();
      const ask = ["inspect", "credential", TECHNICIAN, farmer.account.address];
      const valid = await publica(ask);
      expect(valid.stdout).to.contain(credentialType(TECHNICIAN));
      expect(valid.stdout).to.match(/^attributes +0x0000000000000005$/m);
      const held = await json<{ state: string; id: string; issuers: { holder: Address; standing: boolean }[] }>(ask);
      expect(held.issuers).to.deep.equal([
        { id: 2, holder: investor.account.address, standing: true, depth: 0 },
        { id: 1, holder: issuer.account.address, standing: true, depth: 2 },
      ]);
      expect(["valid", "expired"]).to.include(held.state);

      const registry = { address: at("CredentialRegistry"), credentialType: credentialType(TECHNICIAN) };
      await mined(
        await suspendCredential(issuer, { ...registry, subject: farmer.account.address, id: BigInt(held.id) }),
      );
      await mined(
        await issuer.writeContract({
          address: registry.address,
          abi: credentialRegistryAbi,
          functionName: "withdraw",
          args: [registry.credentialType, investor.account.address],
        }),
      );
      const { stdout } = await publica(ask);
      expect(stdout).to.match(/^state +suspended$/m);
      expect(stdout).to.match(
        /Granted by\n {2}authority 2 {2}0x\w{40} {2}ended\n {4}authority 1 {2}0x\w{40} {2}stands, may delegate 2 deep, appointed/,
      );
      const none = await publica(["inspect", "credential", TECHNICIAN, issuer.account.address]);
      expect(none.stdout).to.match(/^state +none$/m);
    });
  });

  it("is the command of the clone", async () => {
    const bin = join(ROOT, "packages", "cli", "bin", "publica.cjs");
    const args = [bin, "insure", "status", "--rpc", url, "--deployment", addressesPath(ID)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).to.contain("three dry hours");
  });

  /** Sends what will revert, past all estimation. */
  async function failing(from: Address, to: Address, data: Hex): Promise<void> {
    await call({ id: 1, method: "eth_sendTransaction", params: [{ from, to, data, gas: "0x30000" }] });
  }

  async function latestTransaction(): Promise<Hash> {
    const client = await connection.viem.getPublicClient();
    const [hash] = (await client.getBlock()).transactions;
    if (hash === undefined) throw new Error("the latest block is empty");
    return hash;
  }

  async function call(body: { id: number; method: string; params?: unknown }): Promise<unknown> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", ...body }),
    });
    return response.json();
  }
});
