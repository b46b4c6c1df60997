import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { DeviationBook } from "./balancing.ts";

export interface PayDeviationsParameters {
  /** The EnergyBalancing contract. */
  readonly balancing: Address;
  /** What `deviationBook` gave. */
  readonly book: DeviationBook;
}

export type PayDeviationsReturnType = Hash;
export type PayDeviationsErrorType = PublicaError;

/** Pays what was measured beside what was traded, in one transaction. Anyone may call. */
export function payDeviations(
  client: WriteClient,
  parameters: PayDeviationsParameters,
): Promise<PayDeviationsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.balancing,
      abi: energyBalancingAbi,
      functionName: "settle",
      args: [parameters.book],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
