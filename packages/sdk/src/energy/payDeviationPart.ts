import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { energyBalancingAbi } from "../generated/abi.ts";
import type { DeviationParts } from "./balancing.ts";

export interface PayDeviationPartParameters {
  /** The EnergyBalancing contract. */
  readonly balancing: Address;
  /** One of the `pay` that `deviationParts` or `readSummedParts` gave, in any order. */
  readonly part: DeviationParts["pay"][number];
}

export type PayDeviationPartReturnType = Hash;
export type PayDeviationPartErrorType = PublicaError;

/** Pays one part of a summed book. Anyone may call. */
export function payDeviationPart(
  client: WriteClient,
  parameters: PayDeviationPartParameters,
): Promise<PayDeviationPartReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.balancing,
      abi: energyBalancingAbi,
      functionName: "payPart",
      args: [...parameters.part],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
