import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import { heirList } from "./acceptance.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface RecordOpeningParameters {
  readonly registry: Address;
  readonly manifest: Manifest;
  readonly commitment: Hex;
  /** By heir's index. */
  readonly signatures: ReadonlyMap<number, Hex>;
}

export type RecordOpeningReturnType = Hash;
export type RecordOpeningErrorType = PublicaError;

/** Commits to the text the heirs opened: all heirs sign `Opened`, or all but one where there is an escrowed share. */
export function recordOpening(
  client: WriteClient,
  parameters: RecordOpeningParameters,
): Promise<RecordOpeningReturnType> {
  const { registry, manifest, commitment, signatures } = parameters;
  return decoded(async () => {
    const list = manifest.heirs.map((_, at) => signatures.get(at + 1) ?? ("0x" as Hex));
    return writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "open",
      args: [manifest.willId, commitment, heirList(manifest), list, manifestProof(manifest, "heirs")],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
