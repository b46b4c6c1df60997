import { type Hash, hexToBytes } from "viem";
import type { Bench } from "../harness.ts";

interface Step {
  readonly op: string;
  readonly depth: number;
  readonly gas: number;
  readonly gasCost: number;
}

/** Operations that reach beyond the code that runs; everything else is that code. */
const KINDS: Readonly<Record<string, RegExp>> = {
  accounts: /^((STATIC|DELEGATE)?CALL|EXTCODE\w+|BALANCE)$/,
  storage: /^S(LOAD|STORE)$/,
  guard: /^T(LOAD|STORE)$/,
  events: /^LOG\d$/,
};

/** What a transaction costs before anything runs (EIP-2028). */
const TRANSACTION = 21_000;
const costOf = (byte: number): number => (byte === 0 ? 4 : 16);

/**
 * Records what a transaction's gas went into, traced operation by operation: `id.transaction`, `id.accounts`, `id.storage` …
 * `id.code`, and `id.refund`, what it gave back.
 */
export async function breakDown(bench: Bench, id: string, hash: Hash): Promise<void> {
  const { structLogs } = (await bench.connection.provider.request({
    method: "debug_traceTransaction",
    params: [hash, { disableMemory: true, disableStack: true, disableStorage: true }],
  })) as { structLogs: readonly Step[] };
  const spent = new Map<string, number>(["accounts", "storage", "guard", "events", "code"].map((kind) => [kind, 0]));
  for (const [index, step] of structLogs.entries()) {
    const kind = Object.keys(KINDS).find((name) => KINDS[name]?.test(step.op)) ?? "code";
    spent.set(kind, (spent.get(kind) ?? 0) + spentBy(structLogs, index));
  }
  const executed = [...spent.values()].reduce((sum, gas) => sum + gas, 0);
  const client = await bench.connection.viem.getPublicClient();
  const { input } = await client.getTransaction({ hash });
  const transaction = hexToBytes(input).reduce((gas, byte) => gas + costOf(byte), TRANSACTION);
  const refund = transaction + executed - (await bench.gasUsed(hash));
  for (const [kind, value] of [["transaction", transaction] as const, ...spent, ["refund", refund] as const])
    bench.record({ id: `${id}.${kind}`, value, unit: "gas" });
}

/** The gas of one operation; of a call, without what the called code spent. */
function spentBy(steps: readonly Step[], index: number): number {
  const step = steps[index] as Step;
  const called = steps[index + 1];
  if (called === undefined || called.depth <= step.depth) {
    return called?.depth === step.depth ? step.gas - called.gas : step.gasCost;
  }
  const after = steps.findIndex(({ depth }, at) => at > index && depth === step.depth);
  const last = steps[after - 1] as Step;
  return step.gas - (steps[after] as Step).gas - (called.gas - last.gas + last.gasCost);
}
