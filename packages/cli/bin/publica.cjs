#!/usr/bin/env node
// Starts the command on a Node new enough for it. This file must parse on any Node a machine happens to have.
"use strict";
const path = require("path");
const fs = require("fs");
const { spawnSync } = require("child_process");

const MINIMUM = [22, 18]; // first release that runs TypeScript without a flag
const ROOT = path.join(__dirname, "..", "..", "..");

function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > MINIMUM[0] || (parts[0] === MINIMUM[0] && parts[1] >= MINIMUM[1]);
}

function fail(message) {
  process.stderr.write("publica: " + message + "\n");
  process.exit(1);
}

/** The newer Node that the npm commands of a clone may have fetched into .node, or null. */
function fetchedNode() {
  const windows = process.platform === "win32";
  const name = "node-" + (windows ? "win" : process.platform) + "-" + process.arch;
  const file = path.join(ROOT, ".node", "node_modules", name, "bin", windows ? "node.exe" : "node");
  return fs.existsSync(file) ? file : null;
}

if (!isNewEnough(process.versions.node)) {
  const newer = fetchedNode();
  if (newer === null) {
    fail(
      "Node " +
        process.versions.node +
        " is too old (" +
        MINIMUM.join(".") +
        " or newer is needed). Run npm run build once, which fetches a newer one into .node/, or install Node 24 from https://nodejs.org.",
    );
  }
  const result = spawnSync(newer, [__filename].concat(process.argv.slice(2)), { stdio: "inherit" });
  process.exit(result.status === null ? 1 : result.status);
}

if (!fs.existsSync(path.join(ROOT, "packages", "sdk", "src", "generated", "abi.ts"))) {
  fail("the contracts' ABIs have not been generated yet. Run npm run build once in " + ROOT + ".");
}

// Running TypeScript is no experiment any more in the releases after the first one that could.
process.removeAllListeners("warning");
process.on("warning", function (warning) {
  if (warning.name !== "ExperimentalWarning") process.stderr.write(warning.name + ": " + warning.message + "\n");
});

require("../src/start.ts");
