import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { lateBook } from "./balancing.ts";

export interface PayLateDeviationsParameters {
  /** The EnergyBalancing contract. */
  readonly balancing: Address;
  /** What `lateBook` gave. */
  readonly book: ReturnType<typeof lateBook>;
}

export type PayLateDeviationsReturnType = Hash;
export type PayLateDeviationsErrorType = PublicaError;

/** Pays metered accounts that were not among those of the settled book. Anyone may call. */
export function payLateDeviations(
  client: WriteClient,
  parameters: PayLateDeviationsParameters,
): Promise<PayLateDeviationsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.balancing,
      abi: energyBalancingAbi,
      functionName: "settleLate",
      args: [...parameters.book],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
