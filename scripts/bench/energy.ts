import {
  buildSettlement,
  NO_STEP,
  type SignedCurve,
  signCurve,
  type Step,
} from "../../packages/sdk/src/energy/index.ts";
import { deployMarket, FALLBACK_DELAY, keyOf, nextDay } from "../lib/energy-market.ts";
import type { Area, Bench } from "./harness.ts";

const DAY_SLOTS = 96;

/** Homes and small producers of a summer day: valuations spread around a common price, about half the orders clear. */
function stepOf(index: number, t: number): Step {
  const noise = ((index * 7919 + t * 104_729) % 997) / 997;
  const side = index % 2 === 0 ? "bid" : "offer";
  return { side, tick: 120 + Math.floor(noise * 160), energyWh: 200 + ((index * 31 + t * 17) % 900) };
}

async function withHomes(bench: Bench, homes: number) {
  const { viem } = bench.connection;
  const market = await deployMarket(viem);
  await market.accounts.write.connect([market.exchange.address, market.admin.account.address]);
  for (let i = 0; i < homes; i++) {
    await market.accounts.write.register([keyOf(i).address, 0, 0]);
    await market.accounts.write.deposit([i + 2, 10n ** 9n]);
  }
  return market;
}

async function signed(market: Awaited<ReturnType<typeof withHomes>>, homes: number, firstSlot: number, count: number) {
  const curves: SignedCurve[] = [];
  for (let i = 0; i < homes; i++) {
    const steps = Array.from({ length: count }, (_, t) => stepOf(i, t) ?? NO_STEP);
    curves.push(await signCurve(keyOf(i), market.domain, { account: i + 2, nonce: 0, firstSlot, steps }));
  }
  return curves;
}

export async function settleDay(bench: Bench, homes = 100): Promise<void> {
  const market = await withHomes(bench, homes);
  const firstSlot = await nextDay(market.client);
  const { prices, orders, posted } = buildSettlement({
    firstSlot,
    count: DAY_SLOTS,
    curves: await signed(market, homes, firstSlot, DAY_SLOTS),
  });
  await bench.connection.networkHelpers.time.increaseTo((BigInt(firstSlot) / 96n + 1n) * 86_400n + FALLBACK_DELAY);
  const hash = await market.exchange.write.settle([firstSlot, prices, orders, posted], { gas: 16_000_000n });
  await bench.recordGas("energy.settleDay.perOrderSlot", hash, homes * DAY_SLOTS);
}

export async function settleSlot(bench: Bench, homes = 1_000): Promise<void> {
  const market = await withHomes(bench, homes);
  const firstSlot = await nextDay(market.client);
  const { prices, orders, posted } = buildSettlement({
    firstSlot,
    count: 1,
    curves: await signed(market, homes, firstSlot, 1),
  });
  await bench.connection.networkHelpers.time.increaseTo((BigInt(firstSlot) / 96n + 1n) * 86_400n + FALLBACK_DELAY);
  const hash = await market.exchange.write.settle([firstSlot, prices, orders, posted], { gas: 16_000_000n });
  await bench.recordGas("energy.settleSlot.perOrder", hash, homes);
}

export const area: Area = {
  name: "energy",
  budgets: {
    "energy.settleDay.perOrderSlot": 850,
    "energy.settleSlot.perOrder": 9_600,
  },
  async run(bench) {
    await settleDay(bench);
    await settleSlot(bench);
  },
};
