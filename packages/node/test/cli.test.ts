import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decryptKeystore } from "../src/runtime/index.ts";
import { NODE_COMPILE_CACHE } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { createIntakeFixture } from "./support/intake.ts";

const CLI = join(import.meta.dirname, "..", "src", "oracle", "cli.ts");

describe("publica-node", function () {
  this.timeout(900_000);
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", CLI, ...args],
      {
        cwd: folder.path("."),
        encoding: "utf8",
        env: { ...process.env, NODE_COMPILE_CACHE },
        timeout: 300_000,
      },
    );
    return { status, stdout, stderr };
  };

  it("init makes a configuration that is valid and a key that only its password opens; check says what is not there", () => {
    expect(run("init").status).to.equal(0);
    const password = readFileSync(folder.path("node-key.json.password"), "utf8").trim();
    expect(decryptKeystore(readFileSync(folder.path("node-key.json"), "utf8"), password)).to.match(/^0x[0-9a-f]{64}$/);
    if (process.platform !== "win32") expect(statSync(folder.path("node-key.json")).mode & 0o077).to.equal(0);
    expect(run("init"), "nothing is overwritten").to.include({ status: 1 });
    writeFileSync(
      folder.path("node.yaml"),
      readFileSync(folder.path("node.yaml"), "utf8").replace("http://127.0.0.1:8545", "http://127.0.0.1:9"),
    );
    const check = run("check");
    expect(check.status).to.equal(1);
    expect(check.stdout)
      .to.match(/✖ +endpoint 127\.0\.0\.1:9/)
      .and.to.match(/✔ +database +data\/node\.db will be made/);
    const findings = JSON.parse(run("check", "--json").stdout) as { what: string; fine: boolean }[];
    expect(findings.find(({ what }) => what.includes("127.0.0.1:9"))?.fine).to.equal(false);
    const status = run("status", "--url", "http://127.0.0.1:9");
    expect(status).to.include({ status: 1 });
    expect(status.stderr).to.match(/no node answers at/);
  });

  it("a wrong command, option or number prints the usage and exits with 2", () => {
    for (const args of [
      ["fly"],
      ["run", "--fast"],
      ["simulate", "--devices", "many"],
      ["simulate", "--behaviours", "evil"],
      [],
    ])
      expect(run(...args).status, args.join(" ")).to.equal(2);
    expect(run("--help").status).to.equal(0);
    for (const command of ["init", "check", "run", "status", "export", "simulate"]) {
      const { status, stdout } = run(command, "--help");
      expect(status, command).to.equal(0);
      expect(stdout).to.contain(`Usage: publica-node ${command} `).and.to.contain("Example: publica-node");
    }
  });

  it("a mistake in the configuration is named with its place, without a stack", () => {
    writeFileSync(folder.path("node.yaml"), "chain: { id: one }\n");
    const { status, stderr } = run("run");
    expect(status).to.equal(1);
    expect(stderr).to.contain("chain.id").and.not.to.contain("    at ");
  });

  it("export gives what is stored as JSON lines, also while a node runs", async () => {
    run("init");
    const early = run("export");
    expect(early.status).to.equal(1);
    expect(early.stderr).to.contain("cannot be opened").and.not.to.contain("    at ");
    const { intake, close } = createIntakeFixture(folder.path("data/node.db"));
    await intake.offer({ source: "test", bytes: Buffer.from("hello") });
    const { status, stdout } = run("export", "--what", "quarantine");
    close();
    expect(status).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ reason: "malformed", message: Buffer.from("hello").toString("base64") });
    expect(run("export", "--what", "secrets").status).to.equal(2);
  });

  it("simulate prints the keys to register, the same for the same seed", () => {
    const [first, second] = [run("simulate", "--keys", "--devices", "3"), run("simulate", "--keys", "--devices", "3")];
    expect(first.stdout).to.equal(second.stdout);
    expect(first.stdout.trim().split("\n").length).to.equal(3);
  });
});
