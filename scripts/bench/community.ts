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

/** One repair from the reading that opens it to settlement: gas of each transaction by name. */
async function repair(
  bench: Bench,
  community: Community,
  device: PlayedDevice,
  steps: readonly ("acceptWork" | "arriveAtSite" | "beginRepair" | "hold" | "continueWork")[],
): Promise<Record<string, number>> {
  const { orders } = community;
  const gas: Record<string, number> = {};
  const mined = async (name: string, hash: Hash): Promise<void> => {
    gas[name] = await bench.gasUsed(hash);
  };
  const key = [device.id, 0] as const;
  await mined("open", await orders.write.report([next(community, device, await chainTime(community), 1_400)]));
  const { seat } = await orders.read.orderOf(key);
  const account = seatAccount(community, seat);
  for (const step of steps) await mined(step, await orders.write[step](key, { account }));
  await mined("claimFixed", await orders.write.claimRepaired([...key, 0x010203, ROOT_A], { account }));
  const claimedAt = await chainTime(community);
  await travelTo(community, claimedAt + TERMS.verifySpan + 10);
  const run = goodRun(community, device, claimedAt + TERMS.verifySpan + 5);
  await mined("prove", await orders.write.proveRepair([...key, run, []]));
  await travelTo(community, (await chainTime(community)) + TERMS.confirmWindow + 1);
  await mined("settle", await orders.write.settle(key));
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
    await register.write.record([next(community, first, now, 200)]);
    await bench.recordGas("community.reading.single", await register.write.record([next(community, first, now, 210)]));
    await bench.recordGas(
      "community.reading.single.p256",
      await register.write.record([next(community, p256, now, 210)]),
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

    // Three lives of one device, a month apart: the first one creates its slots, the later ones reuse them.
    await cover(community, crew, second.id);
    // Technicians are on duty all the time, so that every opening goes through the rota.
    const PERIOD = 16 * 28_800;
    const month = async (): Promise<void> => {
      const now = (await chainTime(community)) + 30 * 86_400;
      const { epoch } = await orders.read.figuresOf([crew]);
      for (const seat of [0, 1, 2])
        await orders.write.setAvailability([crew, seat, Math.floor((now - epoch) / PERIOD), 0xffff], {
          account: seatAccount(community, seat),
        });
      await travelTo(community, now);
    };
    await month();
    const opening = await repair(bench, community, second, ["arriveAtSite"]);
    await month();
    const stepwise = await repair(bench, community, second, [
      "acceptWork",
      "arriveAtSite",
      "beginRepair",
      "hold",
      "continueWork",
    ]);
    await month();
    const usual = await repair(bench, community, second, ["acceptWork", "arriveAtSite"]);
    const sum = (life: Readonly<Record<string, number>>): number =>
      Object.values(life).reduce((total, gas) => total + gas, 0);
    const gas = (id: string, value: number, n?: number): void =>
      bench.record({ id, value, unit: "gas", ...(n === undefined ? {} : { n }) });
    gas("community.openOrder", opening.open ?? 0);
    const steps = ["acceptWork", "arriveAtSite", "beginRepair", "hold", "continueWork"].map(
      (name) => stepwise[name] ?? 0,
    );
    gas("community.step", Math.max(...steps), steps.length);
    gas("community.claimFixed", usual.claimFixed ?? 0);
    gas("community.prove", usual.prove ?? 0);
    gas("community.settle", usual.settle ?? 0);
    // The technician who is on site accepts on the way; the figures below it: slots reused, and accepting apart.
    gas("community.fullOrder", sum(opening));
    gas("community.fullOrder.accepting", sum(usual));
    gas("community.fullOrder.stepwise", sum(stepwise));
    // The last escalation writes one order; shown because it replaces the dispatcher.
    await orders.write.report([next(community, first, await chainTime(community), 1_400)]);
    await travelTo(community, (await chainTime(community)) + TERMS.response + 1);
    await bench.recordGas("community.escalate", await orders.write.escalate([first.id, 0]));
  },
};
