import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface VetoBySignatureParameters {
  readonly registry: Address;
  readonly willId: Hex;
  readonly signature: Hex;
}

export type VetoBySignatureReturnType = Hash;
export type VetoBySignatureErrorType = PublicaError;

/** Relays the testator's signed veto (`Veto`). */
export function vetoBySignature(
  client: WriteClient,
  parameters: VetoBySignatureParameters,
): Promise<VetoBySignatureReturnType> {
  const { registry, willId, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "vetoBySignature",
      args: [willId, signature],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
