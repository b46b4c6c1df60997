import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyExchangeAbi } from "../generated/abi.ts";
import { type Settlement, settlementAccessList } from "./settlement.ts";

export interface SettleBookParameters {
  /** The EnergyExchange. */
  readonly exchange: Address;
  /** The exchange's ledger: its words are loaded ahead, which is cheaper. */
  readonly accounts: Address;
  /** What `buildSettlement` gave. */
  readonly settlement: Settlement;
}

export type SettleBookReturnType = Hash;
export type SettleBookErrorType = PublicaError;

/** Settles a book in one transaction. Anyone may call. */
export function settleBook(client: WriteClient, parameters: SettleBookParameters): Promise<SettleBookReturnType> {
  const { settlement } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: parameters.exchange,
      abi: energyExchangeAbi,
      functionName: "settle",
      args: [settlement.firstSlot, settlement.prices, settlement.orders, settlement.posted],
      accessList: settlementAccessList(parameters.accounts, settlement),
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
