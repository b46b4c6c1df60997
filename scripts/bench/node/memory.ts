// Memory of an intake after a million readings, in a process of its own: prints {"resident", "growth"} in MiB.
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sealEnvelope } from "../../../packages/node/src/oracle/envelope.ts";
import { encodeSenml } from "../../../packages/node/src/oracle/senml.ts";
import { createIntakeFixture } from "../../../packages/node/test/support/intake.ts";

const READINGS = 1_000_000;
const PER_MESSAGE = 200;
const folder = mkdtempSync(join(tmpdir(), "publica-bench-"));
const { intake, fleet, close } = createIntakeFixture(join(folder, "node.db"), { durability: "FULL" });
const [device] = fleet;
if (device === undefined) throw new Error("no device");
/**
 * What is alive after a collection. The resident memory would also tell of pages the allocator keeps and the database's cache,
 * which come and go by tens of MiB.
 */
const alive = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
};
const start = Date.now() / 1_000 - 86_400;
let before = 0;
for (let n = 0; n < READINGS / PER_MESSAGE; n++) {
  const entries = Array.from({ length: PER_MESSAGE }, (_, i) => ({
    n: "rain",
    u: "mm",
    t: start + (n * PER_MESSAGE + i) / 100,
    v: (n + i) % 100,
  }));
  await intake.offer({ source: "bench", bytes: sealEnvelope(device.key, n + 1, encodeSenml(entries, "json"), "json") });
  // The first tenth fills caches that stay; growth after it would be a leak.
  if (n === READINGS / PER_MESSAGE / 10) before = alive();
}
const growth = alive() - before;
const resident = process.memoryUsage().rss / 2 ** 20;
close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ resident, growth, readings: READINGS }));
