import { type Address, type Hex, zeroAddress } from "viem";
import { getCode, readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface GetStoredManifestParameters {
  readonly registry: Address;
  readonly willId: Hex;
  readonly version: number;
}

export type GetStoredManifestReturnType = Hex | undefined;
export type GetStoredManifestErrorType = PublicaError;

/** The compact manifest in the chain's state, when the testator chose a durable one. */
export function getStoredManifest(
  client: ReadClient,
  { registry, willId, version }: GetStoredManifestParameters,
): Promise<GetStoredManifestReturnType> {
  return decoded(async () => {
    const args = [willId, version] as const;
    const pointer = await readContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "manifestOf",
      args,
    });
    if (pointer === zeroAddress) return undefined;
    const code = await getCode(client, { address: pointer });
    // The first byte stops the code from ever running.
    return code === undefined ? undefined : (`0x${code.slice(4)}` as Hex);
  });
}
