import { decoded, type WriteClient } from "@publica/sdk";
import { energyAccountsAbi, testTokenAbi } from "@publica/sdk/abi";
import { type Address, isAddressEqual } from "viem";
import { writeContract } from "viem/actions";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import type { Plan, Step } from "../lib/sending.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import { money, toBaseUnits } from "../lib/tokens.ts";
import { type AccountState, accountState, type Market, slotDay, slotTime } from "./market.ts";

/** What is to be done with an account; one of them. */
export interface AccountChange {
  readonly deposit?: string | undefined;
  readonly withdraw?: string | undefined;
  readonly payout?: true | undefined;
  readonly cancelWithdrawal?: true | undefined;
  readonly cancelOrders?: true | undefined;
  readonly sessionKey?: Address | undefined;
  readonly hours: number;
}

/** What an account is and has. */
export async function accountReport(market: Market, account: number): Promise<Report> {
  const state = await accountState(market, account);
  const { owner, balanceMicro, nonce, zone, flags } = state;
  const onAccounts = { address: market.accounts, abi: energyAccountsAbi } as const;
  const now = await chainNow(market.context.client);
  const reserved = await market.context.client.readContract({
    ...onAccounts,
    functionName: "reservedMicro",
    args: [account, 2n ** 64n],
  });
  const withdrawing = (flags & 2) !== 0;
  const data = { ...state, metered: (flags & 1) !== 0, withdrawingMicro: withdrawing ? reserved : 0n, now };
  return {
    data,
    text: pairs([
      ["account", String(account)],
      ["owner", market.context.label(owner)],
      ["balance", money(balanceMicro, market.token)],
      ["zone", String(zone)],
      ["metered", data.metered ? "yes" : "no"],
      ["nonce", String(nonce)],
      ["withdrawing", withdrawing ? money(reserved, market.token) : undefined],
    ]),
  };
}

/** The transactions of a change. */
export async function planAccount(
  market: Market,
  sender: Address,
  account: number,
  change: AccountChange,
): Promise<Plan> {
  const state = await accountState(market, account);
  const facts: [string, string][] = [
    ["account", String(account)],
    ["balance", money(state.balanceMicro, market.token)],
  ];
  const steps = await stepsOf(market, sender, state, change);
  return { facts, data: { account, balanceMicro: state.balanceMicro }, steps };
}

async function stepsOf(market: Market, sender: Address, state: AccountState, change: AccountChange): Promise<Step[]> {
  const { account } = state;
  if (change.deposit !== undefined)
    return planDeposit(market, sender, account, toBaseUnits(change.deposit, market.token));
  if (change.payout) return [call(market, sender, `pay account ${account} what was announced`, "withdraw", [account])];
  if (!isAddressEqual(state.owner, sender))
    throw new CliError(`account ${account} belongs to ${state.owner}, not to ${sender}`, "Send from its owner.");
  if (change.withdraw !== undefined) {
    const amount = toBaseUnits(change.withdraw, market.token);
    if (amount > state.balanceMicro)
      throw new CliError(`the balance is ${money(state.balanceMicro, market.token)}`, "Announce at most that.");
    const delay = await market.context.client.readContract({
      ...{ address: market.accounts, abi: energyAccountsAbi, functionName: "WITHDRAWAL_DELAY" },
    } as const);
    const due = (await chainNow(market.context.client)) + Number(delay);
    const what = `announce a withdrawal of ${money(amount, market.token)}, payable from ${utc(due)}`;
    return [call(market, sender, what, "announceWithdrawal", [account, amount])];
  }
  if (change.cancelWithdrawal)
    return [call(market, sender, "cancel the announced withdrawal", "announceWithdrawal", [account, 0n])];
  if (change.sessionKey !== undefined) {
    const until = (await chainNow(market.context.client)) + change.hours * 3_600;
    const what = `let ${change.sessionKey} sign orders whose gate closes before ${utc(until)}`;
    return [call(market, sender, what, "setSessionKey", [account, change.sessionKey, until])];
  }
  return [call(market, sender, `cancel every signed order with nonce ${state.nonce}`, "raiseNonce", [account])];
}

async function planDeposit(market: Market, sender: Address, account: number, amount: bigint): Promise<Step[]> {
  const { client } = market.context;
  const onToken = { address: market.token.address, abi: testTokenAbi } as const;
  const [balance, allowance] = await Promise.all([
    client.readContract({ ...onToken, functionName: "balanceOf", args: [sender] }),
    client.readContract({ ...onToken, functionName: "allowance", args: [sender, market.accounts] }),
  ]);
  if (balance < amount)
    throw new CliError(`${sender} has ${money(balance, market.token)}`, "Deposit less, or from another account.");
  const deposit = call(market, sender, `deposit ${money(amount, market.token)}`, "deposit", [account, amount]);
  if (allowance >= amount) return [deposit];
  const approve: Step = {
    what: `approve ${money(amount, market.token)} for the market's ledger`,
    send: (from: WriteClient) =>
      decoded(() =>
        writeContract(from, {
          ...{ ...onToken, functionName: "approve", args: [market.accounts, amount] },
          ...{ account: from.account, chain: from.chain ?? null },
        } as const),
      ),
  };
  return [approve, { what: deposit.what, send: deposit.send }];
}

type Write = "deposit" | "withdraw" | "announceWithdrawal" | "setSessionKey" | "raiseNonce" | "post";

/** One call of the ledger. */
export function call(
  { context, accounts }: Market,
  sender: Address,
  what: string,
  functionName: Write,
  args: readonly unknown[],
): Step {
  const request = { address: accounts, abi: energyAccountsAbi, functionName, args: args as never } as const;
  return {
    what,
    simulate: () => context.client.simulateContract({ ...request, account: sender }),
    send: (from) =>
      decoded(() => writeContract(from, { ...request, account: from.account, chain: from.chain ?? null })),
  };
}

/** `2026-12-01 12:00, in 3 hours`. */
export const slotName = (slot: number, now: number): string =>
  `${slotDay(slot)} ${slotTime(slot)} UTC, ${relative(slot * 900, now)}`;
