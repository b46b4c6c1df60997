import { addressOf, inRanges } from "@publica/sdk";
import {
  DAY_SLOTS,
  decodeStep,
  ENERGY_MAX_WH,
  type PostedOrder,
  SLOT_SECONDS,
  type Step,
  TICK_MAX,
  TICK_MIN,
} from "@publica/sdk/energy";
import { energyAccountsAbi } from "@publica/sdk/abi";
import { type Address, numberToHex } from "viem";
import { type DeployedContext, firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import { readToken, type Token } from "../lib/tokens.ts";

/** The energy market of a deployment. */
export interface Market {
  readonly context: DeployedContext;
  readonly accounts: Address;
  readonly exchange: Address;
  readonly large: Address;
  readonly token: Token;
}

export async function marketOf(context: DeployedContext): Promise<Market> {
  const { deployment } = context.found;
  const accounts = addressOf(deployment, "EnergyAccounts");
  const currency = await context.client.readContract({
    address: accounts,
    abi: energyAccountsAbi,
    functionName: "TOKEN",
  });
  return {
    context,
    accounts,
    exchange: addressOf(deployment, "EnergyExchange"),
    large: addressOf(deployment, "LargeBooks"),
    token: await readToken(context.client, currency),
  };
}

export interface AccountState {
  readonly account: number;
  readonly owner: Address;
  readonly balanceMicro: bigint;
  readonly nonce: number;
  readonly zone: number;
  readonly flags: number;
}

/** The account, which must exist. */
export async function accountState({ context, accounts }: Market, account: number): Promise<AccountState> {
  const state = await context.client.readContract({
    ...{ address: accounts, abi: energyAccountsAbi, functionName: "accountOf", args: [account] },
  } as const);
  if (BigInt(state.owner) === 0n)
    throw new CliError(`there is no account ${account}`, "Ask the market's registrar to open one.");
  return { account, ...state };
}

/** Orders posted on chain for the slots, in the order of posting. */
export async function postedOrders(market: Market, firstSlot: number, count: number): Promise<PostedOrder[]> {
  const { context, accounts } = market;
  const slots = Array.from({ length: count }, (_, t) => firstSlot + t);
  const logs = await inRanges(context.client, firstBlock(context, "EnergyAccounts"), (range) =>
    context.client.getContractEvents({
      ...{ address: accounts, abi: energyAccountsAbi, eventName: "OrderPosted", args: { slot: slots } },
      ...{ strict: true, ...range },
    } as const),
  );
  return logs.map(({ args }) => ({
    ...{ slot: args.slot, account: args.account },
    ...decodeStep(numberToHex(args.step, { size: 6 })),
  }));
}

/** The tick of a price a kWh, such as 0.25: currency / kWh is a thousand ticks. */
export function tickOf(price: string, token: Token): number {
  if (token.decimals !== 6)
    throw new CliError(`${token.symbol} has not 6 decimals`, "Prices a kWh need a token that has.");
  if (!/^-?\d+(\.\d{1,3})?$/.test(price))
    throw new CliError(`${price} is no price a kWh`, "Give at most three decimals, such as 0.275.");
  const tick = Math.round(Number(price) * 1_000);
  if (tick < TICK_MIN || tick > TICK_MAX)
    throw new CliError(
      `no market takes ${price} a kWh`,
      `Prices go from ${showPrice(TICK_MIN)} to ${showPrice(TICK_MAX)}.`,
    );
  return tick;
}

/** Whole Wh of an amount of kWh. */
export function energyOf(kwh: string): number {
  if (!/^\d+(\.\d{1,3})?$/.test(kwh))
    throw new CliError(`${kwh} is no amount of kWh`, "Give at most three decimals, such as 1.25.");
  const energyWh = Math.round(Number(kwh) * 1_000);
  if (energyWh > ENERGY_MAX_WH)
    throw new CliError(`no order holds ${kwh} kWh`, `Give at most ${showEnergy(ENERGY_MAX_WH)}.`);
  return energyWh;
}

export const showPrice = (tick: number): string => (tick / 1_000).toFixed(3);
export const showEnergy = (wh: number | bigint): string => (Number(wh) / 1_000).toFixed(3);
export const showStep = ({ side, tick, energyWh }: Step): string =>
  `${side} ${showEnergy(energyWh)} kWh at ${showPrice(tick)}`;

/** The first slot of a UTC day. */
export function firstSlotOf(day: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day)
    throw new CliError(`${day} is no day`, "A day is YYYY-MM-DD, in UTC.");
  return (time / 86_400_000) * DAY_SLOTS;
}

/** The slot that begins at a time of a day, `HH:MM`. */
export function slotOf(day: string, time: string): number {
  const [, hours = "", minutes = ""] = /^([01]\d|2[0-3]):(00|15|30|45)$/.exec(time) ?? [];
  if (hours === "")
    throw new CliError(`${time} is no quarter of an hour`, "Give HH:MM, minutes 00, 15, 30 or 45, in UTC.");
  return firstSlotOf(day) + Number(hours) * 4 + Number(minutes) / 15;
}

export const slotTime = (slot: number): string => new Date(slot * SLOT_SECONDS * 1_000).toISOString().slice(11, 16);
export const slotDay = (slot: number): string => new Date(slot * SLOT_SECONDS * 1_000).toISOString().slice(0, 10);
