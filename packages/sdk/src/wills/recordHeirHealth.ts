import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import type { ShareSignature } from "../foundation/threshold/index.ts";
import { heirList } from "./acceptance.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface RecordHeirHealthParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly heir: number;
  readonly checkedAt: number;
  readonly signature: ShareSignature;
}

export type RecordHeirHealthReturnType = Hash;
export type RecordHeirHealthErrorType = PublicaError;

/** Puts on record that an heir's share signed the present day (`Health`). */
export function recordHeirHealth(
  client: WriteClient,
  parameters: RecordHeirHealthParameters,
): Promise<RecordHeirHealthReturnType> {
  const { evidence, manifest, heir, checkedAt, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "recordHeirHealth",
      args: [
        manifest.willId,
        heir,
        checkedAt,
        signature.r,
        signature.vs,
        heirList(manifest),
        manifestProof(manifest, "heirs"),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
