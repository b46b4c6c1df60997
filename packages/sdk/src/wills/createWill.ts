import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { compactManifest, numberOf } from "./compact.ts";
import { manifestRoot } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface CreateWillParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  /** Keeps the compact manifest in the chain's state as well, for the decades events may not last. */
  readonly durable?: boolean;
}

export type CreateWillReturnType = Hash;
export type CreateWillErrorType = PublicaError;

/** Seals a will on chain under the number in its id. The sender is the testator. */
export function createWill(client: WriteClient, parameters: CreateWillParameters): Promise<CreateWillReturnType> {
  const { registry, manifest, durable } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "create",
      args: [
        numberOf(manifest.willId),
        manifest.terms,
        manifestRoot(manifest),
        compactManifest(manifest),
        durable ?? false,
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
