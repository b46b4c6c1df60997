import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "@commander-js/extra-typings";
import { expect } from "chai";
import { createProgram, VERSION } from "../src/main.ts";
import { publica } from "./harness.ts";

const BIN = fileURLToPath(new URL("../bin/publica.cjs", import.meta.url));

function leaves(command: Command, path = "publica"): { path: string; command: Command }[] {
  const children = command.commands as readonly Command[];
  if (children.length === 0) return [{ path, command }];
  return children.flatMap((child) => leaves(child, `${path} ${child.name()}`));
}

const program = createProgram({
  stdout: () => {},
  stderr: () => {},
  env: {},
  cwd: ".",
  askSecret: undefined,
});

describe("the command line", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "publica-cli-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { path, command } of leaves(program)) {
    it(`${path} explains itself with an example, and can speak JSON`, async () => {
      const { code, stdout, stderr } = await publica([...path.split(" ").slice(1), "--help"]);
      expect(code).to.equal(0);
      expect(stderr).to.equal("");
      expect(stdout).to.match(new RegExp(`^Usage: ${path}`));
      expect(stdout).to.match(new RegExp(`\nExample: ${path}`));
      expect(command.options.map(({ long }) => long)).to.include("--json");
    });
  }

  for (const path of ["", ...program.commands.filter(({ commands }) => commands.length > 0).map((one) => one.name())]) {
    it(`publica ${path} explains itself with an example`, async () => {
      const { code, stdout } = await publica([...path.split(" ").filter((word) => word !== ""), "--help"]);
      expect(code).to.equal(0);
      expect(stdout).to.contain("Example: publica");
    });
  }

  it("says its version", async () => {
    expect(await publica(["--version"])).to.deep.equal({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  const HASH = `0x${"12".repeat(32)}`;
  const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const wrong: [args: string, says: RegExp][] = [
    ["", /publica needs one of inspect, doctor/],
    ["inspect", /publica inspect needs one of tx, address, feed, credential/],
    ["inspekt", /unknown command 'inspekt' \(Did you mean inspect\?\)/],
    ["inspect tx", /missing required argument 'hash'/],
    ["inspect tx 0x12", /A hash is 0x and 64 hex digits/],
    [`inspect tx ${HASH} more`, /too many arguments/],
    ["inspect address 0x12", /An address is 0x and 40 hex digits/],
    ["inspect address 0x70997970c51812dc3A010C7d01b50e0d17dc79C8", /checksum/],
    [`inspect address ${ADDRESS} --blocks 0`, /whole number from 1/],
    ["inspect feed 0x12", /its id of 0x and 64 hex digits/],
    ["inspect feed --rounds many", /whole number from 1 to 32768/],
    ["inspect feed --value x", /It takes a whole number/],
    ["inspect feed --rpc ftp://x", /An endpoint is a URL/],
    ["inspect feed --rpc", /argument missing/],
    ["inspect feed --nope", /unknown option '--nope'/],
    [`inspect credential 0x12 ${ADDRESS}`, /no credential type/],
    ["doctor --account me", /An address is 0x/],
    ["deploy", /required option '--network <name>'/],
    [`will beat --will ${HASH} --sign a --relay b`, /--sign and --relay exclude each other/],
    ["completion tcsh", /Allowed choices are bash, zsh, fish/],
    ["insure", /publica insure needs one of status, quote/],
    ["insure status --series 0", /whole number above zero/],
    ["insure status --series 1 --policy 1", /cannot be used with/],
    ["insure quote --series 1", /required option '--buyer/],
    [`insure quote --series 1 --buyer ${ADDRESS} --sum 0 --premium 1`, /An amount is a number above zero/],
    ["insure settle --series x", /whole number above zero/],
    ["insure settle --series 1 --season 0x1", /pairs of hex digits/],
    ["insure withdraw --all --serve 1", /cannot be used with/],
    ["insure withdraw", /name --shares AMOUNT, --all or --serve N/],
    ["community", /publica community needs one of status, kpis, report, confirm, open, accept/],
    ["community status --fault limits", /--fault goes with --device/],
    ["community status --device 0", /whole number from 1/],
    ["community status --device 1 --fault noise", /Allowed choices are limits, silence, reported/],
    ["community accept", /required option '--device <no>'/],
    [`community claim --device 1 --evidence ${HASH} --code 1.2`, /class\.mode\.cause/],
    [`community claim --device 1 --evidence ${HASH} --code 1.2.256`, /class\.mode\.cause/],
    ["community claim --device 1 --code 1.2.3 --evidence 0x12", /A hash is 0x and 64 hex digits/],
    ["community prove --device 1", /required option '--readings <file>'/],
    ["community collect --crew 65536", /whole number from 1 to 65535/],
    ["insure backtest --csv x --column a --attachment 1 --exit 2", /required option '--kind <kind>'/],
    ["insure backtest --csv x --column a --kind mean --attachment 1 --exit 2", /Allowed choices are sum/],
    ["insure backtest --csv x --column a --kind daysAbove --attachment 1 --exit 2", /needs a --threshold/],
    ["insure backtest --csv x --column a --kind sum --attachment one --exit 2", /It takes a number/],
    ["insure backtest --csv x --column a --kind sum --attachment 1 --exit 2 --from 02-30", /MM-DD/],
    ["insure backtest --csv x --column a --kind sum --attachment 1 --exit 2 --loading lots", /It takes a percentage/],
  ];
  for (const [line, says] of wrong) {
    it(`refuses "publica ${line}" with one sentence and exit code 2`, async () => {
      const args = line.split(" ").filter((word) => word !== "");
      const { code, stdout, stderr } = await publica(args);
      expect(code).to.equal(2);
      expect(stdout).to.equal("");
      expect(stderr).to.match(says);
      expect(stderr.trim().split("\n")).to.have.length(2);
      expect(stderr).to.match(/→ publica.* --help shows how\.\n$/);

      const json = await publica([...args, "--json"]);
      expect(json.code).to.equal(2);
      expect(json.stderr).to.equal("");
      expect(JSON.parse(json.stdout).error).to.include.keys("code", "message", "remedy");
    });
  }

  it("says that nothing answers, without repeating a key in the endpoint's path", async () => {
    const { code, stderr } = await publica(["insure", "status", "--rpc", "http://127.0.0.1:9/v2/my-secret"]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^error http:\/\/127\.0\.0\.1:9\/… does not answer/);
    expect(stderr).to.not.contain("my-secret");
  });

  it("deploys only from a clone", async () => {
    const { code, stderr } = await publica(["deploy", "--network", "sepolia"], { cwd: folder });
    expect(code).to.equal(1);
    expect(stderr).to.contain("is not inside a clone of the repository");
  });

  it("hands a deployment to the clone it stands in, with its flags, output and exit code", async () => {
    const clone = join(folder, "clone");
    mkdirSync(join(clone, "scripts"), { recursive: true });
    mkdirSync(join(clone, "contracts"));
    writeFileSync(join(clone, "scripts", "deploy.ts"), "");
    writeFileSync(
      join(clone, "scripts", "bootstrap.cjs"),
      `console.log(process.argv.slice(2).join(" ")); console.error("error " + process.env.WHO); process.exit(Number(process.env.CODE));`,
    );
    const around = { cwd: join(clone, "contracts"), env: { ...process.env, WHO: "no funds", CODE: "0" } };
    const script = join("scripts", "deploy.ts");
    expect(await publica(["deploy", "--network", "op"], around)).to.deep.equal({
      code: 0,
      stdout: `${script} --network op\n`,
      stderr: "error no funds\n",
    });
    const all = ["deploy", "--network", "op", "--as", "x", "--module", "Coop.ts", "--record"];
    const flags = `--network op --as x --module ${join(around.cwd, "Coop.ts")} --record`;
    const failing = { ...around, env: { ...around.env, CODE: "3" } };
    expect(await publica(all, failing)).to.deep.equal({
      code: 3,
      stdout: `${script} ${flags}\n`,
      stderr: "error no funds\n",
    });
    const json = await publica([...all, "--json"], failing);
    expect(json.code).to.equal(1);
    const [line = "", ...rest] = json.stdout.split("\n");
    expect(line).to.equal(`${script} ${flags} --json`);
    expect(JSON.parse(rest.join("\n")).error).to.include({ code: "CliFailure", message: "no funds" });
  });

  describe("the program file", () => {
    it("runs as a command", () => {
      const { status, stdout } = spawnSync(process.execPath, [BIN, "--version"], { encoding: "utf8" });
      expect(status).to.equal(0);
      expect(stdout).to.equal(`${VERSION}\n`);
    });

    it("says on an old Node what to do, or goes on with the one the clone has fetched", () => {
      const copy = join(folder, "old", "packages", "cli", "bin", "publica.cjs");
      mkdirSync(dirname(copy), { recursive: true });
      cpSync(BIN, copy);
      const old = `Object.defineProperty(process.versions, "node", { value: "12.22.0" }); require(${JSON.stringify(copy)})`;
      const alone = spawnSync(process.execPath, ["-e", old], { encoding: "utf8" });
      expect(alone.status).to.equal(1);
      expect(alone.stderr).to.match(
        /^publica: Node 12\.22\.0 is too old \(22\.18 or newer is needed\)\. Run npm run build/,
      );

      const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
      const fetched = join(folder, "old", ".node", "node_modules", name, "bin");
      mkdirSync(fetched, { recursive: true });
      symlinkSync(process.execPath, join(fetched, process.platform === "win32" ? "node.exe" : "node"));
      const helped = spawnSync(process.execPath, ["-e", old], { encoding: "utf8" });
      expect(helped.status).to.equal(1);
      expect(helped.stderr).to.match(/^publica: the contracts' ABIs have not been generated yet\. Run npm run build/);
    });
  });
});
