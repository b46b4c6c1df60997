// Every npm command enters here. It must run on any Node a machine happens to have, so it is plain old JavaScript:
// it makes sure that a Node new enough for Hardhat 3 and the locked dependencies are there, then runs the real script.
"use strict";
const { spawnSync, spawn } = require("child_process");
const { createHash } = require("crypto");
const fs = require("fs");
const path = require("path");

const ROOT = path.join(__dirname, "..");
const MINIMUM = [22, 18]; // first release that runs TypeScript without a flag
const LTS = "24"; // what is fetched when the machine's own is older
const HOME = path.join(ROOT, ".node");
const LOCK = path.join(ROOT, "package-lock.json");
const STAMP = path.join(ROOT, "node_modules", ".publica-installed");

function fail(message) {
  process.stderr.write("publica: " + message + "\n");
  process.exit(1);
}

function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > MINIMUM[0] || (parts[0] === MINIMUM[0] && parts[1] >= MINIMUM[1]);
}

function npm(args, cwd, env) {
  const windows = process.platform === "win32";
  const result = spawnSync(windows ? "npm.cmd" : "npm", args, { cwd, env, stdio: ["ignore", 2, 2], shell: windows });
  if (result.error) fail("npm could not be started (" + result.error.message + "). Install npm, then try again.");
  return result.status === 0;
}

/** The folder that holds a new enough `node`, or null when the running one will do. */
function nodeFolder() {
  if (isNewEnough(process.versions.node)) return null;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = "node-" + platform + "-" + process.arch;
  const folder = path.join(HOME, "node_modules", name, "bin");
  const binary = path.join(folder, process.platform === "win32" ? "node.exe" : "node");
  if (!fs.existsSync(binary)) {
    process.stderr.write(
      "publica: Node " +
        process.versions.node +
        " is too old (" +
        MINIMUM.join(".") +
        " or newer is needed); " +
        "fetching Node " +
        LTS +
        " from npm into .node/ …\n",
    );
    fs.mkdirSync(HOME, { recursive: true });
    fs.writeFileSync(path.join(HOME, "package.json"), '{ "private": true }\n');
    const ok = npm(["install", "--no-audit", "--no-fund", "--loglevel=error", name + "@" + LTS], HOME, process.env);
    if (!ok || !fs.existsSync(binary)) {
      fail(
        "no Node could be fetched for " +
          platform +
          "-" +
          process.arch +
          ". Install Node " +
          LTS +
          " from https://nodejs.org and run the command again.",
      );
    }
  }
  return folder;
}

function lockDigest(nodeVersion) {
  if (!fs.existsSync(LOCK)) fail("package-lock.json is missing; run git checkout package-lock.json");
  return createHash("sha256").update(fs.readFileSync(LOCK)).update(nodeVersion.split(".")[0]).digest("hex");
}

function installIfNeeded(env, nodeVersion) {
  const digest = lockDigest(nodeVersion);
  if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, "utf8") === digest) return;
  process.stderr.write("publica: installing the locked dependencies (npm ci); the first time takes a minute …\n");
  if (!npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], ROOT, env)) {
    fail("npm ci failed; see the lines above. A second try often helps when the registry was slow.");
  }
  fs.writeFileSync(STAMP, digest);
}

const folder = nodeFolder();
const env = Object.assign({}, process.env);
// npm's own settings for the outer command must not leak into the inner one.
for (const key of Object.keys(env))
  if (/^npm_config_(?!registry|cache|cafile|https?_proxy|proxy|offline)/i.test(key)) delete env[key];
const pathKey = Object.keys(env).find((key) => key.toUpperCase() === "PATH") || "PATH";
const extra = [path.join(ROOT, "node_modules", ".bin")];
if (folder) extra.unshift(folder);
env[pathKey] = extra.concat(env[pathKey] || []).join(path.delimiter);
const node = folder ? path.join(folder, process.platform === "win32" ? "node.exe" : "node") : process.execPath;
const version = folder ? LTS : process.versions.node;
env.HARDHAT_DISABLE_TELEMETRY_PROMPT = "true";
// Node keeps what it compiled, types stripped, so that each command and what it starts begins a third sooner.
if (!env.NODE_COMPILE_CACHE) env.NODE_COMPILE_CACHE = path.join(ROOT, "cache", "node");

installIfNeeded(env, version);

// The scripts import the SDK, whose ABIs are generated: on a fresh clone the fast build makes them first.
const BUILD_THEMSELVES = /scripts[\\/](build|test|lint|bench)\.ts$/;
const script = process.argv[2] || "";
const generated = path.join(ROOT, "packages", "sdk", "src", "generated", "addresses.ts");
if (!BUILD_THEMSELVES.test(script) && !fs.existsSync(generated)) {
  const built = spawnSync(node, ["--disable-warning=ExperimentalWarning", "scripts/build.ts", "--profile", "default"], {
    cwd: ROOT,
    env: Object.assign({}, env, { PUBLICA_BUILD: "fast" }),
    stdio: ["ignore", 2, 2],
  });
  if (built.status !== 0) process.exit(built.status === null ? 1 : built.status);
}

const child = spawn(node, ["--disable-warning=ExperimentalWarning"].concat(process.argv.slice(2)), {
  cwd: ROOT,
  env,
  stdio: "inherit",
});
// Ctrl-C reaches the child through the terminal; the parent only waits. A plain `kill` is passed on.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => fail(error.message));
child.on("exit", (code, signal) => process.exit(signal ? 128 + (signal === "SIGINT" ? 2 : 15) : code));
