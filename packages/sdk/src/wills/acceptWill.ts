import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { type Acceptance, acceptanceArguments } from "./acceptance.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface AcceptWillParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  readonly acceptances: readonly Acceptance[];
}

export type AcceptWillReturnType = Hash;
export type AcceptWillErrorType = PublicaError;

/** Records heirs' acceptances, in one transaction. Anyone may relay them. */
export function acceptWill(client: WriteClient, parameters: AcceptWillParameters): Promise<AcceptWillReturnType> {
  const { registry, manifest, acceptances } = parameters;
  return decoded(async () => {
    const { heirs, halves, contracts } = await acceptanceArguments(manifest, acceptances);
    return writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "accept",
      args: [manifest.willId, heirs, halves, contracts, manifestProof(manifest, "heirs")],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
