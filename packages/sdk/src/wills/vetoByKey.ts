import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface VetoByKeyParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
}

export type VetoByKeyReturnType = Hash;
export type VetoByKeyErrorType = PublicaError;

/** The separate veto key returns a claimed will to life. */
export function vetoByKey(client: WriteClient, parameters: VetoByKeyParameters): Promise<VetoByKeyReturnType> {
  const { registry, manifest } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "vetoByKey",
      args: [manifest.willId, manifest.vetoKey.salt, manifestProof(manifest, "vetoKey")],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
