import { type RandomBytes, secureRandom } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { type Deal, evaluate, type Share } from "./deal.ts";
import { type Commitment, commit, decodePoint, encodePoint, mod, randomScalar } from "./field.ts";
import { verifyShare } from "./verify.ts";

export interface RefreshParameters {
  readonly threshold: number;
  readonly holders: number;
  readonly random?: RandomBytes;
}

/** What one round of refreshing adds: a share of zero for each holder, and the commitments of k = 1, 2, … */
export interface Refresh {
  readonly deltas: readonly Share[];
  /** C_1, C_2, … of the added polynomial; its C_0 is the point at infinity, because it shares zero. */
  readonly commitments: readonly Commitment[];
}

/**
 * Proactive refresh: a random polynomial through zero. Adding it gives every holder a new share of the same secret and
 * makes shares that leaked before worthless together with new ones. With a threshold of 1 there is nothing to refresh.
 */
export function dealRefresh({ threshold, holders, random = secureRandom }: RefreshParameters): Refresh {
  if (threshold < 2 || holders < threshold)
    throw new PublicaError(
      "SdkRefreshImpossible",
      `A sharing ${threshold} of ${holders} cannot be refreshed.`,
      "Only a threshold of at least 2 can be refreshed; otherwise choose a new secret.",
      [threshold, holders],
    );
  const coefficients = [0n, ...Array.from({ length: threshold - 1 }, () => randomScalar(random))];
  return {
    deltas: Array.from({ length: holders }, (_, at) => ({ index: at + 1, scalar: evaluate(coefficients, at + 1) })),
    commitments: coefficients.slice(1).map(commit),
  };
}

/** The commitments after the refresh; the first, which fixes the secret, stays. */
export function refreshCommitments(commitments: readonly Commitment[], refresh: readonly Commitment[]): Commitment[] {
  if (commitments.length !== refresh.length + 1)
    throw new PublicaError(
      "SdkRefreshMismatch",
      `A refresh of degree ${refresh.length} does not fit a threshold of ${commitments.length}.`,
      "Use the refresh that was dealt for this threshold.",
      [commitments.length, refresh.length],
    );
  return commitments.map((commitment, k) => {
    const added = k === 0 ? undefined : refresh[k - 1];
    return added === undefined ? commitment : encodePoint(decodePoint(commitment).add(decodePoint(added)));
  });
}

/** A holder's share after the refresh, checked against the refreshed commitments. */
export function applyRefresh(share: Share, delta: Share, refreshed: Deal["commitments"]): Share {
  const next = { index: share.index, scalar: mod(share.scalar + delta.scalar) };
  if (share.index !== delta.index || !verifyShare(next, refreshed))
    throw new PublicaError(
      "SdkRefreshRejected",
      `The refresh of share ${share.index} does not lie on the committed polynomial; the old share stays in force.`,
      "Report the dealer of the refresh and ask for another.",
      [share.index],
    );
  return next;
}
