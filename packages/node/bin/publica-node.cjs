#!/usr/bin/env node
// Starts the command on a Node new enough for it: the JavaScript of the package as it is published, or the sources of a clone.
// This file must parse on any Node a machine happens to have.
"use strict";
const fs = require("fs");
const path = require("path");
const { spawn } = require("child_process");
const { pathToFileURL } = require("url");

const MINIMUM = [22, 18]; // first release that runs a clone's TypeScript without a flag, and has all of node:sqlite
const ROOT = path.join(__dirname, "..", "..", "..");
const PUBLISHED = path.join(__dirname, "..", "js", "oracle", "cli.js");

function isNewEnough(version) {
  const parts = version.split(".").map(Number);
  return parts[0] > MINIMUM[0] || (parts[0] === MINIMUM[0] && parts[1] >= MINIMUM[1]);
}

function fail(message) {
  process.stderr.write("publica-node: " + message + "\n");
  process.exit(1);
}

/** The newer Node that the npm commands of a clone may have fetched into .node, or null. */
function fetchedNode() {
  const windows = process.platform === "win32";
  const name = "node-" + (windows ? "win" : process.platform) + "-" + process.arch;
  const file = path.join(ROOT, ".node", "node_modules", name, "bin", windows ? "node.exe" : "node");
  return fs.existsSync(file) ? file : null;
}

function start() {
  const published = fs.existsSync(PUBLISHED);
  if (!published && !fs.existsSync(path.join(ROOT, "packages", "sdk", "src", "generated", "abi.ts")))
    fail("the contracts' ABIs have not been generated yet. Run npm run build once in " + ROOT + ".");
  // node:sqlite and running TypeScript are called experimental by the releases that first had them.
  process.removeAllListeners("warning");
  process.on("warning", function (warning) {
    if (warning.name !== "ExperimentalWarning") process.stderr.write(warning.name + ": " + warning.message + "\n");
  });
  return published ? import(pathToFileURL(PUBLISHED).href) : import("../src/oracle/cli.ts");
}

if (isNewEnough(process.versions.node)) {
  start().catch(function (error) {
    console.error(error);
    process.exit(1);
  });
} else {
  const newer = fetchedNode();
  if (newer === null) {
    fail(
      "Node " +
        process.versions.node +
        " is too old (" +
        MINIMUM.join(".") +
        " or newer is needed). Install Node 24 from https://nodejs.org; in a clone, npm run build fetches one into .node/.",
    );
  } else {
    const child = spawn(newer, [__filename].concat(process.argv.slice(2)), { stdio: "inherit" });
    // Ctrl-C reaches the child through the terminal; a plain `kill` is passed on.
    process.on("SIGINT", function () {});
    process.on("SIGTERM", function () {
      child.kill("SIGTERM");
    });
    child.on("exit", function (code) {
      process.exit(code === null ? 1 : code);
    });
  }
}
