#!/usr/bin/env node
// What forge takes for the Solidity compiler: npm's WebAssembly build behind the native compiler's command line.
"use strict";
const solc = require("../../../node_modules/solc");

if (process.argv.includes("--version")) {
  const version = solc.version().replace(/\.Emscripten\.clang$/, "");
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}.Linux.g++\n`);
} else {
  const chunks = [];
  process.stdin.on("data", (chunk) => chunks.push(chunk));
  process.stdin.on("end", () => process.stdout.write(solc.compile(Buffer.concat(chunks).toString())));
}
