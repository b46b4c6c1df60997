import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { Share } from "./deal.ts";
import { type Commitment, evaluateCommitments, ORDER } from "./field.ts";

/** Whether `share` lies on the committed polynomial: Σ index^k · C_k = scalar · G. */
export function verifyShare(share: Share, commitments: readonly Commitment[]): boolean {
  const { index, scalar } = share;
  if (!Number.isInteger(index) || index < 1 || scalar <= 0n || scalar >= ORDER || commitments.length === 0)
    return false;
  return secp256k1.Point.BASE.multiply(scalar).equals(evaluateCommitments(commitments, index));
}

/** The indices of all shares that do not lie on the committed polynomial. */
export function corruptedShares(shares: readonly Share[], commitments: readonly Commitment[]): number[] {
  return shares.filter((share) => !verifyShare(share, commitments)).map(({ index }) => index);
}
