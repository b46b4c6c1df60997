import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import type { ShareSignature } from "../foundation/threshold/index.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface RecordGuardianHealthParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly guardian: number;
  readonly checkedAt: number;
  readonly signature: ShareSignature;
}

export type RecordGuardianHealthReturnType = Hash;
export type RecordGuardianHealthErrorType = PublicaError;

/** The same for a guardian's share. */
export function recordGuardianHealth(
  client: WriteClient,
  parameters: RecordGuardianHealthParameters,
): Promise<RecordGuardianHealthReturnType> {
  const { evidence, manifest, guardian, checkedAt, signature } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "recordGuardianHealth",
      args: [
        manifest.willId,
        guardian,
        checkedAt,
        signature.r,
        signature.vs,
        manifestProof(manifest, `guardianShare:${guardian}`),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
