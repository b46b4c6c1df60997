// npm run story -- energy: a neighbourhood of 100 homes trades one day, meters settle it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import hre from "hardhat";
import pc from "picocolors";
import {
  bookRoot,
  buildSettlement,
  chainView,
  type Curve,
  dryRunSettlement,
  encodeMeterValues,
  encodeStep,
  NO_STEP,
  omissionProof,
  type Participant,
  type PostedOrder,
  receiptOf,
  receiptTypedData,
  replayBook,
  settleDeviations,
  type Settlement,
  type SignedCurve,
  signCurve,
  type Step,
  slotBook,
} from "../../packages/sdk/src/energy/index.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/index.ts";
import { build } from "../build.ts";
import { fail, ProgressLine, table, thousands } from "../lib/console.ts";
import {
  BALANCE_PARTY,
  deployMarket,
  fallbackTime,
  keyOf,
  METERED,
  meterKey,
  nextDay,
  settleTime,
} from "../lib/energy-market.ts";
import { ROOT } from "../lib/run.ts";
import { dayChart, supplyDemandChart } from "../lib/energy-charts.ts";

const USAGE = `Usage: npm run story -- energy [--homes N] [--seed N] [--out FOLDER]

A neighbourhood trades one day on a local chain: every home signs once, the operator commits the sealed book, anybody settles,
meters post what was delivered, deviations are paid. One home delivers too little, one order is left out by the operator,
one trader goes around him. FOLDER (default dist/energy) receives two pictures: supply and demand at noon, and the day.

Example: npm run story -- energy --homes 40`;

const DAY = 96;
/** What the retailer charges and pays without a market, in µ per Wh: 32 ct and 8 ct a kWh. */
const RETAIL = 320;
const FEED_IN = 80;
const TARIFF = { longTick: FEED_IN, shortTick: RETAIL, deadBandWh: 100, penaltyTicks: 10 };
const money = (micro: bigint): string => (Number(micro) / 1e6).toFixed(2);
const step = (text: string): void => console.log(`\n${pc.cyan("●")} ${pc.bold(text)}`);

/** Load and sun of a home in a slot, in Wh; a deterministic little weather. */
function profile(home: number, t: number, seed: number): { load: number; sun: number } {
  const wobble = (((home * 7_919 + t * 104_729 + seed * 31_337) % 997) / 997) * 0.5 + 0.75;
  const evening = Math.exp(-(((t - 76) / 10) ** 2)) * 420;
  const morning = Math.exp(-(((t - 30) / 8) ** 2)) * 260;
  const load = Math.round((60 + evening + morning) * wobble);
  const height = Math.max(0, Math.sin(((t - 24) / 56) * Math.PI));
  const sun = home % 5 < 2 ? Math.round(height * 900 * wobble) : 0;
  return { load, sun };
}

/** A home bids between feed-in and retail for what it lacks, offers what it has too much. */
function wish(home: number, t: number, seed: number): Step {
  const { load, sun } = profile(home, t, seed);
  const net = sun - load;
  const taste = (home * 37 + t * 11 + seed) % 100;
  if (net > 0) return { side: "offer", tick: FEED_IN + 10 + taste, energyWh: net };
  if (net < 0) return { side: "bid", tick: RETAIL - 10 - taste, energyWh: -net };
  return NO_STEP;
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      homes: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: join("dist", "energy") },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const homes = Number(values.homes);
  const seed = Number(values.seed);
  if (!Number.isInteger(homes) || homes < 5 || homes > 150 || !Number.isInteger(seed))
    fail(`--homes is 5 to 150 and --seed a whole number\n\n${USAGE}`, 2);
  await build("production");
  const { viem, networkHelpers } = await hre.network.create({ network: "default" });
  const line = new ProgressLine();

  step(`${homes} homes open accounts, pay in, and have their meters registered`);
  const market = await deployMarket(viem, { operator: "bonded" });
  const { accounts, exchange, operator, meters, balancing, token, client, domain, chainId } = market;
  const firstSlot = (await nextDay(client)) + DAY;
  await balancing.write.setTariff([{ fromSlot: firstSlot, ...TARIFF }]);
  await accounts.write.deposit([BALANCE_PARTY, 10n ** 12n]);
  await token.write.approve([operator.address, 10n ** 12n]);
  await operator.write.depositBond([200_000_000n]);
  const ids: number[] = [];
  for (let i = 0; i < homes; i++) {
    line.update(`home ${i + 1} of ${homes}`);
    ids.push(await market.open(keyOf(i), 50_000_000n, 0, METERED));
    const { x, y } = meterKey(i);
    await meters.write.register([ids[i] ?? 0, { curve: 1, class: 0, capWh: 6_000, x, y }]);
  }
  line.done(`${homes} accounts, 50.00 each, ${homes} P-256 meters`);

  step("Each home signs once for all 96 quarters; the operator gives receipts, and forgets one order");
  const forgotten = homes - 2;
  const around = homes - 1;
  const curves: SignedCurve[] = [];
  for (let i = 0; i < homes - 1; i++) {
    const steps = Array.from({ length: DAY }, (_, t) => wish(i, t, seed));
    curves.push(await signCurve(keyOf(i), domain, { account: ids[i] ?? 0, nonce: 0, firstSlot, steps }));
  }
  const missing = curves[forgotten] as SignedCurve;
  const receipt = receiptOf(missing);
  const receiptSignature = await market.operatorWallet.signTypedData(
    receiptTypedData(chainId, operator.address, receipt),
  );
  const book = curves.filter((_, i) => i !== forgotten);
  const root = bookRoot(book);
  await operator.write.commitBook([firstSlot, root], { account: market.operatorWallet.account });
  line.done(`book of ${book.length} sealed under ${root.slice(0, 18)}…, nothing else is public before the gate`);

  step("One home goes around the operator and posts its evening on chain");
  await networkHelpers.time.increaseTo(firstSlot * 900 - 3_600);
  const posted: PostedOrder[] = [];
  const traveller = keyOf(around).address;
  await networkHelpers.setBalance(traveller, 10n ** 18n);
  await networkHelpers.impersonateAccount(traveller);
  for (let t = 72; t < 80; t++) {
    const order = { slot: firstSlot + t, account: ids[around] ?? 0, ...wish(around, t, seed) };
    if (order.energyWh === 0) continue;
    posted.push(order);
    await accounts.write.post([order.slot, order.account, Number(BigInt(encodeStep(order)))], { account: traveller });
  }
  line.done(`${posted.length} posted orders; whoever settles must include them`);

  step("After the gate anybody clears and settles");
  await networkHelpers.time.increaseTo(settleTime(firstSlot, DAY));
  const built = buildSettlement({ firstSlot, count: DAY, curves: book, posted });
  const view = await chainView(client as never, { accounts: accounts.address, exchange: exchange.address });
  await dryRunSettlement({ ...view, now: view.now + 1n }, built);
  const shorter = { ...built, posted: `0x${built.posted.slice(24)}` as const };
  try {
    await dryRunSettlement(view, shorter);
  } catch (error) {
    line.done(`leaving a posted order out is refused before it is sent: ${decodeRevert(error).code}`);
  }
  const hash = await exchange.write.settle([firstSlot, built.prices, built.orders, built.posted], { gas: 16_700_000n });
  const { gasUsed } = await client.getTransactionReceipt({ hash });
  const orders = book.length * DAY + posted.length;
  line.done(
    `${thousands(orders)} orders settled, ${thousands(gasUsed)} gas, ${thousands(gasUsed / BigInt(orders))} each`,
  );
  const { matches } = await replayBook(
    client as never,
    { accounts: accounts.address, exchange: exchange.address },
    hash,
  );
  line.done(`a stranger replays the day from chain data: ${matches ? "every fill agrees" : "DIFFERENT"}`);

  step("The forgotten home proves the omission and is paid from the bond");
  const proof = omissionProof(receipt, book as readonly Curve[], root);
  await operator.write.proveOmission([
    receipt,
    receiptSignature,
    proof.groups,
    proof.index,
    proof.leaves,
    proof.nextLeaves,
  ]);
  const compensation = await token.read.balanceOf([keyOf(forgotten).address]);
  line.done(`${money(compensation)} paid, ${money(await operator.read.bondMicro())} of the bond left`);

  step("Meters sign the day; one home delivered a third less than it sold");
  await networkHelpers.time.increaseTo(fallbackTime(firstSlot));
  const people = await measure(market, built, ids, firstSlot, seed, line);
  const expected = settleDeviations(built, people, TARIFF);
  await balancing.write.settle(
    [
      {
        firstSlot,
        count: BigInt(DAY),
        tariff: 0n,
        prices: built.publishedPrices,
        posted: built.postedPositions,
        positions: built.recordPositions,
        metered: expected.metered,
      },
    ],
    { gas: 16_700_000n },
  );
  line.done(
    `deviations paid: balance party ${money(expected.balancePartyMicro)}, penalties ${money(expected.penaltyMicro)}`,
  );

  await report(market, ids, people);
  const held = await token.read.balanceOf([accounts.address]);
  let sum = 0n;
  for (let id = 1; id <= (await accounts.read.accountCount()); id++) sum += await market.balanceOf(id);
  console.log(
    `\nmoney in the ledger ${money(sum)}, tokens it holds ${money(held)}: ${sum === held ? "equal" : "UNEQUAL"}`,
  );

  const folder = join(ROOT, values.out);
  mkdirSync(folder, { recursive: true });
  const noon = firstSlot + 52;
  const picture = supplyDemandChart(
    slotBook(
      noon,
      [...book].sort((a, b) => a.account - b.account),
      posted,
      () => 0,
    ),
    built.clearings[52],
  );
  writeFileSync(join(folder, "noon.svg"), picture);
  writeFileSync(join(folder, "day.svg"), dayChart(built.clearings));
  console.log(`pictures: ${join(values.out, "noon.svg")}, ${join(values.out, "day.svg")}`);
}

type Market = Awaited<ReturnType<typeof deployMarket>>;

/** Every meter signs what its home did; home 0 delivers a third less of what it sold. */
async function measure(
  market: Market,
  built: Settlement,
  ids: readonly number[],
  firstSlot: number,
  seed: number,
  line: ProgressLine,
): Promise<Participant[]> {
  const day = firstSlot / DAY;
  const domain = { chainId: market.chainId, registry: market.meters.address };
  const people: Participant[] = [];
  for (const [i, account] of ids.entries()) {
    line.update(`meter ${i + 1} of ${ids.length}`);
    const valuesWh = Array.from({ length: DAY }, (_, t) => {
      const { load, sun } = profile(i, t, seed);
      return Math.round(sun * (i === 0 ? 0.6 : 1)) - load + ((i * 13 + t * 7 + seed) % 21) - 10;
    });
    const { a, b } = meterKey(i).sign(domain, { account, day, valuesWh });
    await market.meters.write.post([account, day, encodeMeterValues(valuesWh), a, b]);
    people.push({ account, zone: 0, metered: true, valuesWh, balanceMicro: await market.balanceOf(account) });
  }
  line.done(
    `${ids.length} meter-days, ${thousands(ids.length * DAY)} readings; ${thousands(built.positions.length)} positions`,
  );
  return people;
}

/** Who saved what against buying at retail and selling at the feed-in price. */
async function report(market: Market, ids: readonly number[], people: readonly Participant[]): Promise<void> {
  const rows: { home: number; before: bigint; after: bigint }[] = [];
  for (const [i, account] of ids.entries()) {
    let before = 0n;
    for (const value of people[i]?.valuesWh ?? []) before += BigInt(value) * BigInt(value > 0 ? FEED_IN : RETAIL);
    rows.push({ home: i, before, after: (await market.balanceOf(account)) - 50_000_000n });
  }
  const gain = (row: { before: bigint; after: bigint }) => row.after - row.before;
  const sorted = [...rows].sort((a, b) => Number(gain(b) - gain(a)));
  const note = (home: number): string =>
    home === 0
      ? "delivered too little"
      : home === ids.length - 2
        ? "left out by the operator"
        : home === ids.length - 1
          ? "posted on chain"
          : home % 5 < 2
            ? "has a roof"
            : "";
  const special = [0, ids.length - 2, ids.length - 1];
  const shown = [...sorted.slice(0, 6), ...sorted.slice(-6)].filter(({ home }) => !special.includes(home));
  shown.push(...rows.filter(({ home }) => special.includes(home)));
  console.log(
    `\n${table(
      ["home", "retail tariff", "this market", "saved", ""],
      shown.map((row) => [String(row.home), money(row.before), money(row.after), money(gain(row)), note(row.home)]),
      [1, 2, 3],
    )}`,
  );
  const total = rows.reduce((sum, row) => sum + gain(row), 0n);
  console.log(`all homes together: ${money(total)} better off than with the retailer, in one day`);
}
