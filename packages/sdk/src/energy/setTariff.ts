import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { Tariff } from "./balancing.ts";

export interface SetTariffParameters {
  /** The EnergyBalancing contract. */
  readonly balancing: Address;
  readonly tariff: Tariff & { readonly fromSlot: number };
}

export type SetTariffReturnType = Hash;
export type SetTariffErrorType = PublicaError;

/** Announces prices of deviations from a slot on; for the holder of the role `energyTariff`. */
export function setTariff(client: WriteClient, parameters: SetTariffParameters): Promise<SetTariffReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.balancing,
      abi: energyBalancingAbi,
      functionName: "setTariff",
      args: [parameters.tariff],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
