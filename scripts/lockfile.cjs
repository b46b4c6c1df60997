// node scripts/lockfile.cjs [LOCK]: run after `npm install` changed package-lock.json (or another lock, as in scripts/tools).
//
// npm writes lock entries only for the platform packages (@…/…-darwin-arm64 and the like) that its registry could serve
// at that moment; `npm ci` then refuses the whole lock on every platform. This adds the missing entries from the exact
// versions their parents name, marked optional and tied to their platform, so that each machine installs its own.
"use strict";
const fs = require("fs");
const path = require("path");

const LOCK = path.resolve(process.argv[2] || path.join(__dirname, "..", "package-lock.json"));
const OS = {
  android: "android",
  darwin: "darwin",
  macos: "darwin",
  openharmony: "openharmony",
  freebsd: "freebsd",
  linux: "linux",
  win32: "win32",
  windows: "win32",
};
const CPU = { amd64: "x64" };
for (const cpu of ["x64", "arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64"]) CPU[cpu] = cpu;

const lock = JSON.parse(fs.readFileSync(LOCK, "utf8"));
let added = 0;
for (const [location, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies || {})) {
    const nested = `${location}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    const present = [nested, hoisted].some((key) => lock.packages[key] && lock.packages[key].version === version);
    if (present || !/^[@\w].*-(?:android|darwin|macos|openharmony|freebsd|linux|win32|windows)-/.test(name)) continue;
    const words = name.split(/[-/]/);
    const os = OS[words.find((word) => OS[word])];
    const cpu = CPU[words.find((word) => CPU[word])];
    if (!os || !cpu || !/^\d/.test(version)) throw new Error(`${name}@${version}: cannot tell its platform`);
    const libc = words.includes("musl") ? { libc: ["musl"] } : {};
    lock.packages[hoisted] = { version, cpu: [cpu], dev: true, ...libc, optional: true, os: [os] };
    added += 1;
  }
}
if (added > 0) {
  const root = lock.packages[""];
  delete lock.packages[""];
  const sorted = Object.keys(lock.packages).sort((a, b) => a.localeCompare(b, "en"));
  lock.packages = Object.fromEntries([["", root]].concat(sorted.map((key) => [key, lock.packages[key]])));
  fs.writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${path.relative(process.cwd(), LOCK)}: ${added} platform packages added`);
