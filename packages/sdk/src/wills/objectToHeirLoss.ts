import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { heirLossAbi } from "../generated/abi.ts";
import { zeroHash } from "viem";
import type { ShareSignature } from "../foundation/threshold/index.ts";
import { heirList } from "./acceptance.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ObjectToHeirLossParameters {
  readonly heirLoss: Address;
  readonly manifest: Manifest;
  readonly signature?: ShareSignature;
}

export type ObjectToHeirLossReturnType = Hash;
export type ObjectToHeirLossErrorType = PublicaError;

/** The heir is there: from its wallet, or by anyone with the share's signature over `Objection`. */
export function objectToHeirLoss(
  client: WriteClient,
  parameters: ObjectToHeirLossParameters,
): Promise<ObjectToHeirLossReturnType> {
  const { heirLoss, manifest, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: heirLoss,
      abi: heirLossAbi,
      functionName: "objectAsHeir",
      args: [
        manifest.willId,
        heirList(manifest),
        signature?.r ?? zeroHash,
        signature?.vs ?? zeroHash,
        manifestProof(manifest, "heirs"),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
