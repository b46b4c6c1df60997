import { type Address, type Hex, keccak256, size, slice } from "viem";
import { getBlock, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { energyAccountsAbi, energyBalancingAbi, energyExchangeAbi, meterRegistryAbi } from "../generated/abi.ts";
import type { DeviationBook } from "./balancing.ts";
import { energyError } from "./errors.ts";
import { DAY_SLOTS } from "./orders.ts";
import { commitmentOf } from "./settlement.ts";

/** What the balancing contract asks the chain while it settles; {@link balancingView} reads it from a node. */
export interface BalancingView {
  readonly now: bigint;
  /** Seconds after a day until a silent meter no longer holds up the others. */
  readonly meterDelay: bigint;
  /** Zero while the book's deviations are open. */
  state(firstSlot: number): Promise<Hex>;
  /** Zero while the book is open. */
  commitment(firstSlot: number): Promise<Hex>;
  /** The first slot of each tariff announced. */
  tariffs(): Promise<readonly number[]>;
  isMetered(account: number): Promise<boolean>;
  /** Of the posted day; zero when there is none. */
  digest(account: number, day: number): Promise<Hex>;
}

const METER_BYTES = 4 + 4 * DAY_SLOTS;
/** Days for which the registry holds what was posted. */
const METER_RING = 16;
const isZero = (word: Hex): boolean => BigInt(word) === 0n;
const uint = (bytes: Hex, at: number, width: number): number => Number(BigInt(slice(bytes, at, at + width)));
const int32 = (bytes: Hex, at: number): number => uint(bytes, at, 4) | 0;

/**
 * Does with a book what `settle` on the balancing contract will do before it pays, and throws the error it would revert with:
 * same name, same values, same sequence of checks. Nothing is sent.
 */
export async function dryRunDeviations(view: BalancingView, book: DeviationBook): Promise<void> {
  const { firstSlot } = book;
  const count = Number(book.count);
  if (!isZero(await view.state(firstSlot))) throw energyError("EnergyDeviationsPaid", firstSlot);
  const tariffs = await view.tariffs();
  const from = tariffs[Number(book.tariff)];
  const next = tariffs[Number(book.tariff) + 1];
  if (from === undefined || from > firstSlot || (next !== undefined && next <= firstSlot))
    throw energyError("EnergyWrongTariff", book.tariff);
  const accounts = accountsOf(book.metered);
  const contracted = contractedOf(book, count, accounts);
  const commitment = commitmentOf(count, book.prices, book.posted, book.positions);
  const stored = await view.commitment(firstSlot);
  if (isZero(stored) || commitment !== stored) throw energyError("EnergyWrongPositions", firstSlot);
  for (const [i, account] of accounts.entries()) {
    if (!(await view.isMetered(account))) continue;
    const values = slice(book.metered, i * METER_BYTES + 4, (i + 1) * METER_BYTES);
    const day = Math.floor(firstSlot / DAY_SLOTS);
    const digest = await view.digest(account, day);
    if (digest.slice(0, 58) === keccak256(values).slice(0, 58)) continue;
    const mine = contracted.get(account);
    const silent = isZero(digest) && mine !== undefined && isSilence(view, day, firstSlot, values, mine);
    if (!silent) throw energyError("EnergyMeterMismatch", account);
  }
}

function accountsOf(metered: Hex): number[] {
  const number = Math.floor(size(metered) / METER_BYTES);
  const accounts = Array.from({ length: number }, (_, i) => uint(metered, i * METER_BYTES, 4) & 0x7fffffff);
  const unordered = accounts.findIndex((account, i) => account <= (accounts[i - 1] ?? 0));
  if (unordered >= 0) throw energyError("EnergyIdOrder", unordered);
  if (number * METER_BYTES !== size(metered)) throw energyError("EnergyIdOrder", number);
  return accounts;
}

/** Positions by account; everybody with one must be among those measured. */
function contractedOf(book: DeviationBook, count: number, accounts: readonly number[]): Map<number, number[]> {
  const { firstSlot, positions, posted } = book;
  const width = 4 + 4 * count;
  if (size(positions) % width !== 0) throw energyError("EnergyWrongPositions", firstSlot);
  const contracted = new Map<number, number[]>();
  for (let at = 0; at < size(positions); at += width) {
    const account = uint(positions, at, 4);
    if (!accounts.includes(account)) throw energyError("EnergyMeterMismatch", account);
    contracted.set(
      account,
      Array.from({ length: count }, (_, t) => int32(positions, at + 4 + 4 * t)),
    );
  }
  for (let at = 0; at + 9 <= size(posted); at += 9) {
    const account = uint(posted, at + 1, 4);
    if (!accounts.includes(account)) throw energyError("EnergyMeterMismatch", account);
    const mine = contracted.get(account) ?? new Array<number>(count).fill(0);
    const t = uint(posted, at, 1);
    mine[t] = (mine[t] ?? 0) + int32(posted, at + 5);
    contracted.set(account, mine);
  }
  if (size(posted) % 9 !== 0) throw energyError("EnergyWrongPositions", firstSlot);
  return contracted;
}

function isSilence(view: BalancingView, day: number, firstSlot: number, values: Hex, contracted: number[]): boolean {
  const dayEnd = BigInt(day + 1) * 86_400n;
  if (view.now < dayEnd + view.meterDelay || view.now >= dayEnd + BigInt(METER_RING) * 86_400n) return false;
  return contracted.every((fill, t) => int32(values, 4 * ((firstSlot % DAY_SLOTS) + t)) === Math.min(fill, 0));
}

/** Where the metered side of a market lives. */
export interface BalancingAddresses {
  readonly accounts: Address;
  readonly exchange: Address;
  readonly meters: Address;
  readonly balancing: Address;
}

/** The metered side of a market as a node sees it now. */
export async function balancingView(client: ReadClient, addresses: BalancingAddresses): Promise<BalancingView> {
  const onBalancing = { address: addresses.balancing, abi: energyBalancingAbi } as const;
  const [block, meterDelay] = await Promise.all([
    getBlock(client),
    readContract(client, { ...onBalancing, functionName: "METER_DELAY" }),
  ]);
  return {
    now: block.timestamp,
    meterDelay,
    state: (firstSlot) => readContract(client, { ...onBalancing, functionName: "stateOf", args: [firstSlot] }),
    commitment: async (firstSlot) => {
      const [, commitment] = await readContract(client, {
        ...{ address: addresses.exchange, abi: energyExchangeAbi, functionName: "bookOf", args: [firstSlot] },
      } as const);
      return commitment;
    },
    tariffs: async () => {
      const number = await readContract(client, { ...onBalancing, functionName: "tariffCount" });
      const all = Array.from({ length: Number(number) }, (_, i) =>
        readContract(client, { ...onBalancing, functionName: "tariffOf", args: [BigInt(i)] }),
      );
      return (await Promise.all(all)).map(({ fromSlot }) => fromSlot);
    },
    isMetered: async (account) => {
      const { flags } = await readContract(client, {
        ...{ address: addresses.accounts, abi: energyAccountsAbi, functionName: "accountOf", args: [account] },
      } as const);
      return (flags & 1) === 1;
    },
    digest: (account, day) =>
      readContract(client, {
        ...{ address: addresses.meters, abi: meterRegistryAbi, functionName: "digestOf", args: [account, day] },
      } as const),
  };
}
