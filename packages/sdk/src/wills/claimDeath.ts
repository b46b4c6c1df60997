import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface ClaimDeathParameters {
  readonly registry: Address;
  readonly willId: Hex;
  /** Salted hash of the certificate. */
  readonly evidenceHash: Hex;
  /** Unix seconds. */
  readonly timeOfDeath: number;
  readonly registrars: readonly { readonly signer: Address; readonly signature: Hex }[];
}

export type ClaimDeathReturnType = Hash;
export type ClaimDeathErrorType = PublicaError;

/** Claims a death on the word of registrars. */
export function claimDeath(client: WriteClient, parameters: ClaimDeathParameters): Promise<ClaimDeathReturnType> {
  const { registry, willId, evidenceHash, timeOfDeath, registrars } = parameters;
  return decoded(async () => {
    const sorted = [...registrars].sort((a, b) => (BigInt(a.signer) < BigInt(b.signer) ? -1 : 1));
    return writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "claimDeath",
      args: [willId, evidenceHash, timeOfDeath, sorted],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
