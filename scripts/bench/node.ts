import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { sealEnvelope } from "../../packages/node/src/oracle/envelope.ts";
import { startMqtt } from "../../packages/node/src/oracle/ingest/mqtt.ts";
import { roundAt } from "../../packages/node/src/oracle/attestation.ts";
import { startOracleNode } from "../../packages/node/src/oracle/node.ts";
import { encodeSenml } from "../../packages/node/src/oracle/senml.ts";
import { act, connectMqtt, createFleet, topicOf, type VirtualDevice } from "../../packages/node/src/oracle/simulate.ts";
import { silentLogger } from "../../packages/node/src/runtime/index.ts";
import { RICH_KEY, startAnvil } from "../../packages/node/test/support/anvil.ts";
import { deployFeed, nodeConfig, until } from "../../packages/node/test/support/feed.ts";
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

/** Readings from the envelope to the disk (full durability), signature checked: a second of one core, and by the clock. */
async function throughput(
  fixture: IntakeFixture,
  index: number,
  count: number,
): Promise<{ perCore: number; byClock: number }> {
  const device = fixture.fleet[index] as VirtualDevice;
  const messages = seal(device, count);
  const started = performance.now();
  const before = process.cpuUsage();
  const window = 1_024;
  for (let i = 0; i < messages.length; i += window) {
    await Promise.all(
      messages.slice(i, i + window).map(async (bytes) => {
        const outcome = await fixture.intake.offer({ source: "bench", bytes });
        if (outcome.kind !== "stored" || outcome.refused.length > 0) throw new Error("the bench's message was refused");
      }),
    );
  }
  const { user, system } = process.cpuUsage(before);
  const byClock = (count * 1_000) / (performance.now() - started);
  return { perCore: Math.round((count * 1_000_000) / (user + system)), byClock: Math.round(byClock) };
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

/** Seconds of rounds, one a second, of which each is to become a report. */
const REPORT_ROUNDS = 20;

/**
 * Milliseconds from the sending of a round's first reading to the block that holds its report: four devices' signed values
 * among 100 readings a second over MQTT, a whole node, a chain that mines at once.
 */
async function reportLatencies(folder: string): Promise<number[]> {
  const anvil = await startAnvil();
  const variable = "PUBLICA_BENCH_KEY";
  process.env[variable] = RICH_KEY;
  const fleet = createFleet(3, ["honest", "honest", "honest", "honest"]);
  const keys = fleet.map(({ signer }) => signer.key);
  const fixture = await deployFeed(anvil, keys, 3, { deviationBps: 0, heartbeat: 3_600 });
  // The registry is believed once it is final.
  await anvil.rpc("anvil_mine", "0x5");
  const config = nodeConfig(fixture, [anvil.url], join(folder, "whole.db"), { key: variable });
  const node = await startOracleNode(config, { log: silentLogger() });
  delete process.env[variable];
  const link = await connectMqtt(node.mqttUrl ?? "", fleet);
  try {
    await until("the feed", () => (node.status().ready ? true : undefined));
    const result: number[] = [];
    const background: Promise<unknown>[] = [];
    for (let n = 0; n < REPORT_ROUNDS; n++) {
      const { round: next } = roundAt(Date.now() / 1_000 + 1, 1);
      await pause(Math.max(0, next * 1_000 - Date.now()));
      const situation = { context: fixture.context, measurement: "rain", unit: "mm", decimals: 1, round: next };
      const sentAt = performance.now();
      for (const [index, device] of fleet.entries()) {
        const truth = 10 + (n % 5);
        for (const bytes of await act(device, index, { ...situation, observedAt: next, truth, noise: 0 }, () => 0.5))
          background.push(link.deliver(device, bytes));
      }
      for (let i = 0; i < 96; i++) {
        const device = fleet[i % fleet.length] as VirtualDevice;
        const [bytes] = seal(device, 1);
        if (bytes !== undefined) background.push(link.deliver(device, bytes));
        if (i % 12 === 11) await pause(5);
      }
      await until("the report", async () => ((await fixture.latest())?.round ?? 0) >= next || undefined);
      result.push(performance.now() - sentAt);
    }
    await Promise.all(background);
    return result.sort((a, b) => a - b);
  } finally {
    await link.close();
    await node.stop();
    await anvil.close();
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function run(bench: Bench): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "publica-bench-"));
  const fixture = createIntakeFixture(join(folder, "node.db"), { durability: "FULL" });
  try {
    // The first messages warm the code up.
    await throughput(fixture, 0, 1_000);
    const p256 = await throughput(fixture, 0, 12_000);
    bench.record({ id: "node.ingest.p256", value: p256.perCore, unit: "1/s", n: 12_000 });
    bench.record({ id: "node.ingest.p256.clock", value: p256.byClock, unit: "1/s", n: 12_000 });
    const secp256k1 = await throughput(fixture, 1, 4_000);
    bench.record({ id: "node.ingest.secp256k1", value: secp256k1.perCore, unit: "1/s", n: 4_000 });
    bench.record({ id: "node.ingest.secp256k1.clock", value: secp256k1.byClock, unit: "1/s", n: 4_000 });
    const sorted = await latencies(fixture, 5);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    bench.record({ id: "node.latency.p50", value: round(at(0.5)), unit: "ms", n: sorted.length });
    bench.record({ id: "node.latency.p99", value: round(at(0.99)), unit: "ms", n: sorted.length });
    const whole = await reportLatencies(folder);
    const share = (part: number): number => whole[Math.floor(whole.length * part)] ?? Number.NaN;
    bench.record({ id: "node.latency.report.p50", value: round(share(0.5)), unit: "ms", n: whole.length });
    bench.record({ id: "node.latency.report.p99", value: round(share(0.99)), unit: "ms", n: whole.length });
  } finally {
    fixture.close();
    rmSync(folder, { recursive: true });
  }
  const script = join(ROOT, "scripts", "bench", "node", "memory.ts");
  const { code, output } = await runNode(script, [], { echo: false, env: { NODE_OPTIONS: "--expose-gc" } });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`the memory bench failed:\n${output}`);
  const { resident, growth, readings } = JSON.parse(line) as { resident: number; growth: number; readings: number };
  bench.record({ id: "node.memory.million", value: Math.round(resident), unit: "MiB", n: readings });
  bench.record({ id: "node.memory.growth", value: Math.max(0, Math.round(growth)), unit: "MiB", n: readings });
}

export const area: Area = {
  name: "node",
  budgets: { "node.latency.p99": 250, "node.memory.million": 400, "node.memory.growth": 8 },
  // Of one core, so that the figure does not depend on what else the machine does.
  floors: { "node.ingest.p256": 2_000 },
  run,
};
