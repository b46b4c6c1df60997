import { decoded } from "@publica/sdk";
import {
  buildSettlement,
  chainView,
  coverAtGate,
  dryRunSettlement,
  markAbsent,
  nextLargeCall,
  readLargeSession,
  type Settlement,
  settlementAccessList,
  type SettlementInput,
  type SignedCurve,
} from "@publica/sdk/energy";
import { energyExchangeAbi, largeBooksAbi } from "@publica/sdk/abi";
import { type Address, isAddressEqual } from "viem";
import { writeContract } from "viem/actions";
import { chainNow, firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Plan, Step } from "../lib/sending.ts";
import { relative, utc } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import { type Market, postedOrders, showEnergy, slotDay, slotTime } from "./market.ts";
import type { OrderFile } from "./orderFile.ts";

/** A transaction may use 16.78 million gas; beyond this a book goes in parts. */
const ONE_TRANSACTION_GAS = 15_500_000n;

export interface SettleOptions {
  readonly firstSlot: number;
  readonly count: number;
  readonly orders: readonly OrderFile[];
  /** In parts even when one transaction would do. */
  readonly parts: boolean;
}

/** Clears a book, dry-runs it, and plans its settlement: one transaction, or the next one of several. */
export async function planSettle(market: Market, sender: Address, options: SettleOptions): Promise<Plan> {
  const { context, exchange, accounts, large } = market;
  const { client } = context;
  const { firstSlot, count } = options;
  const input = await inputOf(market, options);
  const built = buildSettlement(input);
  const facts: [string, string][] = [
    ["book", `${slotDay(firstSlot)} ${slotTime(firstSlot)} UTC, ${count} slots`],
    ["orders", `${input.curves.length} signed, ${input.posted?.length ?? 0} posted`],
    ["absent", absentees(input, built)],
    ["traded", `${showEnergy(built.clearings.reduce((sum, { volumeWh }) => sum + volumeWh, 0))} kWh`],
    ["to the network", money(built.networkMicro, market.token)],
  ];
  const data = { firstSlot, count, networkMicro: built.networkMicro, commitment: built.commitment };
  const addresses = { accounts, large, fromBlock: firstBlock(context, "LargeBooks") };
  const session = await readLargeSession(client, addresses, firstSlot);
  if (session?.stage === "None") throw new CliError("the book is closed", "publica energy verify checks it.");
  if (session === undefined) {
    const view = await chainView(client, { accounts, exchange });
    await dryRunSettlement(view, built);
    const whole = settleStep(market, sender, built);
    const gas = await gasOf(market, sender, built);
    if (!options.parts && gas !== undefined && gas <= ONE_TRANSACTION_GAS)
      return { facts: [...facts, ["gas", gas.toLocaleString("en")]], data: { ...data, gas }, steps: [whole] };
  }
  const [, , fallback] = await client.readContract({
    ...{ address: exchange, abi: energyExchangeAbi, functionName: "timesOf", args: [firstSlot, BigInt(count)] },
  } as const);
  const late = BigInt(await chainNow(client)) >= fallback;
  const call = nextLargeCall(input, built.prices, session, { fallback: late });
  if (call === undefined) throw new CliError("the book is closed", "publica energy verify checks it.");
  const request = { address: large, abi: largeBooksAbi, ...call } as const;
  const step: Step = {
    what: `${call.functionName} (part of a settlement in several transactions; repeat the command until it is closed)`,
    simulate: () => client.simulateContract({ ...request, account: sender } as never),
    send: (from) =>
      decoded(() => writeContract(from, { ...request, account: from.account, chain: from.chain ?? null } as never)),
  };
  return {
    facts: [...facts, ["stage", session?.stage ?? "not begun"]],
    data: { ...data, stage: session?.stage },
    steps: [step],
  };
}

async function inputOf(market: Market, options: SettleOptions): Promise<SettlementInput> {
  const { context, exchange, accounts } = market;
  const { firstSlot, count, orders } = options;
  for (const order of orders) {
    if (order.chainId !== context.chainId || !isAddressEqual(order.exchange, exchange))
      throw new CliError(`the order of account ${order.account} is for another market`, "Leave its file out.");
    if (order.firstSlot !== firstSlot || order.steps.length !== count)
      throw new CliError(
        `the order of account ${order.account} is for ${slotDay(order.firstSlot)}, ${order.steps.length} slots`,
        "Settle books one by one.",
      );
  }
  const view = await chainView(context.client, { accounts, exchange });
  const [gate, from] = await view.times(firstSlot, count);
  const now = await chainNow(context.client);
  if (BigInt(now) < from)
    throw new CliError(`the book can be settled from ${utc(from)}, ${relative(Number(from), now)}`, "Come back then.");
  const posted = await postedOrders(market, firstSlot, count);
  const cover = await coverAtGate(view, [...posted, ...orders], gate);
  const zoneOf = (account: number) => cover.get(account)?.zone ?? 0;
  const coverOf = (account: number) => cover.get(account)?.coverMicro ?? 0n;
  const common = { firstSlot, count, links: view.links, share: view.share, posted, zoneOf, coverOf };
  const curves: readonly SignedCurve[] = await markAbsent(view, { ...common, curves: orders }, gate);
  return { ...common, curves };
}

function absentees(input: SettlementInput, built: Settlement): string {
  const signed = input.curves.filter(({ absent }) => absent).map(({ account }) => `account ${account}`);
  const posted = (input.posted?.length ?? 0) - built.postedFills.length;
  if (posted > 0) signed.push(`${posted} posted`);
  return signed.length === 0 ? "nobody" : `${signed.join(", ")} (not covered, or not signed well)`;
}

function requestOf({ exchange, accounts }: Market, settlement: Settlement) {
  const { firstSlot, prices, orders, posted } = settlement;
  const args = [firstSlot, prices, orders, posted] as const;
  const accessList = settlementAccessList(accounts, settlement);
  return { address: exchange, abi: energyExchangeAbi, functionName: "settle", args, accessList } as const;
}

function settleStep(market: Market, sender: Address, built: Settlement): Step {
  const request = requestOf(market, built);
  return {
    what: `settle ${built.positions.length} signed and ${built.postedFills.length} posted orders in one transaction`,
    simulate: () => market.context.client.simulateContract({ ...request, account: sender }),
    send: (from) =>
      decoded(() => writeContract(from, { ...request, account: from.account, chain: from.chain ?? null })),
  };
}

/** What one transaction would use; undefined where it would not fit. */
async function gasOf(market: Market, sender: Address, built: Settlement): Promise<bigint | undefined> {
  try {
    return await market.context.client.estimateContractGas({ ...requestOf(market, built), account: sender });
  } catch {
    return undefined;
  }
}
