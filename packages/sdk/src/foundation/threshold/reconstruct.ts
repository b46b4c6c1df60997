import { PublicaError } from "../errors.ts";
import type { Share } from "./deal.ts";
import { type Commitment, commit, invert, mod } from "./field.ts";
import { corruptedShares } from "./verify.ts";

/**
 * The secret behind `shares`. Every share is checked against the commitments first, so a wrong secret is never
 * returned: a corrupted, repeated or missing share is an error that names it.
 */
export function reconstruct(shares: readonly Share[], commitments: readonly Commitment[]): bigint {
  const threshold = commitments.length;
  const indices = shares.map(({ index }) => index);
  const repeated = indices.find((index, at) => indices.indexOf(index) !== at);
  if (repeated !== undefined)
    throw new PublicaError(
      "SdkShareRepeated",
      `Share ${repeated} was given twice.`,
      "Give each share once; two different shares under one number mean that one of them is false.",
      [repeated],
    );
  const corrupted = corruptedShares(shares, commitments);
  if (corrupted.length > 0)
    throw new PublicaError(
      "SdkShareCorrupted",
      `Share ${corrupted.join(", ")} does not belong to this secret.`,
      "Ask its holder for the share again, and check that it is of the same version.",
      corrupted,
    );
  if (shares.length < threshold || threshold === 0)
    throw new PublicaError(
      "SdkShareMissing",
      `${shares.length} of the ${threshold} shares needed are there.`,
      `Collect ${threshold - shares.length} more.`,
      [shares.length, threshold],
    );
  const chosen = shares.slice(0, threshold);
  const secret = interpolate(chosen);
  if (commit(secret) !== commitments[0]?.toLowerCase())
    throw new PublicaError(
      "SdkShareCorrupted",
      "The shares do not lie on one polynomial.",
      "Fetch the commitments again.",
    );
  return secret;
}

/** Lagrange at zero. Only for shares already verified. */
export function interpolate(shares: readonly Share[]): bigint {
  let secret = 0n;
  for (const { index, scalar } of shares) {
    let numerator = 1n;
    let denominator = 1n;
    for (const { index: other } of shares) {
      if (other === index) continue;
      numerator = mod(numerator * BigInt(other));
      denominator = mod(denominator * BigInt(other - index));
    }
    secret = mod(secret + scalar * numerator * invert(denominator));
  }
  return secret;
}
