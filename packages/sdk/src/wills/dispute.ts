import { evaluateCommitments } from "../foundation/threshold/index.ts";
import { affinePoints, manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

/** The committed polynomial of heirs or guardians at `index`, as the evidence contract evaluates it again. */
export function disputeArgument(manifest: Manifest, whose: "heirs" | "guardians", index: number) {
  const commitments = whose === "heirs" ? manifest.heirCommitments : manifest.guardianCommitments;
  const { x, y } = evaluateCommitments(commitments, index).toAffine();
  return {
    index,
    commitments: affinePoints(commitments),
    commitmentsProof: manifestProof(manifest, `commitments:${whose}`),
    hint: { x, y },
  };
}
