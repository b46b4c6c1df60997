import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willEvidenceAbi } from "../generated/abi.ts";
import { commitmentsHash, manifestProof, manifestRoot } from "./tree.ts";
import type { Manifest } from "./types.ts";

/** What a witness puts a signature under: root, sealed file and both locks' commitments. */
export function witnessStatement(manifest: Manifest) {
  return {
    manifestRoot: manifestRoot(manifest),
    ciphertextHash: manifest.ciphertextHash,
    heirCommitmentsHash: commitmentsHash(manifest.heirCommitments),
    guardianCommitmentsHash: commitmentsHash(manifest.guardianCommitments),
  };
}

export interface RecordWitnessParameters {
  readonly evidence: Address;
  readonly manifest: Manifest;
  readonly witness: Address;
  /** keccak256 of the role, such as "witness" or "notary". */
  readonly roleHash: Hex;
  readonly signature: Hex;
}

export type RecordWitnessReturnType = Hash;
export type RecordWitnessErrorType = PublicaError;

/** Puts a witness's or a notary's signature (`Witness`) on record. */
export function recordWitness(
  client: WriteClient,
  parameters: RecordWitnessParameters,
): Promise<RecordWitnessReturnType> {
  const { evidence, manifest, witness, roleHash, signature } = parameters;
  return decoded(async () => {
    const heirProof = manifestProof(manifest, "commitments:heirs");
    const guardianProof = manifestProof(manifest, "commitments:guardians");
    return writeContract(client, {
      address: evidence,
      abi: willEvidenceAbi,
      functionName: "recordWitness",
      args: [
        manifest.willId,
        { ...witnessStatement(manifest), roleHash },
        witness,
        signature,
        heirProof,
        guardianProof,
      ],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
