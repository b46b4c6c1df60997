import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import { heirList } from "./acceptance.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ProveFalseDeliveryParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly delivery: { readonly index: number; readonly to: Address; readonly share: bigint };
  /** The heir's signature over `ShareDelivery`. */
  readonly signature: Hex;
}

export type ProveFalseDeliveryReturnType = Hash;
export type ProveFalseDeliveryErrorType = PublicaError;

/** Proves that an heir signed the delivery of a share that is not its own. */
export function proveFalseDelivery(
  client: WriteClient,
  parameters: ProveFalseDeliveryParameters,
): Promise<ProveFalseDeliveryReturnType> {
  const { evidence, manifest, delivery, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "proveFalseDelivery",
      args: [manifest.willId, delivery, signature, heirList(manifest), manifestProof(manifest, "heirs")],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
