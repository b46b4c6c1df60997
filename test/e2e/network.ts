import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import { generatePrivateKey } from "viem/accounts";
import type { RainStory } from "../../scripts/lib/rain.ts";
import { runScript } from "../utils/process.ts";

/** The first account of Hardhat's own chain; public, for tests only. */
const FUNDED = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const SEPOLIA = 11_155_111;

/** Runs `script` against what SEPOLIA_RPC_URL says is Sepolia. */
function against(url: string, key: string, script: string, args: readonly string[] = []) {
  return runScript(script, ["--network", "sepolia", ...args], { SEPOLIA_RPC_URL: url, SEPOLIA_PRIVATE_KEY: key });
}

describe("a chain of one's own choice", () => {
  let sepolia: JsonRpcServer;
  let other: JsonRpcServer;
  let url: string;
  let otherUrl: string;

  // A deployment of the developer's own is put aside meanwhile.
  const folder = new URL(`../../deploy/deployments/sepolia-${SEPOLIA}`, import.meta.url);
  const aside = new URL(`../../deploy/deployments/sepolia-${SEPOLIA}.aside`, import.meta.url);

  before(async () => {
    if (existsSync(folder)) await rename(folder, aside);
    sepolia = await hre.network.createServer({ network: "default", override: { chainId: SEPOLIA } }, "127.0.0.1");
    other = await hre.network.createServer("default", "127.0.0.1");
    url = `http://127.0.0.1:${(await sepolia.listen()).port}`;
    otherUrl = `http://127.0.0.1:${(await other.listen()).port}`;
  });

  after(async () => {
    await sepolia.close();
    await other.close();
    await rm(folder, { recursive: true, force: true });
    if (existsSync(aside)) await rename(aside, folder);
  });

  for (const script of ["deploy.ts", "start.ts"]) {
    const what = script === "deploy.ts" ? "npm run deploy" : "npm start";

    it(`${what} says in one sentence that the chain is not there`, async () => {
      const { code, stderr } = await against("http://127.0.0.1:9", FUNDED, script);
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/^error network sepolia does not answer .*endpoint/);
    });

    it(`${what} says that the chain is another one`, async () => {
      const { code, stderr } = await against(otherUrl, FUNDED, script);
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/^error .*(11155111|another chain)/);
    });

    it(`${what} says that the account has no funds`, async () => {
      const { code, stderr } = await against(url, generatePrivateKey(), script);
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/^error account 0x[0-9a-fA-F]{40} has no funds on sepolia/);
    });

    it(`${what} says that the key is no key, without printing it`, async () => {
      const { code, stderr } = await against(url, "0x1234beef", script);
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/^error .*key/);
      expect(stderr).to.not.contain("1234beef");
    });

    it(`${what} names a network that is not configured`, async () => {
      const { code, stderr } = await runScript(script, ["--network", "nowhere"]);
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/there is no network nowhere; hardhat.config.ts has .*sepolia/);
    });

    it(`${what} says which variable is not set`, async () => {
      const { code, stderr } = await runScript(script, ["--network", "sepolia"], {
        SEPOLIA_RPC_URL: "",
        SEPOLIA_PRIVATE_KEY: "",
      });
      expect(code).to.equal(1);
      expect(lastLine(stderr)).to.match(/SEPOLIA_RPC_URL/);
    });
  }

  it("npm run deploy without a network prints its usage and exits with 2", async () => {
    const { code, stderr } = await runScript("deploy.ts", []);
    expect(code).to.equal(2);
    expect(stderr).to.contain("Usage: npm run deploy");
  });

  it("deploy, roles and start tell a machine what is wrong, too", async () => {
    const calls: readonly (readonly [args: readonly string[], error: object])[] = [
      [["--nope"], { code: "Usage", exitCode: 2 }],
      [["--network", "nowhere"], { code: "ChainProblem", exitCode: 1 }],
    ];
    for (const script of ["deploy.ts", "roles.ts", "start.ts"])
      for (const [args, error] of calls) {
        const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
        const told = JSON.parse(stdout) as { error: { message: string; exitCode: number } };
        expect(told.error, `${script} ${args.join(" ")}`).to.include(error);
        expect(told.error.message).to.match(/nope|nowhere/);
        expect([code, stderr]).to.deep.equal([told.error.exitCode, ""]);
      }
  });

  it("npm run deploy records the addresses, and a second run changes nothing", async () => {
    const first = await against(url, FUNDED, "deploy.ts", ["--json"]);
    expect(first.code, first.stderr).to.equal(0);
    const before = await blockNumber(url);
    const second = await against(url, FUNDED, "deploy.ts", ["--json"]);
    expect(second.code, second.stderr).to.equal(0);
    expect(JSON.parse(second.stdout)).to.deep.equal(JSON.parse(first.stdout));
    expect(await blockNumber(url)).to.equal(before);
    expect(existsSync(new URL(`../../deploy/deployments/sepolia-${SEPOLIA}/addresses.json`, import.meta.url))).to.equal(
      true,
    );
  });

  it("npm start --network tells the same story there", async () => {
    const { code, stdout, stderr } = await against(url, FUNDED, "start.ts", ["--season", "2014", "--json"]);
    expect(code, stderr).to.equal(0);
    const story = JSON.parse(stdout) as RainStory;
    expect(story.policies.map(({ payoutBps }) => payoutBps > 0)).to.deep.equal([true, true, false]);
  });

  it("an endpoint that answers nonsense is named, not crashed on", async () => {
    const nonsense = createServer((_, response) => response.end("<html>not a node</html>"));
    await new Promise<void>((resolve) => nonsense.listen(0, "127.0.0.1", resolve));
    const { port } = nonsense.address() as AddressInfo;
    const { code, stderr } = await against(`http://127.0.0.1:${port}`, FUNDED, "deploy.ts");
    nonsense.close();
    expect(code).to.equal(1);
    expect(lastLine(stderr)).to.match(/^error network sepolia does not answer/);
  });
});

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

async function blockNumber(url: string): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return ((await response.json()) as { result: string }).result;
}
