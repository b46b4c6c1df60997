import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface VetoClaimParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export type VetoClaimReturnType = Hash;
export type VetoClaimErrorType = PublicaError;

/** The testator returns a claimed will to life. */
export function vetoClaim(client: WriteClient, parameters: VetoClaimParameters): Promise<VetoClaimReturnType> {
  const { registry, willId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "veto",
      args: [willId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
