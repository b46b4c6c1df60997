import { type Address, type Hex, hashTypedData, keccak256, numberToHex, recoverAddress, size, slice } from "viem";
import { getBlock, getChainId, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { PublicaError } from "../foundation/errors.ts";
import { energyAccountsAbi, energyExchangeAbi, marketOperatorAbi } from "../generated/abi.ts";
import type { Link } from "./clearing.ts";
import { energyError } from "./errors.ts";
import {
  bookRoot,
  curveTypedData,
  DAY_SLOTS,
  decodeRecords,
  type ExchangeDomain,
  encodePosted,
  join,
  type PostedOrder,
  recordBytes,
  type SignedCurve,
  worstCaseMicro,
} from "./orders.ts";
import { decodePosted } from "./replay.ts";
import { coveredPosts, replaySettlement, type Settlement, type SettlementInput } from "./settlement.ts";

/** An account as the settlement sees it. */
export interface AccountView {
  readonly owner: Address;
  readonly balanceMicro: bigint;
  readonly nonce: number;
  readonly zone: number;
}

/** What the exchange asks the chain while it settles; {@link chainView} reads it from a node. */
export interface MarketView {
  readonly now: bigint;
  readonly domain: ExchangeDomain;
  readonly links: readonly Link[];
  readonly share: number;
  times(
    firstSlot: number,
    count: number,
  ): Promise<readonly [gate: bigint, from: bigint, fallback: bigint, end: bigint]>;
  account(account: number): Promise<AccountView>;
  reservedMicro(account: number, gate: bigint): Promise<bigint>;
  wasNonceValid(account: number, nonce: number, gate: bigint): Promise<boolean>;
  wasSessionKey(account: number, key: Address, gate: bigint): Promise<boolean>;
  isClosed(slot: number): Promise<boolean>;
  /** The committed root; `undefined` in a market without operator. */
  rootOf(firstSlot: number): Promise<Hex | undefined>;
  /** Head of the slot's chain of posted orders; 0 when there are none. */
  openPosts(slot: number): Promise<bigint>;
}

/** The arguments of `settle`. */
export interface SettleCall {
  readonly firstSlot: number;
  readonly prices: Hex;
  readonly orders: Hex;
  readonly posted: Hex;
}

/**
 * Does with the arguments what the exchange will do, and throws the error it would revert with: same name, same
 * values, same sequence of checks. Nothing is sent. Returns what everybody would trade and pay.
 */
export async function dryRunSettlement(view: MarketView, call: SettleCall): Promise<Settlement> {
  const { firstSlot } = call;
  const cells = Math.floor(size(call.prices) / 4);
  const count = Math.floor(cells / view.links.length);
  if (count === 0 || count * view.links.length * 4 !== size(call.prices)) throw energyError("EnergyBadLength");
  const [gate, from, fallback, end] = await view.times(firstSlot, count);
  if (view.now < from || view.now >= end) throw energyError("EnergyOutsideWindow", from, end);
  if (size(call.orders) % recordBytes(count) !== 0) throw energyError("EnergyBadLength");
  const curves = decodeRecords(call.orders, firstSlot, count);
  for (const [i, { account }] of curves.entries())
    if (account <= (curves[i - 1]?.account ?? 0)) throw energyError("EnergyIdOrder", i);
  if ((firstSlot % DAY_SLOTS) + count > DAY_SLOTS) throw energyError("EnergyBadLength");
  for (let t = 0; t < count; t++)
    if (await view.isClosed(firstSlot + t)) throw energyError("EnergyAlreadyClosed", firstSlot + t);
  const posted = await checkPosted(view, call, count);

  const zones = new Map<number, number>();
  const cover = new Map<number, bigint>();
  for (const { account } of posted) {
    if (zones.has(account)) continue;
    zones.set(account, (await view.account(account)).zone);
    cover.set(account, await coverOf(view, account, gate));
  }
  const zoneOf = (account: number) => zones.get(account) ?? 0;
  const spent = spentOn(coveredPosts(posted, view.links.length, zoneOf, (account) => cover.get(account) ?? 0n));
  for (const [i, curve] of curves.entries())
    zones.set(curve.account, await checkRecord(view, curve, i, gate, spent.get(curve.account) ?? 0n));
  await checkBook(view, firstSlot, curves, fallback);
  const prices = Array.from({ length: count }, (_, t) =>
    view.links.map((_unused, z) => {
      const begin = (z * count + t) * 4;
      return Number(BigInt.asIntN(32, BigInt(slice(call.prices, begin, begin + 4))));
    }),
  );
  return replaySettlement(
    {
      ...{ firstSlot, count, links: view.links, share: view.share, curves, posted, zoneOf },
      coverOf: (account) => cover.get(account) ?? 0n,
    },
    prices,
  );
}

/** What of a balance covers orders of a book whose gate closes at `gate`. */
async function coverOf(view: MarketView, account: number, gate: bigint): Promise<bigint> {
  const { balanceMicro } = await view.account(account);
  const reserved = await view.reservedMicro(account, gate);
  return reserved < balanceMicro ? balanceMicro - reserved : 0n;
}

/** Zone and cover of everybody named, for a book whose gate closes at `gate`. */
export async function coverAtGate(
  view: MarketView,
  people: readonly { readonly account: number }[],
  gate: bigint,
): Promise<Map<number, { zone: number; coverMicro: bigint }>> {
  const found = new Map<number, { zone: number; coverMicro: bigint }>();
  for (const { account } of people) {
    if (found.has(account)) continue;
    const { zone } = await view.account(account);
    found.set(account, { zone, coverMicro: await coverOf(view, account, gate) });
  }
  return found;
}

/** Marks the records that count as absent: badly signed, cancelled, in no zone, or not covered. */
export async function markAbsent(view: MarketView, input: SettlementInput, gate: bigint): Promise<SignedCurve[]> {
  const { posted = [], links = view.links, zoneOf = () => 0, coverOf: cover } = input;
  const spent = spentOn(coveredPosts(posted, links.length, zoneOf, cover));
  const marked: SignedCurve[] = [];
  for (const curve of input.curves) {
    const { absent: _, ...present } = curve;
    try {
      await checkRecord(view, present, 0, gate, spent.get(curve.account) ?? 0n);
      marked.push(present);
    } catch (error) {
      if (!(error instanceof PublicaError)) throw error;
      marked.push({ ...present, absent: true });
    }
  }
  return marked;
}

/** What posted orders can cost, by account. */
function spentOn(posted: readonly PostedOrder[]): Map<number, bigint> {
  const spent = new Map<number, bigint>();
  for (const order of posted) spent.set(order.account, (spent.get(order.account) ?? 0n) + worstCaseMicro(order));
  return spent;
}

async function checkRecord(
  view: MarketView,
  curve: SignedCurve,
  index: number,
  gate: bigint,
  spent: bigint,
): Promise<number> {
  const { account, nonce } = curve;
  const { owner, nonce: current, zone } = await view.account(account);
  const stale = (nonce !== 0 || current !== 0) && !(await view.wasNonceValid(account, nonce, gate));
  const flawed = stale || !(await isSigned(view, curve, owner, gate));
  const known = zone < view.links.length;
  const covered = async () => {
    const worst = curve.steps.reduce((sum, step) => sum + worstCaseMicro(step), 0n);
    return worst <= (await coverOf(view, account, gate)) - spent;
  };
  if (curve.absent) {
    if (!flawed && known && (await covered())) throw energyError("EnergyNotAbsent", index);
    return zone;
  }
  if (stale) throw energyError("EnergyStaleNonce", index);
  if (flawed) throw energyError("EnergyBadSignature", index);
  if (!known) throw energyError("EnergyUnknownZone", account);
  if (!(await covered())) throw energyError("EnergyUncovered", account);
  return zone;
}

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

async function isSigned(view: MarketView, curve: SignedCurve, owner: Address, gate: bigint): Promise<boolean> {
  const s = BigInt(curve.vs) & (2n ** 255n - 1n);
  if (s > HALF_ORDER) return false;
  const signature = {
    r: curve.r,
    s: `0x${s.toString(16).padStart(64, "0")}`,
    yParity: Number(BigInt(curve.vs) >> 255n),
  };
  let signer: Address;
  try {
    const hash = hashTypedData(curveTypedData(view.domain, curve));
    signer = await recoverAddress({ hash, signature: signature as { r: Hex; s: Hex; yParity: number } });
  } catch {
    return false;
  }
  if (signer.toLowerCase() === owner.toLowerCase()) return true;
  return view.wasSessionKey(curve.account, signer, gate);
}

async function checkBook(
  view: MarketView,
  firstSlot: number,
  curves: readonly SignedCurve[],
  fallback: bigint,
): Promise<void> {
  if (view.now >= fallback) return;
  const zero: Hex = `0x${"00".repeat(32)}`;
  const root = await view.rootOf(firstSlot);
  const given = curves.length === 0 ? zero : bookRoot(curves);
  if (given !== (root ?? zero) || (given === zero && root !== undefined))
    throw energyError("EnergyBookMismatch", root ?? zero, given);
}

async function checkPosted(view: MarketView, call: SettleCall, count: number): Promise<PostedOrder[]> {
  const { firstSlot } = call;
  if (size(call.posted) % 11 !== 0) throw energyError("EnergyBadLength");
  const posted = decodePosted(call.posted, firstSlot);
  let next = 0;
  for (let t = 0; t < count; t++) {
    let head = 0n;
    for (; posted[next]?.slot === firstSlot + t; next++) head = chainPost(head, posted[next] as PostedOrder);
    if (head !== (await view.openPosts(firstSlot + t))) throw energyError("EnergyPostsOmitted", firstSlot + t);
  }
  if (next !== posted.length) throw energyError("EnergyPostsOmitted", firstSlot + count);
  return posted;
}

/** The head of a slot's chain of posted orders after one more, as the ledger keeps it. */
export function chainPost(head: bigint, order: PostedOrder): bigint {
  return BigInt(keccak256(join([numberToHex(head, { size: 32 }), slice(encodePosted([order], order.slot), 1)]))) >> 32n;
}

/** Where a market lives. */
export interface MarketAddresses {
  readonly accounts: Address;
  readonly exchange: Address;
}

/** The market as a node sees it now; every question is one read. */
export async function chainView(client: ReadClient, { accounts, exchange }: MarketAddresses): Promise<MarketView> {
  const onExchange = { address: exchange, abi: energyExchangeAbi } as const;
  const onAccounts = { address: accounts, abi: energyAccountsAbi } as const;
  const [block, chainId, links, { priceShare, operator }] = await Promise.all([
    getBlock(client),
    getChainId(client),
    readContract(client, { ...onExchange, functionName: "links" }),
    readContract(client, { ...onExchange, functionName: "terms" }),
  ]);
  return {
    now: block.timestamp,
    domain: { chainId, exchange },
    links,
    share: Number(priceShare),
    times: (firstSlot, count) =>
      readContract(client, { ...onExchange, functionName: "timesOf", args: [firstSlot, BigInt(count)] }),
    account: (account) => readContract(client, { ...onAccounts, functionName: "accountOf", args: [account] }),
    reservedMicro: (account, gate) =>
      readContract(client, { ...onAccounts, functionName: "reservedMicro", args: [account, gate] }),
    wasNonceValid: (account, nonce, gate) =>
      readContract(client, { ...onAccounts, functionName: "wasNonceValid", args: [account, nonce, gate] }),
    wasSessionKey: (account, key, gate) =>
      readContract(client, { ...onAccounts, functionName: "wasSessionKey", args: [account, key, gate] }),
    isClosed: (slot) => readContract(client, { ...onExchange, functionName: "isClosed", args: [slot] }),
    rootOf: async (firstSlot) =>
      BigInt(operator) === 0n
        ? undefined
        : readContract(client, {
            address: operator,
            abi: marketOperatorAbi,
            functionName: "rootOf",
            args: [firstSlot],
          }),
    openPosts: (slot) => readContract(client, { ...onAccounts, functionName: "postsOf", args: [slot] }),
  };
}
