// A block of flats with 24 machines over 90 simulated days, and nobody who dispatches.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import hre from "hardhat";
import pc from "picocolors";
import { formatEther, type Hash, type Hex } from "viem";
import {
  getCommunityView,
  nextSweepHead,
  type OrderHistory,
  performance,
  readingDigest,
  type SignedReading,
  type Sweep,
  sweepRoot,
  sweepWord,
  unpackReading,
} from "../../packages/sdk/src/community/index.ts";
import { createRandom } from "../../packages/sdk/src/foundation/random.ts";
import { build } from "../build.ts";
import {
  agree,
  type Community,
  cover,
  deployCommunity,
  FIRMWARE,
  foundCrew,
  installDevice,
  next,
  type PlayedDevice,
  PROFILE,
  seatAccount,
  TERMS,
  wallet,
} from "../lib/community.ts";
import { table } from "../lib/console.ts";
import { type MachineReading, parseMachineReadings } from "../lib/machineReadings.ts";
import { UsageError } from "../lib/usage.ts";

const USAGE = `Usage: npm run story -- community [--seed N] [--csv FILE [--low N] [--high N]]

24 machines of a block, 90 simulated days: their own readings open and close the repairs, the rota names the technicians,
silence escalates, money moves by the clock. There is a no-show, a fake repair and a gateway that lies.

  --seed N     another course of events (default 1)
  --csv FILE   machine 1 follows the readings in FILE (header timestamp,value) instead of the fault model
  --low, --high  its limits (default ${PROFILE.low} and ${PROFILE.high})

Example: npm run story -- community --seed 7`;

const DEVICES = 24;
const DAY = 86_400;
const DAYS = 90;
const MEAN_BETWEEN_FAULTS = 40 * DAY;
const TECHNICIANS = 4;
const ZERO = `0x${"00".repeat(32)}` as const;
const LIMITS = 0;

type Outcome = "repair" | "noShow" | "fakeRepair" | "passes" | "hidden";

interface Task {
  readonly at: number;
  readonly run: (now: number) => Promise<void>;
}

/** Runs tasks in the order of their times, whenever they were added. */
class Timeline {
  readonly #tasks: Task[] = [];
  add(at: number, run: Task["run"]): void {
    const index = this.#tasks.findIndex((task) => task.at > at);
    this.#tasks.splice(index === -1 ? this.#tasks.length : index, 0, { at, run });
  }
  async play(): Promise<void> {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) await task.run(task.at);
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "1" },
      csv: { type: "string" },
      low: { type: "string", default: String(PROFILE.low) },
      high: { type: "string", default: String(PROFILE.high) },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [seed, low, high] = [values.seed, values.low, values.high].map(Number) as [number, number, number];
  if (![seed, low, high].every(Number.isInteger) || low + PROFILE.band > high - PROFILE.band)
    throw new UsageError(
      `--seed, --low and --high are whole numbers, and the limits lie at least ${2 * PROFILE.band} apart: a machine is well again only ${PROFILE.band} inside them`,
    );
  const rows = values.csv === undefined ? undefined : readingsIn(values.csv);
  await build("production");
  await new Block(await deployCommunity(await hre.network.create()), seed).live(rows, low, high);
}

function readingsIn(path: string): MachineReading[] {
  try {
    return parseMachineReadings(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The block: its machines, what ails them, and the people. */
class Block {
  readonly #community: Community;
  readonly #random: () => number;
  readonly #timeline = new Timeline();
  readonly #devices: PlayedDevice[] = [];
  readonly #ill = new Set<number>();
  readonly #history: Sweep[] = [];
  readonly #notes: string[] = [];
  #crew = 0;
  #start = 0;
  #last = 0;
  #gatewayIndex = 2;
  #changed = true;
  #faults = 0;
  #transactions = 0;
  #exemplary: bigint | undefined;

  constructor(community: Community, seed: number) {
    this.#community = community;
    this.#random = createRandom(seed);
  }

  async live(rows: readonly MachineReading[] | undefined, low: number, high: number): Promise<void> {
    await this.#settleIn(low, high);
    for (const device of this.#devices) if (rows === undefined || device.id !== 1) this.#planFaults(device);
    if (rows !== undefined) this.#follow(rows, low, high);
    for (let day = 0; day < DAYS; day++) {
      this.#timeline.add(this.#start + day * DAY + 6 * 3_600, (now) => this.#heartbeat(now));
      for (const hour of [1, 7, 13, 19])
        this.#timeline.add(this.#start + day * DAY + hour * 3_600, (now) => this.#sweep(now));
    }
    for (let month = 1; month <= 3; month++)
      this.#timeline.add(this.#start + month * 30 * DAY + 3_600, async (now) => {
        await this.#send(now, (community) =>
          community.service.write.payRetainer([community.orders.address, this.#crew]),
        );
      });
    await this.#timeline.play();
    await this.#tell();
  }

  // What happens at a given time

  /** Sends at `at`, or a second after the last transaction when that is later. */
  async #send(at: number, action: (community: Community) => Promise<Hash>): Promise<number> {
    this.#last = Math.max(at, this.#last + 1);
    await this.#community.test.setNextBlockTimestamp({ timestamp: BigInt(this.#last) });
    await action(this.#community);
    this.#transactions += 1;
    return this.#last;
  }

  async #settleIn(low: number, high: number): Promise<void> {
    const community = this.#community;
    this.#crew = await foundCrew(community, TECHNICIANS);
    await agree(community, this.#crew);
    for (let i = 0; i < DEVICES; i++) {
      const profile = i === 0 ? { low, high } : {};
      const device = await installDevice(community, { index: i, curve: i % 2 === 0 ? "secp256k1" : "p256", profile });
      await cover(community, this.#crew, device.id);
      this.#devices.push(device);
    }
    // Each technician works two of three shifts, for the whole time and the days after it.
    for (let seat = 0; seat < TECHNICIANS; seat++) {
      for (let period = 0; period < 20; period++) {
        let shifts = 0;
        for (let i = 0; i < 16; i++) if ((16 * period + i + seat) % 3 !== 0) shifts |= 1 << i;
        await community.orders.write.setAvailability([this.#crew, seat, period, shifts], {
          account: seatAccount(community, seat),
        });
      }
    }
    await this.#serve(2);
    this.#last = Number((await community.client.getBlock()).timestamp);
    this.#start = (Math.floor(this.#last / DAY) + 1) * DAY;
  }

  /** A gateway puts down its bond and gets all machines. */
  async #serve(index: number): Promise<void> {
    const { sweeps, parties } = this.#community;
    const { account } = wallet(this.#community, index);
    await sweeps.write.join({ account, value: 10n ** 18n });
    await sweeps.write.serve([parties.owner.address, true], { account });
    for (const device of this.#devices)
      await sweeps.write.seat([account.address, device.id, device.id], { account: parties.owner });
    this.#gatewayIndex = index;
    this.#history.length = 0;
    this.#changed = true;
  }

  async #heartbeat(now: number): Promise<void> {
    const readings = this.#devices.map((device) => next(this.#community, device, now, this.#value(device)));
    await this.#send(now, (community) => community.register.write.submitBatch([readings]));
  }

  #value(device: PlayedDevice): number {
    const noise = Math.round(80 * (this.#random() - 0.5));
    return this.#ill.has(device.id) ? 1_400 + noise : 250 + noise;
  }

  async #sweep(now: number, ill: Iterable<number> = this.#ill): Promise<void> {
    const { account } = wallet(this.#community, this.#gatewayIndex);
    const word = sweepWord(ill);
    const former = this.#history.at(-1);
    const root = sweepRoot(
      this.#devices.map((device) =>
        readingDigest(
          this.#community.domain,
          { device: device.id, counter: device.counter, observedAt: now, value: 0 },
          FIRMWARE,
        ),
      ),
    );
    if (!this.#changed && former?.word === word) {
      await this.#send(now, (community) => community.sweeps.write.repeatSweep([root], { account }));
      return;
    }
    const [, formerHour] = await this.#community.sweeps.read.gatewayOf([account.address]);
    const changedAt = await this.#send(now, (community) => community.sweeps.write.sweep([word, root], { account }));
    this.#history.push({ word, changedAt, formerHour });
    this.#changed = false;
  }

  // The fault model

  #planFaults(device: PlayedDevice): void {
    let at = this.#start;
    for (;;) {
      at += Math.max(DAY, Math.round(-Math.log(1 - this.#random()) * MEAN_BETWEEN_FAULTS));
      if (at > this.#start + (DAYS - 8) * DAY) return;
      this.#timeline.add(at, (now) => this.#fault(device, now));
    }
  }

  async #fault(device: PlayedDevice, now: number): Promise<void> {
    const { state } = await this.#community.orders.read.orderOf([device.id, LIMITS]);
    // Broken already, or the last repair is still being looked at: nothing new to see.
    if (this.#ill.has(device.id) || (state > 1 && state < 10)) return;
    this.#faults += 1;
    this.#ill.add(device.id);
    this.#changed = true;
    const scripted: Record<number, Outcome> = { 3: "noShow", 6: "fakeRepair", 10: "hidden" };
    const outcome = scripted[this.#faults] ?? (this.#random() < 0.12 ? "passes" : "repair");
    if (outcome === "hidden") await this.#hide(device, now);
    else
      await this.#send(now, (community) =>
        community.orders.write.report([next(community, device, now, this.#value(device))]),
      );
    const order = await this.#community.orders.read.orderOf([device.id, LIMITS]);
    if (outcome === "fakeRepair") this.#exemplary = (BigInt(device.id) << 24n) | BigInt(order.number);
    const opened = this.#last;
    if (outcome === "passes") {
      this.#timeline.add(opened + 300, async () => {
        this.#ill.delete(device.id);
        this.#changed = true;
      });
      this.#timeline.add(opened + 600 + TERMS.verifySpan, (at) => this.#clear(device, at));
      return;
    }
    const lateness = outcome === "noShow" ? TERMS.response + 1 : Math.round(300 + 1_200 * this.#random());
    this.#timeline.add(opened + lateness, (at) => this.#attend(device, at, outcome));
  }

  /** The gateway keeps a fault to itself; a resident brings the machine's own readings, and the bond changes hands. */
  async #hide(device: PlayedDevice, now: number): Promise<void> {
    const community = this.#community;
    const run: SignedReading[] = [0, 400, 800].map((delay) =>
      next(community, device, now + delay, this.#value(device)),
    );
    const others = [...this.#ill].filter((id) => id !== device.id);
    this.#changed = true;
    await this.#sweep(now + 750, others);
    const liar = wallet(community, this.#gatewayIndex).account.address;
    const told = this.#history.slice(0, -1);
    const before = told.reduce<Hex>((head, change) => nextSweepHead(head, change), ZERO);
    const resident = wallet(community, 10).account;
    await this.#send(now + 900, ({ orders }) =>
      orders.write.report([run.at(-1) as SignedReading], { account: resident }),
    );
    await this.#send(now + 960, ({ sweeps }) =>
      sweeps.write.expose([liar, run, before, this.#history.slice(-1)], { account: resident }),
    );
    this.#notes.push(
      `day ${this.#day(now)}: the gateway swept "fine" over machine ${device.id}; a resident brought three readings signed by the machine. ` +
        `The bond of 1 ETH went half to the resident, half to the owners; another gateway serves since.`,
    );
    await this.#serve(11);
    this.#last = Number((await community.client.getBlock()).timestamp);
  }

  async #clear(device: PlayedDevice, now: number): Promise<void> {
    const from = Math.max(now, this.#last + 1) - TERMS.verifySpan;
    const run = this.#run(device, from);
    await this.#send(now, (community) => community.orders.write.selfClear([device.id, LIMITS, run, []]));
  }

  #run(device: PlayedDevice, from: number): SignedReading[] {
    return [0, 1, 2].map((i) => next(this.#community, device, from + (i * TERMS.verifySpan) / 2, this.#value(device)));
  }

  // The people

  async #attend(device: PlayedDevice, now: number, outcome: Outcome): Promise<void> {
    const key = [device.id, LIMITS] as const;
    if (outcome === "noShow") {
      this.#notes.push(`day ${this.#day(now)}: nobody answered for machine ${device.id}; the order climbed a level.`);
      await this.#send(now, ({ orders }) => orders.write.escalate(key));
      this.#timeline.add(this.#last + 420, (at) => this.#attend(device, at, "repair"));
      return;
    }
    const { seat } = await this.#community.orders.read.orderOf(key);
    const by = { account: seatAccount(this.#community, seat) };
    await this.#send(now, ({ orders }) => orders.write.acceptWork(key, by));
    this.#timeline.add(this.#last + Math.round(1_200 + 4_200 * this.#random()), async (arrival) => {
      await this.#send(arrival, ({ orders }) => orders.write.arriveAtSite(key, by));
      await this.#send(this.#last + 300, ({ orders }) => orders.write.beginRepair(key, by));
      let done = this.#last + Math.round(1_800 + 7_200 * this.#random());
      if (this.#random() < 0.15) {
        const parts = done + Math.round(DAY * (0.5 + this.#random()));
        this.#timeline.add(done, async (at) => {
          await this.#send(at, ({ orders }) => orders.write.hold(key, by));
        });
        this.#timeline.add(parts, async (at) => {
          await this.#send(at, ({ orders }) => orders.write.continueWork(key, by));
        });
        done = parts + 3_600;
      }
      this.#timeline.add(done, (at) => this.#claim(device, at, outcome, by.account));
    });
  }

  async #claim(
    device: PlayedDevice,
    now: number,
    outcome: Outcome,
    account: ReturnType<typeof seatAccount>,
  ): Promise<void> {
    const key = [device.id, LIMITS] as const;
    const fake = outcome === "fakeRepair";
    if (!fake) {
      this.#ill.delete(device.id);
      this.#changed = true;
    }
    const evidence = readingDigest(
      this.#community.domain,
      { device: device.id, counter: device.counter, observedAt: now, value: 0 },
      FIRMWARE,
    );
    const claimedAt = await this.#send(now, ({ orders }) =>
      orders.write.claimRepaired([...key, 0x01_02_00 + (this.#faults % 200), evidence], { account }),
    );
    if (fake) {
      this.#timeline.add(claimedAt + 600, async (at) => {
        const reading = next(this.#community, device, at, this.#value(device));
        await this.#send(at, ({ orders }) => orders.write.disprove([...key, [reading]]));
        this.#notes.push(
          `day ${this.#day(at)}: the repair of machine ${device.id} was a fake; its own reading of ${unpackReading(reading.reading).value} refuted it.`,
        );
        this.#timeline.add(at + 5_400, (later) => this.#claim(device, later, "repair", account));
      });
      return;
    }
    this.#timeline.add(claimedAt + 60 + TERMS.verifySpan, async (at) => {
      const run = this.#run(device, Math.max(at, this.#last + 1) - TERMS.verifySpan);
      await this.#send(at, ({ orders }) => orders.write.proveRepair([...key, run, []]));
      this.#timeline.add(this.#last + TERMS.confirmWindow + 60, async (later) => {
        const { state } = await this.#community.orders.read.orderOf(key);
        if (state === 8) await this.#send(later, ({ orders }) => orders.write.settle(key));
      });
    });
  }

  // A machine that follows a file

  #follow(rows: readonly MachineReading[], low: number, high: number): void {
    const [device] = this.#devices as [PlayedDevice];
    const first = rows[0]?.timestamp ?? 0;
    let since: SignedReading[] = [];
    const key = [device.id, LIMITS] as const;
    const kept = rows.filter((row) => row.timestamp - first < DAYS * DAY);
    for (const { timestamp, value } of kept) {
      this.#timeline.add(this.#start + (timestamp - first), async (now) => {
        const reading = next(this.#community, device, now, value);
        const inside = value >= low + PROFILE.band && value <= high - PROFILE.band;
        const before = await this.#community.orders.read.orderOf(key);
        if (before.state === 7 && now > before.stageAt) {
          since = inside ? [...since, reading] : [];
          const [oldest] = since;
          const span = oldest === undefined ? 0 : now - unpackReading(oldest.reading).observedAt;
          if (value < low || value > high) {
            await this.#send(now, ({ orders }) => orders.write.disprove([...key, [reading]]));
          } else if (since.length >= TERMS.verifyCount && span >= TERMS.verifySpan) {
            const run = since;
            await this.#send(now, ({ orders }) => orders.write.proveRepair([...key, run, []]));
            this.#timeline.add(this.#last + TERMS.confirmWindow + 60, async (later) => {
              const { state } = await this.#community.orders.read.orderOf(key);
              if (state === 8) await this.#send(later, ({ orders }) => orders.write.settle(key));
            });
          }
          return;
        }
        since = [];
        await this.#send(now, ({ orders }) => orders.write.report([reading]));
        const after = await this.#community.orders.read.orderOf(key);
        if (after.number === before.number) return;
        this.#exemplary ??= (BigInt(device.id) << 24n) | BigInt(after.number);
        const account = seatAccount(this.#community, after.seat);
        this.#timeline.add(now + 900, async (at) => {
          await this.#send(at, ({ orders }) => orders.write.acceptWork(key, { account }));
        });
        this.#timeline.add(now + 3_600, async (at) => {
          await this.#send(at, ({ orders }) => orders.write.arriveAtSite(key, { account }));
        });
        this.#timeline.add(now + 7_200, async (at) => {
          await this.#send(at, ({ orders }) => orders.write.claimRepaired([...key, 0x010000, ZERO], { account }));
        });
      });
    }
  }

  // What is told at the end

  #day(timestamp: number): string {
    return ((timestamp - this.#start) / DAY).toFixed(1);
  }

  async #tell(): Promise<void> {
    const { client, orders, service, sweeps } = this.#community;
    const view = await getCommunityView(client, { orders: orders.address, service: service.address });
    const example = this.#exemplary === undefined ? undefined : view.orders.get(this.#exemplary);
    if (example !== undefined) this.#tellOne(example);
    console.log(`\n${pc.bold("What else happened")}`);
    for (const note of this.#notes) console.log(`  ${note}`);

    const now = this.#last;
    const lines = [...view.devices.values()].map((kpis) => {
      const { mttrSeconds, mtbfSeconds, availabilityBp } = performance(kpis, now);
      return [
        String(kpis.device),
        String(kpis.repairs),
        String(kpis.falseAlarms),
        String(kpis.redos),
        kpis.repairs === 0 ? "" : (mttrSeconds / 3_600).toFixed(1),
        kpis.repairs === 0 ? "" : (mtbfSeconds / DAY).toFixed(1),
        `${(availabilityBp / 100).toFixed(2)} %`,
        formatEther(kpis.feesPaid),
        formatEther(kpis.penalties),
      ];
    });
    const heads = [
      "machine",
      "repairs",
      "false",
      "redos",
      "MTTR h",
      "MTBF d",
      "available",
      "fees ETH",
      "penalties ETH",
    ];
    console.log(`\n${pc.bold("Figures, rebuilt from events")}`);
    console.log(table(heads, lines, [1, 2, 3, 4, 5, 6, 7, 8]));

    const agreement = await service.read.agreementOf([orders.address, this.#crew]);
    const held = await client.getBalance({ address: service.address });
    const owed = agreement.escrow + agreement.bond + agreement.contractorDue + agreement.backupDue;
    const resident = await sweeps.read.balanceOf([wallet(this.#community, 10).account.address]);
    console.log(`\n${pc.bold("Money")}`);
    console.log(
      table(
        ["account", "ETH"],
        [
          ["escrow of the owners", formatEther(agreement.escrow)],
          ["bond of the contractor", formatEther(agreement.bond)],
          ["due to the contractor", formatEther(agreement.contractorDue)],
          ["due to the backup", formatEther(agreement.backupDue)],
          ["sum", formatEther(owed)],
          ["held by the contract", formatEther(held)],
          ["reward of the resident", formatEther(resident)],
        ],
        [1],
      ),
    );
    if (owed !== held) throw new Error("the contract does not hold what it owes");
    console.log(
      `\n${DEVICES} machines, ${DAYS} days, ${this.#faults} faults, ${this.#transactions} transactions, no dispatcher.`,
    );
  }

  #tellOne(order: OrderHistory): void {
    console.log(`\n${pc.bold(`One fault of machine ${order.device}, from the first bad reading to settlement`)}`);
    const names: Record<string, string> = {
      OrderOpened: "the machine's own reading opened the order, the rota named the technician",
      OrderAccepted: "accepted",
      OrderArrived: "on site",
      OrderStarted: "work began",
      OrderHeld: "waiting for parts",
      OrderResumed: "parts came",
      FixClaimed: "claimed to be repaired",
      FixFailed: "the machine's own reading refuted it: a failed fix",
      OrderRestored: "three readings in a row, signed by the machine, proved the repair",
      OrderReassigned: "the next level took over",
      OrderSelfCleared: "cleared itself",
      OrderClosed: "nobody disputed it: closed",
      RepairSettled: `settled: fee ${formatEther(order.fee)} ETH, penalty ${formatEther(order.penalty)} ETH`,
    };
    for (const { timestamp, name, args } of order.moments) {
      const seat = args.seat === undefined ? "" : ` (seat ${String(args.seat)})`;
      const minutes = Math.round((timestamp - order.openedAt) / 60);
      console.log(
        `  day ${this.#day(timestamp).padStart(5)}  +${String(minutes).padStart(5)} min  ${names[name] ?? name}${seat}`,
      );
    }
  }
}
