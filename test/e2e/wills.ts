import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { addressOf, appointIssuer, credentialType, type Deployment, grantCredential } from "@publica/sdk";
import { expect } from "chai";
import { encryptKeystoreJsonSync } from "ethers";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import { type Hash, type Hex, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { main } from "../../packages/cli/src/main.ts";
import { type Connection, connectLocal } from "../../scripts/lib/chain.ts";
import { addressesPath, deploySuite } from "../../scripts/lib/deployment.ts";

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
  const state = async (): Promise<string> =>
    (JSON.parse(await done("status", "--manifest", "will.json", "--json")) as { state: string }).state;
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
    const { mode } = statSync(join(folder, "clara.key"));
    expect(mode & 0o077).to.equal(0);
  });

  it("create: shows first, and writes manifest and sealed file before it seals", async () => {
    const template = JSON.parse(await done("create", "--template")) as Record<string, unknown>;
    expect(template).to.include.keys("heirs", "guardians", "terms", "plan");
    write("draft.json", JSON.stringify({ ...template, heirs: ["anna.json", "nobody.json"] }));
    const create = ["create", "--draft", "draft.json", "--document", "will.txt", ...by(TESTATOR)];
    await refused(create, /nobody\.json cannot be read/);
    write("draft.json", JSON.stringify({ ...template, vetoKey: "0x12" }));
    await refused(create, /draft draft\.json is wrong at vetoKey: an address is 0x/);
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
    write("draft.json", JSON.stringify(draft));
    const before = listed();
    expect(await done(...create)).to.match(
      /guardians +3 of 5[\s\S]*Would send:\n +1\. seal the will +would succeed now/,
    );
    expect(listed()).to.deep.equal(before);
    await done(...create, "--durable", "--yes");
    expect(await state()).to.equal("sealed");
    await refused([...create, "--out", "again.json"], /will 0 exists already \(sealed\)/);
    await refused([...create, "--yes"], /will\.json exists already/);
  });

  it("create: a person whose file does not fit the chain is refused", async () => {
    const stranger = { ...(JSON.parse(read("anna.json")) as object), wallet: person(CLARA).address };
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

  const certify = async (index: number, out: string, ...more: string[]): Promise<string> =>
    done(
      "claim",
      "--manifest",
      "will.json",
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
    await done("claim", "--manifest", "will.json", ...by(EXECUTOR), "--certificates", ...files, "--yes");
  };

  it("claim: registrars certify a salted hash; an overdue claim only when overdue", async () => {
    await refused(["claim", "--manifest", "will.json", ...by(EXECUTOR), "--overdue"], /WillNotOverdue/);
    await refused(["claim", "--manifest", "will.json", ...by(ANNA), "--overdue"], /is no executor of this will/);
    await claim("false");
    expect(await state()).to.equal("claimed");
    await refused(["publish", "--manifest", "will.json", "--rpc-account", person(4).address], /veto window ends in/);
  });

  it("veto: by the testator, or by the separate key", async () => {
    await refused(["veto", "--will", idOf(), ...by(ANNA)], /WillNotTestator/);
    await done("veto", "--manifest", "will.json", ...by(VETO_KEY), "--yes");
    expect(await state()).to.equal("active");
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

  it("nothing secret was printed, and nothing was left but what was asked for", () => {
    const secrets = [...Object.values(env).map((key) => key.slice(2)), PASSWORD, DOCUMENT.trim()];
    for (const secret of secrets) expect(said).not.to.contain(secret);
    const open = ["will.txt", "opened.txt", "ben.txt", "password.txt"];
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
