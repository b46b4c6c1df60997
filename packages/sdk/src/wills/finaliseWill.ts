import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface FinaliseWillParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export type FinaliseWillReturnType = Hash;
export type FinaliseWillErrorType = PublicaError;

/** Releases a claimed will once its window has passed. Anyone may. */
export function finaliseWill(client: WriteClient, parameters: FinaliseWillParameters): Promise<FinaliseWillReturnType> {
  const { registry, willId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "finalise",
      args: [willId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
