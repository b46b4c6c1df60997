import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ExtendWindowParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  /** 1, 2 … */
  readonly guardian: number;
}

export type ExtendWindowReturnType = Hash;
export type ExtendWindowErrorType = PublicaError;

/** A guardian lengthens the veto window by 30 days. */
export function extendWindow(client: WriteClient, parameters: ExtendWindowParameters): Promise<ExtendWindowReturnType> {
  const { registry, manifest, guardian } = parameters;
  return decoded(async () => {
    const wallets = manifest.guardians.map(({ wallet }) => wallet);
    return writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "extendWindow",
      args: [manifest.willId, guardian, wallets, manifestProof(manifest, "guardians")],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
