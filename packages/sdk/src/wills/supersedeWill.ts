import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { compactManifest } from "./compact.ts";
import { manifestRoot } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface SupersedeWillParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  readonly durable?: boolean;
}

export type SupersedeWillReturnType = Hash;
export type SupersedeWillErrorType = PublicaError;

/** Replaces the will by the manifest's version: a codicil, or a new deal after a leak. Heirs accept anew. */
export function supersedeWill(
  client: WriteClient,
  parameters: SupersedeWillParameters,
): Promise<SupersedeWillReturnType> {
  const { registry, manifest, durable } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "supersede",
      args: [manifest.willId, manifest.terms, manifestRoot(manifest), compactManifest(manifest), durable ?? false],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
