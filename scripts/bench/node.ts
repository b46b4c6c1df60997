import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { sealEnvelope } from "../../packages/node/src/oracle/envelope.ts";
import { startMqtt } from "../../packages/node/src/oracle/ingest/mqtt.ts";
import { encodeSenml } from "../../packages/node/src/oracle/senml.ts";
import { topicOf, type VirtualDevice } from "../../packages/node/src/oracle/simulate.ts";
import { silentLogger } from "../../packages/node/src/runtime/index.ts";
import { createIntakeFixture, type IntakeFixture } from "../../packages/node/test/support/intake.ts";
import { ROOT, runNode } from "../lib/run.ts";
import type { Area, Bench } from "./harness.ts";

/** Messages sealed before the clock runs. */
function seal(device: VirtualDevice, count: number): Uint8Array[] {
  const time = Date.now() / 1_000 - count / 100;
  return Array.from({ length: count }, (_, i) => {
    const entries = [{ n: "rain", u: "mm", t: time + i / 100, v: (i % 500) / 10 }];
    return sealEnvelope(device.key, device.sequence++, encodeSenml(entries, device.format), device.format);
  });
}

/** Readings a second from the envelope to the disk (full durability), signature checked. */
async function throughput(fixture: IntakeFixture, index: number, count: number): Promise<number> {
  const device = fixture.fleet[index] as VirtualDevice;
  const messages = seal(device, count);
  const started = performance.now();
  const window = 1_024;
  for (let i = 0; i < messages.length; i += window) {
    await Promise.all(
      messages.slice(i, i + window).map(async (bytes) => {
        const outcome = await fixture.intake.offer({ source: "bench", bytes });
        if (outcome.kind !== "stored" || outcome.refused.length > 0) throw new Error("the bench's message was refused");
      }),
    );
  }
  return (count * 1_000) / (performance.now() - started);
}

/** Milliseconds from sending to acknowledgement (on disk) over MQTT, at 100 messages a second. */
async function latencies(fixture: IntakeFixture, seconds: number): Promise<number[]> {
  const settings = { embedded: { host: "127.0.0.1", port: 0 } };
  const broker = await startMqtt({ settings, intake: fixture.intake, log: silentLogger(), onState: () => {} });
  const client = await mqtt.connectAsync(broker.url ?? "");
  const device = fixture.fleet[0] as VirtualDevice;
  const result: number[] = [];
  const sent: Promise<unknown>[] = [];
  const started = performance.now();
  for (const [i, message] of seal(device, seconds * 100).entries()) {
    await pause(Math.max(0, started + i * 10 - performance.now()));
    const at = performance.now();
    sent.push(
      client
        .publishAsync(topicOf(device), Buffer.from(message), { qos: 1 })
        .then(() => result.push(performance.now() - at)),
    );
  }
  await Promise.all(sent);
  await client.endAsync();
  await broker.close();
  return result.sort((a, b) => a - b);
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function run(bench: Bench): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "publica-bench-"));
  const fixture = createIntakeFixture(join(folder, "node.db"), { durability: "FULL" });
  try {
    // The first messages warm the code up.
    await throughput(fixture, 0, 1_000);
    const p256 = await throughput(fixture, 0, 12_000);
    bench.record({ id: "node.ingest.p256", value: Math.round(p256), unit: "1/s", n: 12_000 });
    const secp256k1 = await throughput(fixture, 1, 4_000);
    bench.record({ id: "node.ingest.secp256k1", value: Math.round(secp256k1), unit: "1/s", n: 4_000 });
    const sorted = await latencies(fixture, 5);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    bench.record({ id: "node.latency.p50", value: round(at(0.5)), unit: "ms", n: sorted.length });
    bench.record({ id: "node.latency.p99", value: round(at(0.99)), unit: "ms", n: sorted.length });
  } finally {
    fixture.close();
    rmSync(folder, { recursive: true });
  }
  const script = join(ROOT, "scripts", "bench", "node", "memory.ts");
  const { code, output } = await runNode(script, [], { echo: false, env: { NODE_OPTIONS: "--expose-gc" } });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`the memory bench failed:\n${output}`);
  const { before, after, readings } = JSON.parse(line) as { before: number; after: number; readings: number };
  bench.record({ id: "node.memory.million", value: Math.round(after), unit: "MiB", n: readings });
  bench.record({ id: "node.memory.growth", value: Math.max(0, Math.round(after - before)), unit: "MiB", n: readings });
}

export const area: Area = {
  name: "node",
  budgets: { "node.latency.p99": 250, "node.memory.million": 400, "node.memory.growth": 64 },
  // One core must sustain this whatever else the machine does.
  floors: { "node.ingest.p256": 2_000 },
  run,
};
