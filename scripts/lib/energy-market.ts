// A whole energy market on an in-process chain: what the benches, the story and the tests start from.
import type { HardhatViemHelpers } from "@nomicfoundation/hardhat-viem/types";
import { type Hex, type LocalAccount, pad, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  DAY_SLOTS,
  type Link,
  type MeterDay,
  type MeterDomain,
  p256PublicKey,
  signMeterDayP256,
  SINGLE_ZONE,
  SLOT_SECONDS,
} from "../../packages/sdk/src/energy/index.ts";

export interface MarketOptions {
  readonly links?: readonly Link[];
  readonly share?: bigint;
  /** Whose books bind the exchange: a bonded operator, a board anybody writes on (tests), or nobody. */
  readonly operator?: "bonded" | "board" | "none";
  readonly minimumPostWh?: bigint;
}

export const GATE_LEAD = 300n;
export const FALLBACK_DELAY = 21_600n;
export const VOID_DELAY = 259_200n;
export const WITHDRAWAL_DELAY = 432_000n;
export const SLASH = 50_000_000n;
export const CHALLENGE_SECONDS = 432_000n;
/** Account numbers the fixture opens: network operator, balance-responsible party, penalties. */
export const NETWORK = 1;
export const BALANCE_PARTY = 2;
export const PENALTIES = 3;
export const METERED = 1;
const ZERO: Hex = "0x0000000000000000000000000000000000000000";

/** A key from a number, for homes that exist only here. */
export const keyOf = (index: number): LocalAccount => privateKeyToAccount(pad(toHex(index + 1), { size: 32 }));

/** A P-256 meter from a number: its public key, and how its secure element signs. */
export function meterKey(index: number) {
  const secret = pad(toHex(index + 1_000), { size: 32 });
  return {
    ...p256PublicKey(secret),
    sign: (domain: MeterDomain, day: MeterDay) => signMeterDayP256(secret, domain, day),
  };
}

/** Deploys token, ledger, operator, exchange, meters and balancing, and connects them. */
export async function deployMarket(viem: HardhatViemHelpers, options: MarketOptions = {}) {
  const [admin, operatorWallet, stranger] = await viem.getWalletClients();
  const client = await viem.getPublicClient();
  if (admin === undefined || operatorWallet === undefined || stranger === undefined)
    throw new Error("the chain has no funded accounts");
  const { links = SINGLE_ZONE, share = 5_000n, operator: kind = "none", minimumPostWh = 1n } = options;
  const token = await viem.deployContract("TestToken", ["Energy Euro", "EEUR", 6]);
  const manager = await viem.deployContract("AccessManager", [admin.account.address]);
  const accounts = await viem.deployContract("EnergyAccounts", [
    token.address,
    manager.address,
    GATE_LEAD,
    WITHDRAWAL_DELAY,
    minimumPostWh,
  ]);
  const operator = await viem.deployContract("MarketOperator", [
    accounts.address,
    operatorWallet.account.address,
    SLASH,
    CHALLENGE_SECONDS,
  ]);
  const board = await viem.deployContract("BookBoard");
  const exchange = await viem.deployContract("EnergyExchange", [
    {
      accounts: accounts.address,
      operator: kind === "bonded" ? operator.address : kind === "board" ? board.address : ZERO,
      networkAccount: NETWORK,
      priceShare: share,
      fallbackDelay: FALLBACK_DELAY,
      voidDelay: VOID_DELAY,
    },
    [...links],
  ]);
  const large = await viem.deployContract("LargeBooks", [exchange.address]);
  const meters = await viem.deployContract("MeterRegistry", [manager.address]);
  const balancing = await viem.deployContract("EnergyBalancing", [
    accounts.address,
    exchange.address,
    meters.address,
    BALANCE_PARTY,
    PENALTIES,
    manager.address,
  ]);
  await accounts.write.connect([exchange.address, large.address, balancing.address]);
  await token.write.mint([admin.account.address, 10n ** 15n]);
  await token.write.approve([accounts.address, 2n ** 256n - 1n]);
  for (let i = 0; i < 3; i++) await accounts.write.register([admin.account.address, 0, 0]);
  const chainId = await client.getChainId();
  const domain = { chainId, exchange: exchange.address };

  /** Opens an account for `key` and pays `balance` in. */
  const open = async (key: LocalAccount, balance: bigint, zone = 0, flags = 0): Promise<number> => {
    await accounts.write.register([key.address, zone, flags]);
    const account = await accounts.read.accountCount();
    if (balance > 0n) await accounts.write.deposit([account, balance]);
    return account;
  };
  const balanceOf = async (account: number) => (await accounts.read.accountOf([account])).balanceMicro;
  return {
    ...{ admin, operatorWallet, stranger, client, token, manager, accounts, operator, board, exchange, large, meters },
    ...{ balancing, domain, chainId, open, balanceOf },
  };
}

export type Market = Awaited<ReturnType<typeof deployMarket>>;

/** The first slot of the next UTC day that begins at least 12 hours from now: its gate is open, its posts are too. */
export async function nextDay(client: { getBlock(): Promise<{ timestamp: bigint }> }): Promise<number> {
  const { timestamp } = await client.getBlock();
  return Math.ceil((Number(timestamp) + 43_200) / 86_400) * DAY_SLOTS;
}

/** When a book of `count` slots can be settled first, as unix seconds. */
export const settleTime = (firstSlot: number, count: number): number =>
  (firstSlot + count - 1) * SLOT_SECONDS - Number(GATE_LEAD);

/** When anybody's selection of orders is accepted for a book. */
export const fallbackTime = (firstSlot: number): number =>
  (Math.floor(firstSlot / DAY_SLOTS) + 1) * 86_400 + Number(FALLBACK_DELAY);

export const voidTime = (firstSlot: number): number =>
  (Math.floor(firstSlot / DAY_SLOTS) + 1) * 86_400 + Number(VOID_DELAY);
