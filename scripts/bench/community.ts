import type { Hash } from "viem";
import {
  agree,
  chainTime,
  type Community,
  cover,
  deployCommunity,
  foundCrew,
  goodRun,
  installDevice,
  next,
  type PlayedDevice,
  seatAccount,
  TERMS,
  travelTo,
  wallet,
} from "../lib/community.ts";
import type { Area, Bench } from "./harness.ts";

const ROOT_A = `0x${"a5".repeat(32)}` as const;

/** One repair from the reading that opens it to settlement; gas of each transaction in order. */
async function repair(bench: Bench, community: Community, device: PlayedDevice): Promise<number[]> {
  const { orders } = community;
  const gas: number[] = [];
  const mined = async (hash: Hash): Promise<void> => {
    gas.push(await bench.gasUsed(hash));
  };
  const key = [device.id, 0] as const;
  await mined(await orders.write.report([next(community, device, await chainTime(community), 1_400)]));
  const { seat } = await orders.read.orderOf(key);
  const account = seatAccount(community, seat);
  await mined(await orders.write.accept(key, { account }));
  await mined(await orders.write.arrive(key, { account }));
  await mined(await orders.write.claimFixed([...key, 0x010203, ROOT_A], { account }));
  const claimedAt = await chainTime(community);
  await travelTo(community, claimedAt + TERMS.verifySpan + 10);
  const run = goodRun(community, device, claimedAt + TERMS.verifySpan + 5);
  await mined(await orders.write.prove([...key, run, []]));
  await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
  await mined(await orders.write.settle(key));
  return gas;
}

export const area: Area = {
  name: "community",
  budgets: {
    "community.reading.single": 38_000,
    "community.reading.batch64.each": 17_000,
    "community.sweep256.unchanged": 27_000,
    "community.sweep256.changed": 30_000,
    "community.openOrder": 86_000,
    "community.step": 31_000,
    "community.fullOrder": 270_000,
  },
  async run(bench) {
    const community = await deployCommunity(bench.connection);
    const { register, sweeps, orders } = community;
    const crew = await foundCrew(community);
    await agree(community, crew);
    const devices: PlayedDevice[] = [];
    for (let i = 0; i < 64; i++) devices.push(await installDevice(community, { index: i }));
    const p256 = await installDevice(community, { index: 0, curve: "p256" });
    const [first, second] = devices as [PlayedDevice, PlayedDevice];

    const now = await chainTime(community);
    await register.write.submit([next(community, first, now, 200)]);
    await bench.recordGas("community.reading.single", await register.write.submit([next(community, first, now, 210)]));
    await bench.recordGas(
      "community.reading.single.p256",
      await register.write.submit([next(community, p256, now, 210)]),
    );
    await register.write.submitBatch([devices.map((device) => next(community, device, now, 220))]);
    await bench.recordGas(
      "community.reading.batch64.each",
      await register.write.submitBatch([devices.map((device) => next(community, device, now, 230))]),
      64,
    );

    const gateway = wallet(community, 2).account;
    await sweeps.write.join({ account: gateway, value: 10n ** 18n });
    // Start well inside an hour, so that the two sweeps share it.
    await travelTo(community, (Math.floor((await chainTime(community)) / 3_600) + 1) * 3_600);
    await sweeps.write.sweep([0n, ROOT_A], { account: gateway });
    await bench.recordGas(
      "community.sweep256.changed",
      await sweeps.write.sweep([(1n << 17n) | (1n << 200n), ROOT_A], { account: gateway }),
    );
    await bench.recordGas(
      "community.sweep256.unchanged",
      await sweeps.write.repeatSweep([ROOT_A], { account: gateway }),
    );
    await travelTo(community, (await chainTime(community)) + 3_600);
    await bench.recordGas(
      "community.sweep256.unchanged.newHour",
      await sweeps.write.repeatSweep([ROOT_A], { account: gateway }),
    );

    await cover(community, crew, second.id);
    const firstLife = await repair(bench, community, second);
    await travelTo(community, (await chainTime(community)) + TERMS.warranty + 1);
    const nextLife = await repair(bench, community, second);
    const [open = 0, ...rest] = firstLife;
    const steps = rest.slice(0, 3);
    bench.record({ id: "community.openOrder", value: open, unit: "gas" });
    bench.record({ id: "community.step", value: Math.max(...steps), unit: "gas", n: steps.length });
    bench.record({ id: "community.prove", value: rest[3] ?? 0, unit: "gas" });
    bench.record({ id: "community.settle", value: rest[4] ?? 0, unit: "gas" });
    const sum = (life: readonly number[]): number => life.reduce((total, gas) => total + gas, 0);
    bench.record({ id: "community.fullOrder", value: sum(firstLife), unit: "gas", n: 1 });
    bench.record({ id: "community.fullOrder.again", value: sum(nextLife), unit: "gas", n: 1 });
    // The last escalation writes one order; shown because it replaces the dispatcher.
    await orders.write.report([next(community, first, await chainTime(community), 1_400)]);
    await travelTo(community, (await chainTime(community)) + TERMS.response + 1);
    await bench.recordGas("community.escalate", await orders.write.escalate([first.id, 0]));
  },
};
