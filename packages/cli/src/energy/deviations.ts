import { addressOf, decoded } from "@publica/sdk";
import {
  balancingView,
  buildSettlement,
  DAY_SLOTS,
  DEVIATIONS_A_PART,
  deviationBook,
  type DeviationParts,
  deviationParts,
  dryRunDeviations,
  contractedWh,
  type Participant,
  readMeterDays,
  readSummedParts,
  replayBook,
  type Settlement,
  settleDeviations,
  silentDay,
} from "@publica/sdk/energy";
import { energyAccountsAbi, energyBalancingAbi, energyExchangeAbi, meterRegistryAbi } from "@publica/sdk/abi";
import { type Address, type Hex, parseEventLogs } from "viem";
import { writeContract } from "viem/actions";
import { firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Plan, PlanOptions, Step } from "../lib/sending.ts";
import { relative, utc } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import { type Market, slotDay, slotTime } from "./market.ts";
import { closedBook, VOID } from "./verify.ts";

const METERED = 1;
const OPEN: Hex = `0x${"00".repeat(32)}`;

interface Balancing {
  readonly address: Address;
  readonly meters: Address;
}

/**
 * Plans the payment of what meters measured beside what a closed book contracted: one transaction, or parts.
 * @param parts In parts even when one transaction would do.
 */
export async function planDeviations(
  market: Market,
  sender: Address,
  firstSlot: number,
  parts: boolean,
): Promise<{ plan: Plan; afterwards: NonNullable<PlanOptions["afterwards"]> }> {
  const { context, accounts, exchange } = market;
  const { client } = context;
  const { deployment } = context.found;
  const balancing = {
    address: addressOf(deployment, "EnergyBalancing"),
    meters: addressOf(deployment, "MeterRegistry"),
  };
  const settlement = await settlementOf(market, firstSlot);
  const call = { address: balancing.address, abi: energyBalancingAbi } as const;
  const [view, paid, state] = await Promise.all([
    balancingView(client, { accounts, exchange, meters: balancing.meters, balancing: balancing.address }),
    client.readContract({ ...call, functionName: "isPaid", args: [firstSlot] }),
    client.readContract({ ...call, functionName: "stateOf", args: [firstSlot] }),
  ]);
  const facts: [string, string][] = [
    ["book", `${slotDay(firstSlot)} ${slotTime(firstSlot)} UTC, ${settlement.count} slots`],
  ];
  const data = { firstSlot, count: settlement.count };
  const afterwards = async (sent: Parameters<NonNullable<PlanOptions["afterwards"]>>[0]) => {
    const logs = parseEventLogs({
      abi: energyBalancingAbi,
      eventName: "DeviationsSettled",
      logs: sent.flatMap(({ receipt }) => receipt.logs),
    });
    const people = logs.reduce((sum, { args }) => sum + Number(args.accounts), 0);
    return { facts: [["settled", `${people} accounts`]] as const, data: { settledAccounts: people } };
  };
  if (paid)
    return { plan: { facts: [...facts, ["deviations", "paid"]], data: { ...data, paid }, steps: [] }, afterwards };

  const tariffs = await view.tariffs();
  const tariff = tariffs.findLastIndex((from) => from <= firstSlot);
  if (tariff < 0)
    throw new CliError("no tariff was in force for the book", "Deviations have no price then; nothing can be settled.");
  const prices = await client.readContract({ ...call, functionName: "tariffOf", args: [BigInt(tariff)] });
  const people = await participantsOf(market, balancing, settlement, view);
  const expected = settleDeviations(settlement, people, prices);
  const silent = people.filter((person) => person.silent).map(({ account }) => account);
  facts.push(
    ["metered", `${people.filter(({ metered }) => metered).length} accounts`],
    ["silent", silent.length === 0 ? "nobody" : `accounts ${silent.join(", ")} (count as if nothing was delivered)`],
    ["penalties", money(expected.penaltyMicro, market.token)],
    ["balance party", money(expected.balancePartyMicro, market.token)],
  );
  Object.assign(data, { accounts: expected.accounts, silent });
  const each = parts ? Math.min(Math.ceil(people.length / 2), DEVIATIONS_A_PART) : DEVIATIONS_A_PART;
  const steps =
    state === OPEN && people.length <= each
      ? [await wholeStep(market, sender, call.address, settlement, people, BigInt(tariff), view)]
      : await partSteps(
          ...([market, sender, call.address, firstSlot] as const),
          deviationParts(settlement, people, BigInt(tariff), Math.max(each, 1)),
          state,
        );
  return { plan: { facts, data, steps }, afterwards };
}

/** What was contracted, from the chain alone; nothing in a void book. */
async function settlementOf(market: Market, firstSlot: number): Promise<Settlement> {
  const { context, accounts, exchange, large } = market;
  const { args, transactionHash } = await closedBook(market, firstSlot);
  if (args.status === VOID) {
    const links = await context.client.readContract({
      address: exchange,
      abi: energyExchangeAbi,
      functionName: "links",
    });
    return buildSettlement({ firstSlot, count: Number(args.count), links, curves: [] });
  }
  const addresses = { accounts, exchange, large, fromBlock: firstBlock(context, "LargeBooks") };
  const { settlement, matches } = await replayBook(context.client, addresses, transactionHash);
  if (!matches)
    throw new CliError("the replay differs from what the exchange stored", "publica energy verify shows where.");
  return settlement;
}

type Person = Participant & { readonly silent: boolean };

/** Everybody with a position, and everybody whose meter posted the day. */
async function participantsOf(
  { context, accounts }: Market,
  { meters }: Balancing,
  settlement: Settlement,
  view: Awaited<ReturnType<typeof balancingView>>,
): Promise<Person[]> {
  const { client } = context;
  const day = Math.floor(settlement.firstSlot / DAY_SLOTS);
  const days = await readMeterDays(client, { meters, fromBlock: firstBlock(context, "MeterRegistry") }, day);
  const numbers = [...new Set([...contractedWh(settlement).keys(), ...days.keys()])].sort((a, b) => a - b);
  const silentFrom = (BigInt(day) + 1n) * 86_400n + view.meterDelay;
  const people: Person[] = [];
  for (const account of numbers) {
    const { zone, flags, balanceMicro } = await client.readContract({
      ...{ address: accounts, abi: energyAccountsAbi, functionName: "accountOf", args: [account] },
    } as const);
    const metered = (flags & METERED) === METERED;
    const posted = days.get(account);
    const common = { account, zone, metered, balanceMicro };
    if (!metered || posted !== undefined) {
      people.push({ ...common, valuesWh: posted ?? new Array<number>(DAY_SLOTS).fill(0), silent: false });
      continue;
    }
    const digest = await client.readContract({
      ...{ address: meters, abi: meterRegistryAbi, functionName: "digestOf", args: [account, day] },
    } as const);
    if (digest !== OPEN)
      throw new CliError(
        `the day of account ${account} was posted by another contract`,
        "That transaction does not show its values: use an endpoint that answers debug_traceTransaction.",
      );
    if (view.now < silentFrom)
      throw new CliError(
        `the meter of account ${account} has not posted ${slotDay(settlement.firstSlot)}`,
        `Post it, or come back at ${utc(Number(silentFrom))}, ${relative(Number(silentFrom), Number(view.now))}: it counts as silent then.`,
      );
    people.push({ ...common, valuesWh: silentDay(settlement, account), silent: true });
  }
  return people;
}

async function wholeStep(
  { context }: Market,
  sender: Address,
  address: Address,
  settlement: Settlement,
  people: readonly Person[],
  tariff: bigint,
  view: Awaited<ReturnType<typeof balancingView>>,
): Promise<Step> {
  const book = deviationBook(settlement, people, tariff);
  await dryRunDeviations(view, book);
  const request = { address, abi: energyBalancingAbi, functionName: "settle", args: [book] } as const;
  return {
    what: `pay the deviations of ${people.length} accounts in one transaction`,
    simulate: () => context.client.simulateContract({ ...request, account: sender }),
    send: (from) =>
      decoded(() => writeContract(from, { ...request, account: from.account, chain: from.chain ?? null })),
  };
}

/** What is still to be summed and paid; an interrupted run goes on where it, or anybody, stopped. */
async function partSteps(
  { context }: Market,
  sender: Address,
  address: Address,
  firstSlot: number,
  own: DeviationParts,
  state: Hex,
): Promise<Step[]> {
  const { client } = context;
  const call = { address, abi: energyBalancingAbi } as const;
  const fromBlock = firstBlock(context, "EnergyBalancing");
  const simulate = (request: object) => client.simulateContract({ ...call, ...request, account: sender } as never);
  const step = (what: string, request: object, first: boolean): Step => ({
    what,
    ...(first ? { simulate: () => simulate(request) } : {}),
    send: (from) =>
      decoded(() =>
        writeContract(from, { ...call, ...request, account: from.account, chain: from.chain ?? null } as never),
      ),
  });
  const steps: Step[] = [];
  if (state === OPEN) {
    const first = await nextSum(own, (args) => simulate({ functionName: "sum", args }));
    for (const [index, args] of [...own.sum.entries()].slice(first))
      steps.push(step(`sum part ${index + 1} of ${own.sum.length}`, { functionName: "sum", args }, index === first));
  }
  const pay = state === OPEN ? own.pay : await readSummedParts(client, { balancing: address, fromBlock }, firstSlot);
  for (const args of pay) {
    const [book, , parts, index] = args;
    const account = Number.parseInt(book.metered.slice(2, 10), 16);
    const done =
      state !== OPEN &&
      (await client.readContract({ ...call, functionName: "isAccountPaid", args: [firstSlot, account] }));
    if (!done)
      steps.push(
        step(`pay part ${index + 1n} of ${parts.length}`, { functionName: "payPart", args }, steps.length === 0),
      );
  }
  return steps;
}

/** The furthest part whose sums so far are known on chain. */
async function nextSum({ sum }: DeviationParts, tried: (args: DeviationParts["sum"][number]) => Promise<unknown>) {
  for (let index = sum.length - 1; index > 0; index--) {
    const args = sum[index];
    if (args === undefined) continue;
    const known = await tried(args).then(
      () => true,
      () => false,
    );
    if (known) return index;
  }
  return 0;
}
