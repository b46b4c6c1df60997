import type { Rpc } from "./rpc.ts";
import { isQuantity } from "./rpc.ts";

/** How much a chain's transactions may cost; one policy a chain. */
export interface FeePolicy {
  /** Wei a unit of gas; never exceeded, whatever the market does. */
  readonly maxFeePerGas: bigint;
  /** Least tip offered, wei a unit of gas. */
  readonly minTip: bigint;
  /** Greatest tip offered, wei a unit of gas. */
  readonly maxTip: bigint;
  /** Milliseconds without being mined after which a transaction is offered dearer. */
  readonly bumpAfterMs: number;
  /** How much dearer, per mille of both fields; nodes refuse less than 100, and some less than 125. */
  readonly bumpPermille: number;
  /** Wei the account may spend in 24 hours. */
  readonly dayBudget: bigint;
}

export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

export const DEFAULT_FEE_POLICY: FeePolicy = {
  maxFeePerGas: 100_000_000_000n,
  minTip: 1_000_000n,
  maxTip: 3_000_000_000n,
  bumpAfterMs: 30_000,
  bumpPermille: 125,
  dayBudget: 100_000_000_000_000_000n,
};

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** What to offer now: twice the base fee plus a tip, within the policy. Undefined when the base fee alone is above it. */
export function quoteFees(policy: FeePolicy, baseFee: bigint, suggestedTip: bigint): Fees | undefined {
  if (baseFee + policy.minTip > policy.maxFeePerGas) return undefined;
  const tip = least(most(suggestedTip, policy.minTip), policy.maxTip);
  const maxFeePerGas = least(2n * baseFee + tip, policy.maxFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: least(tip, maxFeePerGas) };
}

/**
 * A dearer offer that replaces `previous`: both fields raised by the policy's step, and to the market if that is higher.
 * Undefined when the cap leaves no room, so that a replacement is never one the network refuses.
 */
export function bumpFees(policy: FeePolicy, previous: Fees, market: Fees | undefined): Fees | undefined {
  const raise = (value: bigint): bigint => (value * BigInt(1000 + policy.bumpPermille) + 999n) / 1000n + 1n;
  const maxPriorityFeePerGas = most(raise(previous.maxPriorityFeePerGas), market?.maxPriorityFeePerGas ?? 0n);
  const maxFeePerGas = most(most(raise(previous.maxFeePerGas), market?.maxFeePerGas ?? 0n), maxPriorityFeePerGas);
  return maxFeePerGas > policy.maxFeePerGas ? undefined : { maxFeePerGas, maxPriorityFeePerGas };
}

/** The market as the endpoints see it. */
export async function readFees(rpc: Rpc, policy: FeePolicy, baseFee: bigint): Promise<Fees | undefined> {
  const tip = await rpc
    .request("eth_maxPriorityFeePerGas", [], isQuantity)
    .then(BigInt)
    .catch(() => policy.minTip);
  return quoteFees(policy, baseFee, tip);
}
