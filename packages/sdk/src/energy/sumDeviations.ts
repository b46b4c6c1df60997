import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { DeviationParts } from "./balancing.ts";

export interface SumDeviationsParameters {
  /** The EnergyBalancing contract. */
  readonly balancing: Address;
  /** One of the `sum` that `deviationParts` gave, in their order. */
  readonly part: DeviationParts["sum"][number];
}

export type SumDeviationsReturnType = Hash;
export type SumDeviationsErrorType = PublicaError;

/** Sums one part of a book whose deviations do not fit into one transaction. Anyone may call. */
export function sumDeviations(
  client: WriteClient,
  parameters: SumDeviationsParameters,
): Promise<SumDeviationsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.balancing,
      abi: energyBalancingAbi,
      functionName: "sum",
      args: [...parameters.part],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
