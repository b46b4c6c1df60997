import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { addressOf, appointIssuer, credentialType, type Deployment, grantCredential } from "@publica/sdk";
import {
  deriveEncryptionKey,
  encryptionKeyRequest,
  encryptionKeyTypedData,
  isEncryptionKeyCurrent,
  relayEncryptionKey,
  sealEnvelope,
} from "@publica/sdk/crypto";
import {
  createWill,
  formatManifest,
  openGuardianShares,
  parseManifest,
  willIdOf,
  willTypedData,
} from "@publica/sdk/wills";
import { expect } from "chai";
import { encryptKeystoreJsonSync } from "ethers";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import { concat, type Hash, type Hex, hexToBytes, parseEther, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { main } from "../../packages/cli/src/main.ts";
import { deliveryInfo } from "../../packages/cli/src/will/opening.ts";
import { type Connection, connectLocal } from "../../scripts/lib/chain.ts";
import { addressesPath, deploySuite } from "../../scripts/lib/deployment.ts";
import { inspectedNames } from "../utils/inspected.ts";

const ID = "test-cli-wills";
const DAY = 86_400;
const DOCUMENT = "The house goes to Anna; the rest is for all three.\n";
const PASSWORD = "correct horse battery";

const person = (addressIndex: number) =>
  mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex });
const keyOf = (index: number): Hex => toHex(person(index).getHdKey().privateKey as Uint8Array);
const [TESTATOR, ANNA, BEN, CLARA] = [0, 1, 2, 3] as const;
const GUARDIANS = [4, 5, 6, 7, 8] as const;
const [EXECUTOR, SECOND_EXECUTOR, VETO_KEY] = [9, 10, 11] as const;
const REGISTRARS = [12, 13, 14] as const;

describe("publica will", () => {
  let server: JsonRpcServer;
  let url: string;
  let connection: Connection;
  let deployment: Deployment;
  let folder: string;
  let said = "";
  let found: Hex = "0x";
  const env: Record<string, string> = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [`P${index}`, keyOf(index)]),
  );

  async function publica(args: readonly string[], ask?: (question: string) => Promise<string>) {
    let [stdout, stderr] = ["", ""];
    const place = args.includes("--template") ? [] : ["--rpc", url, "--deployment", addressesPath(ID)];
    const code = await main(["will", ...args, ...place], {
      env,
      cwd: folder,
      askSecret: undefined,
      ask,
      stdout: (text) => {
        stdout += stripVTControlCharacters(text);
      },
      stderr: (text) => {
        stderr += stripVTControlCharacters(text);
      },
    });
    said += stdout + stderr;
    return { code, stdout, stderr };
  }

  async function done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await publica(args);
    expect(code, stdout + stderr).to.equal(0);
    return stdout;
  }

  async function refused(args: readonly string[], says: RegExp, code = 1): Promise<void> {
    const before = listed();
    const finished = await publica(args);
    expect(finished.stderr, finished.stdout).to.match(says);
    expect(finished.code).to.equal(code);
    expect(listed()).to.deep.equal(before);
  }

  /** Every file there is, with its content: originals stay untouched. */
  const listed = (): [string, string][] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "hex")]);

  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  /** What status says: exit code 3 when there is an alarm, and only then. */
  async function status(manifest = "will.json", ...more: string[]) {
    const { code, stdout } = await publica(["status", "--manifest", manifest, "--json", ...more]);
    const found = JSON.parse(stdout) as { state: string; alarms: string[]; guardiansLive: number[] | null };
    expect(code).to.equal(found.alarms.length === 0 ? 0 : 3);
    return found;
  }
  const state = async (manifest?: string): Promise<string> => (await status(manifest)).state;
  const by = (index: number): string[] => ["--key-env", `P${index}`];
  const idOf = (): string => (JSON.parse(read("will.json")) as { willId: string }).willId;

  async function mined(hash: Hash): Promise<void> {
    const client = await connection.viem.getPublicClient();
    await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  }

  async function travel(days: number): Promise<void> {
    const test = await connection.viem.getTestClient();
    await test.increaseTime({ seconds: days * DAY });
    await test.mine({ blocks: 100 });
  }

  before(async () => {
    server = await hre.network.createServer("default", "127.0.0.1");
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    connection = await connectLocal(url);
    deployment = await deploySuite({ connection, network: "localhost", deploymentId: ID, fresh: true });
    folder = mkdtempSync(join(tmpdir(), "publica-wills-"));
    const [operator, issuer] = await connection.viem.getWalletClients();
    if (!operator || !issuer) throw new Error("the chain has too few accounts");
    const registry = {
      address: addressOf(deployment, "CredentialRegistry"),
      credentialType: credentialType("publica.registrar"),
    };
    await mined(await appointIssuer(operator, { ...registry, issuer: issuer.account.address, depth: 1 }));
    const { timestamp } = await (await connection.viem.getPublicClient()).getBlock();
    const from = Number(timestamp);
    for (const index of REGISTRARS)
      await mined(
        await grantCredential(issuer, {
          ...registry,
          subject: person(index).address,
          from,
          until: from + 900 * DAY,
          attributes: 0n,
        }),
      );
    write("will.txt", DOCUMENT);
    write("password.txt", `${PASSWORD}\n`);
    const keystore = encryptKeystoreJsonSync({ address: person(BEN).address, privateKey: keyOf(BEN) }, PASSWORD, {
      scrypt: { N: 2, r: 8, p: 1 },
    });
    write("ben.wallet", keystore);
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
    rmSync(join(addressesPath(ID), ".."), { recursive: true });
  });

  it("keys: from the wallet's signature, or generated and kept under a password; bound on chain", async () => {
    expect(await done("key", ...by(ANNA), "--out", "anna.json")).to.match(
      /Would send:\n +1\. bind .*would succeed now/,
    );
    expect(listed().map(([name]) => name)).not.to.include("anna.json");
    await done("key", ...by(ANNA), "--out", "anna.json", "--yes");
    await done("key", "--keystore", "ben.wallet", "--password-file", "password.txt", "--out", "ben.json", "--yes");
    const own = ["--generate", "clara.key", "--encryption-password-file", "password.txt", "--suite", "xwing"];
    await done("key", ...by(CLARA), ...own, "--out", "clara.json", "--yes");
    for (const index of GUARDIANS)
      await done("key", "--rpc-account", person(index).address, "--out", `g${index}.json`, "--yes");
    await refused(["key", ...by(ANNA), "--out", "anna.json", "--yes"], /anna\.json exists already/);
    const [sender] = await connection.viem.getWalletClients();
    if (sender === undefined) throw new Error("the chain has no accounts");
    const registry = addressOf(deployment, "EncryptionKeyRegistry");
    const bound = { account: person(REGISTRARS[0]).address, keyHash: toHex("somebody else pays", { size: 32 }) };
    const deadline = 2n ** 40n;
    const request = encryptionKeyRequest(
      { chainId: deployment.chainId, registry },
      { ...bound, sequence: 0, deadline },
    );
    const signature = await person(REGISTRARS[0]).signTypedData(request);
    await mined(await relayEncryptionKey(sender, { registry, ...bound, deadline, signature }));
    expect(await isEncryptionKeyCurrent(sender, { registry, ...bound })).to.equal(true);
    const { mode } = statSync(join(folder, "clara.key"));
    expect(mode & 0o077).to.equal(0);
  });

  it("create: shows first, and writes manifest and sealed file before it seals", async () => {
    const template = JSON.parse(await done("create", "--template")) as Record<string, unknown>;
    expect(template).to.include.keys("heirs", "guardians", "terms", "plan");
    const create = ["create", "--draft", "draft.json", "--document", "will.txt", ...by(TESTATOR)];
    write("draft.json", JSON.stringify(template));
    await refused(create, /draft draft\.json is wrong at executors\.0: an address is 0x/);
    const draft = {
      heirs: ["anna.json", "ben.json", "clara.json"],
      guardians: GUARDIANS.map((index) => `g${index}.json`),
      executors: [person(EXECUTOR).address, person(SECOND_EXECUTOR).address],
      vetoKey: person(VETO_KEY).address,
      terms: { threshold: 3 },
      plan: {
        bequests: [ANNA, BEN, CLARA].map((index) => ({
          kind: "fraction",
          heir: person(index).address,
          amount: index === ANNA ? 3_334 : 3_333,
        })),
        executorThreshold: 2,
        residue: person(ANNA).address,
      },
    };
    const wrong: [object, RegExp][] = [
      [{ heirs: ["anna.json", "nobody.json"] }, /nobody\.json cannot be read/],
      [{ terms: { threshold: 6 } }, /More guardians are needed than there are/],
      [{ terms: { threshold: 3, intervalDays: 3 } }, /wrong at terms\.intervalDays: Too small/],
      [{ heirs: ["anna.json", "ben.json", "anna.json"] }, /anna\.json stands twice among the heirs of draft\.json/],
      [{ guardians: ["g4.json", "g4.json", "g5.json"] }, /g4\.json stands twice among the guardians/],
      [{ vetoKey: person(VETO_KEY).address.replace(/[a-f]/, (hex) => hex.toUpperCase()) }, /vetoKey: .*wrong checksum/],
      [{ plan: { bequests: [{ kind: "fraction", heir: person(ANNA).address, amount: 400 }] } }, /make 400 of 10,000/],
      [{ colour: "blue" }, /Unrecognized key: "colour"/],
    ];
    for (const [change, says] of wrong) {
      write("draft.json", JSON.stringify({ ...draft, ...change }));
      await refused(create, says);
    }
    write("draft.json", JSON.stringify(draft));
    const before = listed();
    expect(await done(...create)).to.match(
      /guardians +3 of 5\nexecutors +2 of 2\nbequests +33\.34 % of everything else to 0x[\s\S]*Would send:\n +1\. seal the will +would succeed now/,
    );
    expect(listed()).to.deep.equal(before);
    await done(...create, "--durable", "--yes");
    expect(await state()).to.equal("sealed");
    await refused([...create, "--out", "again.json"], /will 0 exists already \(sealed\)/);
    await refused([...create, "--yes"], /will\.json exists already/);
  });

  it("create: a person whose file does not fit the chain is refused", async () => {
    const stranger = { ...(JSON.parse(read("anna.json")) as object), wallet: person(TESTATOR).address };
    mkdirSync(join(folder, "forged"));
    for (const name of ["ben.json", "clara.json", ...GUARDIANS.map((index) => `g${index}.json`)])
      write(join("forged", name), read(name));
    write("forged/anna.json", JSON.stringify(stranger));
    write("forged/draft.json", JSON.stringify({ ...(JSON.parse(read("draft.json")) as object), number: 1 }));
    const create = ["create", "--draft", "forged/draft.json", "--document", "will.txt", "--out", "forged/will.json"];
    await refused([...create, ...by(TESTATOR)], /is not bound to the encryption key in its file/);
    rmSync(join(folder, "forged"), { recursive: true });
  });

  it("accept: each heir itself, or signed and relayed together", async () => {
    const manifest = ["--manifest", "will.json"];
    expect(await done("accept", ...manifest, ...by(ANNA))).to.match(
      /record the acceptance of heir 1 +would succeed now/,
    );
    await done("accept", ...manifest, ...by(ANNA), "--yes");
    await refused(["accept", ...manifest, ...by(EXECUTOR)], /is no heir of this will/);
    await refused(["accept", ...manifest, ...by(CLARA)], /will\.json: .*(suite|not for this key)/i);
    const ben = ["--keystore", "ben.wallet", "--password-file", "password.txt"];
    await done("accept", ...manifest, ...ben, "--sign", "ben-accepts.json");
    const own = ["--encryption-key", "clara.key", "--encryption-password-file", "password.txt"];
    await done("accept", ...manifest, ...by(CLARA), ...own, "--sign", "clara-accepts.json");
    write("cut.json", read("ben-accepts.json").slice(0, 100));
    await refused(["accept", ...manifest, ...by(TESTATOR), "--relay", "cut.json"], /acceptance cut\.json is not JSON/);
    await done("accept", ...manifest, ...by(TESTATOR), "--relay", "ben-accepts.json", "clara-accepts.json", "--yes");
    expect(await state()).to.equal("active");
  });

  it("beat: directly, or signed and relayed", async () => {
    await travel(1);
    await done("beat", "--will", idOf(), ...by(TESTATOR), "--yes");
    await refused(["beat", "--will", idOf(), ...by(ANNA)], /WillNotTestator/);
    await travel(1);
    await done("beat", "--will", idOf(), ...by(TESTATOR), "--sign", "beat.json");
    expect(await done("beat", "--relay", "beat.json", ...by(ANNA), "--yes")).to.match(/✔ relay 1 heartbeat/);
    expect(await done("status", "--will", idOf())).to.match(
      /state +active[\s\S]*next +the testator: publica will beat/,
    );
  });

  it("witness: a notary signs at once; a witness signs, and somebody relays", async () => {
    const manifest = ["--manifest", "will.json"];
    const notary = ["witness", ...manifest, ...by(12), "--role", "notary"];
    expect(await done(...notary)).to.match(/record the signature of 0x\w+ as notary +would succeed now/);
    await done(...notary, "--yes");
    await done("witness", ...manifest, ...by(13), "--sign", "witness.json");
    write("forged.json", read("witness.json").replace('"role": "witness"', '"role": "notary"'));
    await refused(["witness", ...manifest, ...by(ANNA), "--relay", "forged.json"], /EvidenceSignatureInvalid/);
    write("cut.json", read("witness.json").slice(0, 90));
    await refused(["witness", ...manifest, ...by(ANNA), "--relay", "cut.json"], /testimony cut\.json is not JSON/);
    await done("witness", ...manifest, ...by(ANNA), "--relay", "witness.json", "--yes");
    await refused([...notary, "--sign", "x.json", "--relay", "witness.json"], /exclude each other/, 2);
  });

  it("status: an alarm and exit code 3 when a sign of life is due, or too few guardians gave one", async () => {
    expect((await status()).alarms).to.deep.equal([]);
    await travel(355);
    expect((await status()).alarms).to.deep.equal(["the next sign of life is due soon"]);
    await travel(10);
    expect((await status()).alarms[0]).to.match(/overdue/);
    await done("beat", "--will", idOf(), ...by(TESTATOR), "--yes");
    expect((await status()).alarms).to.deep.equal([]);
    await travel(40);
    const silent = await status();
    expect(silent.guardiansLive).to.deep.equal([]);
    expect(silent.alarms).to.have.lengthOf(1);
    expect(silent.alarms[0]).to.match(/^0 guardians live, 4 wanted: they sign with publica will health/);
  });

  it("health: heirs and guardians prove their shares, at once or relayed; then there is no alarm", async () => {
    const health = ["health", "--manifest", "will.json"];
    expect(await done(...health, "--rpc-account", person(4).address)).to.match(
      /record that the share of guardian 1 is still there +would succeed now/,
    );
    for (const index of [4, 5, 6]) await done(...health, "--rpc-account", person(index).address, "--yes");
    expect((await status()).guardiansLive).to.deep.equal([1, 2, 3]);
    await done(...health, "--rpc-account", person(7).address, "--sign", "healthy.json");
    await refused([...health, ...by(EXECUTOR)], /holds no share of this will/);
    await refused([...health, ...by(ANNA), "--as", "guardian"], /is no guardian of this will/);
    await done(...health, ...by(ANNA), "--sign", "anna-healthy.json");
    await done(...health, ...by(EXECUTOR), "--relay", "healthy.json", "anna-healthy.json", "--yes");
    expect(await status()).to.deep.include({ guardiansLive: [1, 2, 3, 4], alarms: [] });
    expect((await status("will.json", "--min-live", "5")).alarms[0]).to.match(/^4 guardians live, 5 wanted/);
    await refused(["status", "--manifest", "will.json", "--min-live", "6"], /more than the 5 guardians there are/, 2);
    await travel(2);
    write("late.json", read("healthy.json"));
    await refused([...health, ...by(EXECUTOR), "--relay", "late.json"], /EvidenceTimeWrong/);
  });

  let claimed = "will.json";
  const certify = async (index: number, out: string, ...more: string[]): Promise<string> =>
    done(
      "claim",
      "--manifest",
      claimed,
      ...by(index),
      "--certify",
      "will.txt",
      "--died",
      "2020-05-01",
      "--out",
      out,
      ...more,
    );

  const claim = async (prefix: string): Promise<void> => {
    await certify(12, `${prefix}1.json`);
    await certify(13, `${prefix}2.json`, "--beside", `${prefix}1.json`);
    await certify(14, `${prefix}3.json`, "--beside", `${prefix}1.json`);
    const files = [1, 2, 3].map((number) => `${prefix}${number}.json`);
    await done("claim", "--manifest", claimed, ...by(EXECUTOR), "--certificates", ...files, "--yes");
  };

  it("claim: registrars certify a salted hash; an overdue claim only when overdue", async () => {
    await refused(["claim", "--manifest", "will.json", ...by(EXECUTOR), "--overdue"], /WillNotOverdue/);
    await refused(["claim", "--manifest", "will.json", ...by(ANNA), "--overdue"], /is no executor of this will/);
    await refused(
      ["extend", "--manifest", "will.json", "--rpc-account", person(4).address],
      /the will is active: no window runs/,
    );
    await claim("false");
    const { state: now, alarms } = await status();
    expect(now).to.equal("claimed");
    expect(alarms).to.deep.equal(["a death is claimed: a testator who lives vetoes in 30 days at the latest"]);
    await refused(["extend", "--manifest", "will.json", ...by(ANNA)], /is no guardian of this will/);
    await done("extend", "--manifest", "will.json", "--rpc-account", person(4).address, "--yes");
    expect((await status()).alarms[0]).to.match(/vetoes in (59|60) days at the latest/);
    await refused(["publish", "--manifest", "will.json", "--rpc-account", person(4).address], /veto window ends in/);
  });

  it("veto: by the testator, or by the separate key", async () => {
    await refused(["veto", "--will", idOf(), ...by(ANNA)], /WillNotTestator/);
    await done("veto", "--manifest", "will.json", ...by(VETO_KEY), "--yes");
    expect(await state()).to.equal("active");
    await refused(["veto", "--will", idOf(), ...by(TESTATOR)], /WillStateWrong: The will is active: this is not/);
    await claim("second");
    await done("veto", "--will", idOf(), ...by(TESTATOR), "--yes");
    expect(await state()).to.equal("active");
    await refused(
      [
        "claim",
        "--manifest",
        "will.json",
        ...by(EXECUTOR),
        "--certificates",
        "second1.json",
        "second2.json",
        "second3.json",
      ],
      /second1\.json is of another will, version or claim/,
    );
  });

  it("publish: after the window, once final, and only when it is meant", async () => {
    const guardian = (index: number): string[] => [
      "publish",
      "--manifest",
      "will.json",
      "--rpc-account",
      person(index).address,
    ];
    await refused(guardian(4), /the will is active, not released/);
    await refused(["payout", "--manifest", "will.json", ...by(EXECUTOR)], /the will is active, not released/);
    await claim("true");
    await travel(31);
    expect(await done(...guardian(4))).to.match(/1\. release the will +would succeed now/);
    await done(...guardian(4), "--yes");
    expect(await state()).to.equal("released");
    await travel(0);
    expect(await done(...guardian(4))).to.match(/for ever +a published share cannot be taken back/);
    const asked: string[] = [];
    const declined = await publica([...guardian(4), "--yes"], async (question) => {
      asked.push(question);
      return "no";
    });
    expect(declined.code).to.equal(1);
    expect(declined.stderr).to.match(/not confirmed; nothing was sent/);
    expect(asked).to.deep.equal(["This cannot be undone: everybody will see your share.\nType publish to go on: "]);
    const confirmed = await publica([...guardian(4), "--yes"], async () => "publish");
    expect(confirmed.code, confirmed.stderr).to.equal(0);
    await refused(guardian(4), /WillShareAlreadyPublished/);
    await done(...guardian(5), "--yes");
  });

  it("open: needs every share, and names what is at fault", async () => {
    const manifest = ["--manifest", "will.json"];
    const ben = ["--keystore", "ben.wallet", "--password-file", "password.txt"];
    const clara = [...by(CLARA), "--encryption-key", "clara.key", "--encryption-password-file", "password.txt"];
    await done("share", ...manifest, ...ben, "--to", "anna.json", "--out", "from-ben.json");
    await done("share", ...manifest, ...clara, "--to", "anna.json", "--out", "from-clara.json");
    const open = ["open", ...manifest, ...by(ANNA), "--out", "opened.txt"];
    const shares = ["--share", "from-ben.json", "from-clara.json"];
    await refused([...open, ...shares], /Shares of guardians: 2 of the 3 shares needed are there/);
    await done("publish", ...manifest, "--rpc-account", person(7).address, "--yes");
    await refused([...open, "--share", "from-ben.json"], /Shares of heirs: 2 of the 3 shares needed are there/);
    await refused([...open, "--share", "from-ben.json", "from-ben.json"], /Shares of heirs: Share 2 was given twice/);

    const delivery = JSON.parse(read("from-ben.json")) as { envelope: string };
    const last = delivery.envelope.slice(-2) === "00" ? "01" : "00";
    write("altered.json", JSON.stringify({ ...delivery, envelope: delivery.envelope.slice(0, -2) + last }));
    await refused(
      [...open, "--share", "altered.json", "from-clara.json"],
      /altered\.json: The envelope is not for this key/,
    );
    write("cut.json", read("from-ben.json").slice(0, 80));
    await refused(
      [...open, "--share", "cut.json", "from-clara.json"],
      /share cut\.json is not JSON; it may be cut off/,
    );
    // Ben cannot read what was sealed for Anna.
    await refused(
      ["open", ...manifest, ...ben, "--share", "from-clara.json", "--out", "x.txt"],
      /from-clara\.json: The envelope is not/,
    );

    const { cid } = JSON.parse(read("will.json")) as { cid: string };
    const sealed = readFileSync(join(folder, "ciphertexts", cid));
    write("cut.pblv", sealed.subarray(0, -5));
    await refused([...open, ...shares, "--file", "cut.pblv"], /cut\.pblv: The sealed file (ends too early|is damaged)/);
    write(
      "altered.pblv",
      sealed.map((byte, at) => (at === 200 ? byte ^ 1 : byte)),
    );
    await refused(
      [...open, ...shares, "--file", "altered.pblv"],
      /altered\.pblv: The sealed file is damaged or altered/,
    );
    await refused([...open, ...shares, "--store", "elsewhere"], /The store does not hold/);
    write("old.json", read("will.json").replace('"version": 1', '"version": 2'));
    await refused(
      ["open", "--manifest", "old.json", ...by(ANNA), "--out", "x.txt"],
      /old\.json: The manifest is of version 2/,
    );
    write("altered-will.json", read("will.json").replace('"feeCapBps": 200', '"feeCapBps": 201'));
    await refused(
      ["open", "--manifest", "altered-will.json", ...by(ANNA), "--out", "x.txt"],
      /altered-will\.json: The manifest is not the one/,
    );
    write("cut-will.json", read("will.json").slice(0, 500));
    await refused(
      ["open", "--manifest", "cut-will.json", ...by(ANNA), "--out", "x.txt"],
      /cut-will\.json: The manifest is not JSON/,
    );

    await done(...open, ...shares, "--attest", "anna-opened.json");
    expect(read("opened.txt")).to.equal(DOCUMENT);
    expect(statSync(join(folder, "opened.txt")).mode & 0o077).to.equal(0);
    await refused([...open, ...shares], /opened\.txt exists already/);
    await done("share", ...manifest, ...by(ANNA), "--to", "ben.json", "--out", "anna-to-ben.json");
    await done("share", ...manifest, ...clara, "--to", "ben.json", "--out", "clara-to-ben.json");
    const also = [
      "--share",
      "anna-to-ben.json",
      "clara-to-ben.json",
      "--out",
      "ben.txt",
      "--attest",
      "ben-opened.json",
    ];
    await done("open", ...manifest, ...ben, ...also);
    await refused(["open", ...manifest, ...by(ANNA), "--record", "anna-opened.json"], /WillQuorumMissing/);
    await done("open", ...manifest, ...by(ANNA), "--record", "anna-opened.json", "ben-opened.json", "--yes");
    expect(await state()).to.equal("opened");
  });

  // ------------------------------------------------------------------ a second will, of which one heir is lost

  const second = ["--manifest", "second.json"];
  const ben = ["--keystore", "ben.wallet", "--password-file", "password.txt"];
  const clara = [...by(CLARA), "--encryption-key", "clara.key", "--encryption-password-file", "password.txt"];
  const guardian = (index: number): string[] => ["--rpc-account", person(index).address];

  it("lost: executor, guardians and two heirs open a will whose third heir is gone", async () => {
    const draft = JSON.parse(read("draft.json")) as { plan: { bequests: { heir: string; amount: number }[] } };
    // The last of them is a contract that takes no ETH.
    const heirs = [person(ANNA).address, person(BEN).address, addressOf(deployment, "WillRegistry")];
    const bequests = heirs.map((heir, at) => ({ kind: "fraction", heir, amount: [5_000, 3_000, 2_000][at] }));
    write("draft2.json", JSON.stringify({ ...draft, number: 1, plan: { ...draft.plan, bequests } }));
    const create = ["create", "--draft", "draft2.json", "--document", "will.txt", "--out", "second.json"];
    await done(...create, ...by(TESTATOR), "--cipher", "aes-256-gcm", "--yes");
    for (const heir of [by(ANNA), ben, clara]) await done("accept", ...second, ...heir, "--yes");
    await refused(["lost", ...second, ...by(EXECUTOR), "--propose", "3"], /HeirLossImpossible/);
    claimed = "second.json";
    await claim("third");
    await travel(31);
    await done("publish", ...second, ...guardian(4), "--yes");
    await refused(["lost", ...second, ...guardian(4), "--vote", "v.json"], /no heir is proposed as lost/);
    await travel(0);
    for (const index of [4, 6, 8]) await done("publish", ...second, ...guardian(index), "--yes");
    await done("share", ...second, ...ben, "--to", "anna.json", "--out", "second-from-ben.json");
    const open = ["open", ...second, ...by(ANNA), "--share", "second-from-ben.json", "--out", "second.txt"];
    await refused(open, /Shares of heirs: 2 of the 3 shares needed are there/);

    await refused(["lost", ...second, ...by(ANNA), "--propose", "3"], /is no executor of this will/);
    await refused(["lost", ...second, ...by(EXECUTOR), "--propose", "4"], /the will has 3 heirs; 4 is none/, 2);
    await refused(["lost", ...second, ...by(EXECUTOR)], /name one of --propose/, 2);
    await done("lost", ...second, ...by(EXECUTOR), "--propose", "3", "--yes");
    await refused(["lost", ...second, ...by(ANNA), "--object"], /HeirLossCallerNotNamed/);
    await refused(["lost", ...second, ...ben, "--object", "--sign", "x.json"], /heir 3 is said to be lost, not 2/);
    // Clara is there after all; Anna sends what Clara's share signed.
    await done("lost", ...second, ...clara, "--object", "--sign", "clara-is-there.json");
    await done("lost", ...second, ...by(ANNA), "--object", "--relay", "clara-is-there.json", "--yes");
    await refused(["lost", ...second, ...guardian(4), "--vote", "v.json"], /no heir is proposed as lost/);

    await done("lost", ...second, ...by(EXECUTOR), "--propose", "3", "--yes");
    await refused(
      ["lost", ...second, ...by(ANNA), "--object", "--relay", "clara-is-there.json"],
      /HeirLossCallerNotNamed/,
    );
    for (const index of [5, 6, 7]) await done("lost", ...second, ...guardian(index), "--vote", `vote${index}.json`);
    const votes = [5, 6, 7].map((index) => `vote${index}.json`);
    const confirm = ["lost", ...second, ...by(ANNA), "--confirm"];
    await refused([...confirm, ...votes], /HeirLossTooEarly/);
    await refused(["publish", ...second, ...guardian(5), "--escrow"], /no heir's loss is confirmed/);
    await travel(60);
    await refused([...confirm, ...votes.slice(1)], /HeirLossQuorumMissing/);
    await refused([...confirm, ...votes, "vote5.json"], /vote5\.json is a second vote of guardian 2/);
    write("stale.json", read("vote5.json").replace(/"proposedAt": \d+/, '"proposedAt": 1'));
    await refused([...confirm, "stale.json"], /stale\.json is about another proposal/);
    await done(...confirm, ...votes, "--yes");
    for (const index of [5, 6]) await done("publish", ...second, ...guardian(index), "--escrow", "--yes");
    await refused(open, /Shares of the escrow key: 2 of the 3 shares needed are there/);
    await done("publish", ...second, ...guardian(7), "--escrow", "--yes");
    expect(await done("status", ...second)).to.match(/lost heir +3, confirmed; 3 guardians published/);
    await done(...open);
    expect(read("second.txt")).to.equal(DOCUMENT);
  });

  /** Two executors pay the undertaker 1 ETH, then assent that heirs are paid before the administration is over. */
  async function executorsPay(vault: Hex): Promise<void> {
    const client = await connection.viem.getPublicClient();
    const undertaker = person(31).address;
    write("invoice.txt", "one oak coffin");
    const pay = (index: number, ...more: string[]) => ["pay", ...second, ...by(index), ...more];
    const terms = ["--to", undertaker, "--amount", String(parseEther("1")), "--invoice", "invoice.txt"];
    const sign = pay(EXECUTOR, ...terms, "--deadline", "2199-01-01", "--out", "p1.json");
    await refused(pay(ANNA, ...sign.slice(5)), /is no executor of this will/);
    await refused(pay(EXECUTOR, "--out", "p1.json"), /name --deadline/, 2);
    await refused(pay(EXECUTOR), /name --out FILE to sign, or --send FILES/, 2);
    expect(await done(...sign)).to.match(new RegExp(`signed +pay 1 ETH to ${undertaker}`));
    await refused(pay(ANNA, "--send", "p1.json"), /EstateQuorumMissing/);
    await done(...pay(SECOND_EXECUTOR, "--as", "p1.json", "--out", "p2.json"));
    write("other.json", read("p2.json").replace(String(parseEther("1")), String(parseEther("2"))));
    await refused(pay(ANNA, "--send", "p1.json", "other.json"), /other\.json is about something else than p1\.json/);
    const declined = await publica(pay(ANNA, "--send", "p1.json", "p2.json", "--yes"), async () => "no");
    expect(declined.stderr).to.match(/not confirmed; nothing was sent/);
    await done(...pay(ANNA, "--send", "p1.json", "p2.json", "--yes"));
    expect(await client.getBalance({ address: undertaker })).to.equal(parseEther("1"));
    expect(await client.getBalance({ address: vault })).to.equal(parseEther("9"));
    await refused(pay(ANNA, "--send", "p1.json", "p2.json"), /EstateSignatureInvalid/);
    await done(...pay(SECOND_EXECUTOR, "--assent", "--deadline", "2199-01-01", "--out", "a1.json"));
    await done(...pay(EXECUTOR, "--as", "a1.json", "--out", "a2.json"));
    await done(...pay(ANNA, "--send", "a1.json", "a2.json", "--yes"));
  }

  it("payout: anyone makes the vault, begins, and pays; who cannot be paid holds up nobody", async () => {
    const client = await connection.viem.getPublicClient();
    const { vault } = (await status("second.json")) as unknown as { vault: Hex };
    const [rich] = await connection.viem.getWalletClients();
    await mined((await rich?.sendTransaction({ to: vault, value: parseEther("10") })) as Hash);
    await refused(["payout", "--manifest", "will.json", ...by(EXECUTOR), "--to", "0x12"], /An address is 0x/, 2);
    const payout = ["payout", ...second, ...by(EXECUTOR)];
    await refused(
      ["pay", ...second, ...by(EXECUTOR), "--assent", "--deadline", "2199-01-01", "--out", "x.json"],
      /the vault is not made yet/,
    );
    expect(await done(...payout)).to.match(
      /1\. make the vault +would succeed now\n +2\. begin the settlement .*not tried.*\n +3\. open the book of ETH/,
    );
    await done(...payout, "--yes");
    expect(await done(...payout)).to.match(/heirs are paid +from .*, in (59|60) days\nNothing to send/);
    await executorsPay(vault);
    const elsewhere = person(30).address;
    const mine = await done("payout", ...second, ...ben, "--to", elsewhere);
    expect(mine).to.match(new RegExp(`pay 2.7 ETH to ${elsewhere} +would succeed now`));
    expect(mine).to.match(/not now +pay 1.8 ETH to 0x\w+: EstateTransferFailed/);
    await done("payout", ...second, ...ben, "--to", elsewhere, "--yes");
    expect(await client.getBalance({ address: elsewhere })).to.equal(parseEther("2.7"));
    expect(await client.getBalance({ address: vault })).to.equal(parseEther("1.8"));
    expect(await done(...payout)).to.match(/not now +pay 1.8 ETH[\s\S]*Nothing to send/);
  });

  it("dispute: a false share that was handed over convicts who signed it; a right one nobody", async () => {
    const dispute = ["dispute", ...second, ...by(ANNA), "--delivery"];
    await refused([...dispute, "second-from-ben.json"], /second-from-ben\.json holds the right share/);
    const manifest = parseManifest(read("second.json"));
    const { willId, version, chainId } = manifest;
    const deliver = async (sender: number, file: string) => {
      const fields = { id: willId, version, index: 2, to: person(ANNA).address, share: 12_345n };
      const data = willTypedData(chainId, addressOf(deployment, "WillEvidence"), "ShareDelivery", fields);
      const signature = await person(sender).signTypedData(data as never);
      const { suite, publicKey } = JSON.parse(read("anna.json")) as { suite: "x25519"; publicKey: Hex };
      const plaintext = hexToBytes(concat([toHex(fields.share, { size: 32 }), signature]));
      const info = deliveryInfo(willId, version, 2, fields.to);
      const envelope = await sealEnvelope({ suite, publicKey, plaintext, info });
      const { index, to } = fields;
      write(file, JSON.stringify({ format: "publica/share-delivery/1", willId, version, index, to, envelope }));
    };
    await deliver(BEN, "false.json");
    await refused(
      ["open", ...second, ...by(ANNA), "--share", "false.json", "--out", "x.txt"],
      /false\.json holds a false share of heir 2/,
    );
    await done(...dispute, "false.json", "--yes");
    await deliver(CLARA, "slander.json");
    await refused([...dispute, "slander.json"], /slander\.json is not signed by heir 2/);
    await refused(["dispute", ...second, ...by(ANNA)], /second\.json names every share as it was committed to/);
  });

  it("leak: whoever finds a guardian's share proves it without showing it; the status raises the alarm", async () => {
    write("draft3.json", JSON.stringify({ ...(JSON.parse(read("draft.json")) as object), number: 2 }));
    const create = ["create", "--draft", "draft3.json", "--document", "will.txt", "--out", "third.json"];
    await done(...create, ...by(TESTATOR), "--yes");
    const data = encryptionKeyTypedData(person(8).address, "x25519") as never;
    const [first, again] = [await person(8).signTypedData(data), await person(8).signTypedData(data)];
    const key = await deriveEncryptionKey("x25519", first, again);
    const { release } = await openGuardianShares(parseManifest(read("third.json")), 5, key);
    found = toHex(release.scalar, { size: 32 });
    write("found.txt", `${found}\n`);
    const leak = ["leak", "--manifest", "third.json", ...by(EXECUTOR), "--share-file"];
    write("other.txt", toHex(1n, { size: 32 }));
    await refused([...leak, "other.txt"], /the share in other\.txt is no guardian's of version 1/);
    await refused([...leak, "will.txt"], /will\.txt holds no share/);
    await done(...leak, "found.txt", "--yes");
    const { alarms, guardiansLive } = await status("third.json");
    expect(guardiansLive).to.deep.equal([1, 2, 3, 4]);
    expect(alarms).to.deep.equal([
      "the share of guardian 5 leaked: the testator deals anew, publica will create --supersede",
    ]);
  });

  it("create --supersede: a codicil; the old manifest is refused by name", async () => {
    await refused(
      ["create", "--draft", "draft3.json", "--document", "will.txt", "--out", "x.json", ...by(TESTATOR)],
      /will 2 exists already/,
    );
    const codicil = ["create", "--supersede", "--draft", "draft3.json", "--document", "will.txt"];
    await done(...codicil, "--out", "third-2.json", ...by(TESTATOR), "--yes");
    await refused(["accept", "--manifest", "third.json", ...by(ANNA)], /third\.json: The manifest is of version 1/);
    expect((await status("third-2.json")).alarms).to.deep.equal([]);
  });

  it("dispute: a dealer who names a wrong share is found at acceptance, and shown on chain", async () => {
    const honest = parseManifest(read("third-2.json"));
    const willId = willIdOf(person(TESTATOR).address, 3n);
    const heirs = honest.heirs.map((heir, at) => (at === 1 ? { ...heir, share: person(EXECUTOR).address } : heir));
    const faulty = { ...honest, heirs, willId, version: 1 };
    const [wallet] = await connection.viem.getWalletClients({ account: person(TESTATOR).address } as never);
    if (wallet === undefined) throw new Error("the chain has too few accounts");
    await mined(await createWill(wallet, { registry: honest.registry, manifest: faulty }));
    write("faulty.json", formatManifest(faulty));
    await refused(
      ["accept", "--manifest", "faulty.json", ...by(ANNA)],
      /faulty\.json: The share of heir 2 is not on the committed polynomial/,
    );
    expect(await done("dispute", "--manifest", "faulty.json", ...by(ANNA), "--yes")).to.match(
      /✔ prove that the share of heir 2 is off the committed polynomial/,
    );
  });

  it("revoke: for ever, and only when it is meant", async () => {
    const id = (JSON.parse(read("third-2.json")) as { willId: string }).willId;
    await refused(["revoke", "--will", id, ...by(ANNA)], /WillNotTestator/);
    const declined = await publica(["revoke", "--will", id, ...by(TESTATOR), "--yes"], async () => "yes");
    expect(declined.stderr).to.match(/not confirmed; nothing was sent/);
    await done("revoke", "--will", id, ...by(TESTATOR), "--yes");
    expect(await done("status", "--will", id)).to.match(/state +revoked/);
    await refused(["accept", "--manifest", "third-2.json", ...by(ANNA)], /revoked/);
  });

  it("all that happened above is told by name by inspect tx, the vault's calls and events too", async () => {
    const names = await inspectedNames(url, addressesPath(ID));
    expect([...names]).to.include.members([
      "WillRegistry.WillSealed",
      "WillRegistry.WillReleased",
      "WillEvidence.recordWitness",
      "HeirLoss.HeirLossConfirmed",
      "EstateVaultFactory.EstateVaultCreated",
      "EstateVault.EstateBequestPaid",
    ]);
  });

  it("nothing secret was printed, and nothing was left but what was asked for", () => {
    const secrets = [...Object.values(env).map((key) => key.slice(2)), found.slice(2), PASSWORD, DOCUMENT.trim()];
    for (const secret of secrets) expect(said).not.to.contain(secret);
    const open = ["will.txt", "opened.txt", "ben.txt", "second.txt", "found.txt", "password.txt"];
    for (const [name, hex] of listed()) {
      if (open.includes(name)) continue;
      for (const secret of secrets) {
        expect(hex, name).not.to.contain(Buffer.from(secret).toString("hex"));
        if (/^[0-9a-f]{64}$/.test(secret)) expect(hex, name).not.to.contain(secret);
      }
    }
    expect(listed().filter(([name]) => /(^|\/)\./.test(name) || /tmp|partial/.test(name))).to.deep.equal([]);
  });
});
