import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { privateKeyToAccount } from "viem/accounts";
import { connectLocal, type LocalChain, startLocalChain } from "../../scripts/lib/chain.ts";
import { addressesPath, deploySuite } from "../../scripts/lib/deployment.ts";
import { lockedVersion, NODE_STAGE, packStaged, stageNode, stagePackage } from "../../scripts/lib/package.ts";
import { binary, ROOT } from "../../scripts/lib/run.ts";
import { npm } from "../../scripts/lib/tools.ts";

const run = promisify(execFile);
const CONSUMERS = join(ROOT, "packages", "sdk", "test", "consumers");
const ID = "test-package";
/** First account of every Hardhat and anvil chain. */
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

describe("the packed SDK, installed into an empty folder", function () {
  // Only a limit against hanging, far above what a busy machine needs.
  this.timeout(1_200_000);
  let chain: LocalChain;
  let work: string;
  let tarball: string;

  before(async () => {
    chain = await startLocalChain();
    work = await mkdtemp(join(tmpdir(), "publica-package-"));
    const connection = await connectLocal(chain.url);
    const where = { network: "localhost", deploymentId: ID, fresh: true, demonstration: true };
    await stagePackage([await deploySuite({ connection, ...where })]);
    tarball = (await packStaged(work)).path;
  });

  after(async () => {
    await chain?.close();
    if (work !== undefined) await rm(work, { recursive: true, force: true });
    await rm(dirname(addressesPath(ID)), { recursive: true, force: true });
  });

  /** Installs one consumer, type-checks it, runs `build` commands and the consumer, returns what it printed. */
  async function consume(
    name: string,
    build: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> {
    const folder = join(work, name);
    await cp(join(CONSUMERS, name), folder, { recursive: true });
    for (const [file, text] of Object.entries(more)) await writeFile(join(folder, file), text);
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    for (const [dependency, version] of Object.entries(manifest.dependencies)) {
      if (version === "packed") manifest.dependencies[dependency] = `file:${tarball}`;
      if (version === "locked") manifest.dependencies[dependency] = lockedVersion(dependency);
    }
    manifest.dependencies["@types/node"] = lockedVersion("@types/node");
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    await npm(
      ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
      folder,
    );
    const options = {
      cwd: folder,
      env: { ...process.env, VITE_RPC_URL: chain.url, VITE_ACCOUNT: privateKeyToAccount(KEY).address },
    };
    await execute([binary("typescript", "tsc"), "-p", folder], options);
    if (build.length > 0) await execute(build, options);
    const { stdout } = await execute(["consumer.ts", chain.url, KEY], options);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async function execute(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    try {
      return await run(process.execPath, [...args], { ...options, timeout: 600_000 });
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  it("holds no test files, no secrets and every export it names", async () => {
    const stage = join(ROOT, "packages", "sdk", "dist");
    const { exports } = JSON.parse(await readFile(join(stage, "package.json"), "utf8")) as {
      exports: Record<string, string | { types: string; default: string }>;
    };
    for (const target of Object.values(exports).flatMap((entry) =>
      typeof entry === "string" ? entry : Object.values(entry),
    )) {
      if (!target.includes("*")) await readFile(join(stage, target));
    }
    const files = (await readdir(stage, { recursive: true })).map(String);
    expect(files.filter((file) => /(^|[\\/])(test|mocks|\.env)|\.test\./.test(file))).to.deep.equal([]);
    expect(files).to.include(join("contracts", "foundation", "interfaces", "IFeedReader.sol"));
  });

  /** What each scenario refuses in the consumers, by its custom error. */
  const refusals = {
    insurance: "PoolNothingToDo",
    energy: "EnergyUncovered",
    wills: "WillStateWrong",
    community: "OrderWithoutFault",
  };
  const heard = { read: "no data", write: "success", revert: "FeedWithoutData" };

  it("serves a script with viem: read, write, event, decoded revert, recorded block and code hash", async () => {
    // The examples of the READMEs are type-checked with it.
    const result = await consume("viem", [], await examples());
    expect(result).to.include({ ...heard, event: "Water level, viem", recorded: true });
    expect(result.remedy).to.be.a("string").that.has.length.greaterThan(10);
    const events = {
      insurance: "PoolCapChanged",
      energy: "AccountRegistered",
      wills: "EstateVaultCreated",
      community: "CrewFounded",
    };
    for (const [scenario, revert] of Object.entries(refusals))
      expect((result.scenarios as Record<string, unknown>)[scenario], scenario).to.deep.equal({
        read: true,
        write: "success",
        event: events[scenario as keyof typeof events],
        revert,
        explained: true,
      });
  });

  it("serves a script with ethers and TypeChain's classes", async () => {
    const result = await consume("ethers");
    expect(result).to.include({ ...heard, event: "Water level, ethers" });
    expect(result.remedy).to.be.a("string").that.has.length.greaterThan(10);
    for (const [scenario, revert] of Object.entries(refusals))
      expect((result.scenarios as Record<string, unknown>)[scenario], scenario).to.deep.equal({
        write: "success",
        revert,
      });
  });

  it("serves a page with React and wagmi that Vite builds", async () => {
    const vite = join(work, "react", "node_modules", "vite", "bin", "vite.js");
    const result = await consume("react", [vite, "build", "--logLevel", "error"]);
    expect(result).to.include({ ...heard, event: "Water level, wagmi" });
    expect(result.market).to.deep.equal({
      read: "number",
      write: "success",
      event: "AccountRegistered",
      revert: refusals.energy,
    });
  });

  it("serves a contract that imports its interfaces, and every other interface of the suite", async () => {
    const { interfaces, ...result } = await consume("solidity");
    expect(result).to.deep.equal({ write: "success", read: "no data" });
    expect(interfaces, "interfaces of every scenario compile").to.be.at.least(30);
  });

  it("serves the oracle node, packed beside it: its command runs below node_modules, and so do its imports", async () => {
    await stageNode();
    const folder = join(work, "node");
    await mkdir(folder);
    const { path: packed } = await packStaged(work, NODE_STAGE);
    const dependencies = { "@publica/sdk": `file:${tarball}`, "@publica/node": `file:${packed}` };
    await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
    await npm(
      ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
      folder,
    );
    const options = { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" } };
    const bin = join(folder, "node_modules", "@publica", "node", "bin", "publica-node.cjs");
    const { bin: bins } = JSON.parse(await readFile(join(NODE_STAGE, "package.json"), "utf8")) as { bin: object };
    expect(bins).to.deep.equal({ "publica-node": "./bin/publica-node.cjs" });
    expect((await execute([bin, "--help"], options)).stdout).to.contain("Usage: publica-node COMMAND");
    await execute([bin, "init", "--rpc", chain.url], options);
    const seen = await execute([bin, "check", "--json"], options).catch(
      ({ cause }: { cause: { stdout: string } }) => cause,
    );
    const findings = JSON.parse(seen.stdout) as { what: string; fine: boolean }[];
    expect(findings.find(({ what }) => what === `endpoint ${new URL(chain.url).host}`)?.fine).to.equal(true);
    expect(findings.find(({ what }) => what === "feed rain")?.fine, "the template names no feed").to.equal(false);
    const script =
      'import { oracleConfigSchema } from "@publica/node/oracle"; import { createRpc } from "@publica/node/runtime"; console.log(typeof oracleConfigSchema.parse, typeof createRpc)';
    await writeFile(join(folder, "imports.js"), script);
    expect((await execute(["imports.js"], options)).stdout.trim()).to.equal("function function");
    const files = (await readdir(NODE_STAGE, { recursive: true })).map(String);
    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).to.deep.equal([]);
  });
});

/** The READMEs' examples, each behind what it takes for granted. */
async function examples(): Promise<Record<string, string>> {
  const blocks = async (file: string): Promise<string[]> =>
    [...(await readFile(join(ROOT, file), "utf8")).matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);
  // The first one, a deployment's module, is deployed by test/e2e/deployment.ts.
  const [, page = "", sensor = "", ...others] = await blocks("README.md");
  const [reader = "", ...more] = await blocks(join("packages", "sdk", "README.md"));
  expect([...others, ...more], "every example is checked").to.deep.equal([]);
  const feed = 'declare const feed: import("viem").Hex;';
  return {
    "page.ts": `${page}\n${feed}\ndeclare global { interface Window { ethereum: any } }\n`,
    "sensor.ts": `${sensor}\n${feed}
declare const address: import("viem").Hex;
declare const client: import("@publica/sdk").ReadClient;
declare const wallet: import("@publica/sdk").WriteClient;
declare const others: import("@publica/sdk").SignedReading[];\n`,
    "reader.ts": `${reader}\n${feed}\ndeclare const url: string;\n`,
  };
}
