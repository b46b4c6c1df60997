import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface RevokeWillParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export type RevokeWillReturnType = Hash;
export type RevokeWillErrorType = PublicaError;

/** Ends the will for ever. */
export function revokeWill(client: WriteClient, parameters: RevokeWillParameters): Promise<RevokeWillReturnType> {
  const { registry, willId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "revoke",
      args: [willId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
