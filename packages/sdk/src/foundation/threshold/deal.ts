import { type RandomBytes, secureRandom } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { type Commitment, commit, mod, ORDER, randomScalar } from "./field.ts";

/** One holder's part of a secret: the polynomial's value at `index`. */
export interface Share {
  /** 1, 2, … */
  readonly index: number;
  /** In 1..n−1; doubles as a secp256k1 signing key. */
  readonly scalar: bigint;
}

/** A secret split among holders, with what everybody needs to check a share. */
export interface Deal {
  readonly shares: readonly Share[];
  /** C_k = a_k · G for each coefficient; their number is the threshold. */
  readonly commitments: readonly Commitment[];
}

export interface DealParameters {
  /** In 1..n−1. Must be uniformly random: the commitments publish secret · G. */
  readonly secret: bigint;
  /** How many shares reconstruct the secret. */
  readonly threshold: number;
  /** How many shares there are. */
  readonly holders: number;
  readonly random?: RandomBytes;
}

/** Splits `secret` so that any `threshold` of `holders` shares give it back and fewer say nothing (Shamir, Feldman). */
export function deal({ secret, threshold, holders, random = secureRandom }: DealParameters): Deal {
  if (secret <= 0n || secret >= ORDER) throw invalid("The secret must lie in 1..n−1.", []);
  if (!Number.isInteger(threshold) || !Number.isInteger(holders) || threshold < 1 || threshold > holders)
    throw invalid(`A threshold of ${threshold} is impossible with ${holders} holders.`, [threshold, holders]);
  if (holders > 255) throw invalid(`${holders} holders are more than 255.`, [holders]);
  // A share of zero could not be a signing key; the chance is 2^−256 a share, and then the polynomial is drawn again.
  for (;;) {
    const coefficients = [secret, ...Array.from({ length: threshold - 1 }, () => randomScalar(random))];
    const shares = Array.from({ length: holders }, (_, at) => ({
      index: at + 1,
      scalar: evaluate(coefficients, at + 1),
    }));
    if (shares.every(({ scalar }) => scalar !== 0n)) return { shares, commitments: coefficients.map(commit) };
  }
}

/** The polynomial at `index`, by Horner. */
export function evaluate(coefficients: readonly bigint[], index: number): bigint {
  return coefficients.reduceRight((sum, coefficient) => mod(sum * BigInt(index) + coefficient), 0n);
}

function invalid(message: string, values: readonly unknown[]): PublicaError {
  return new PublicaError("SdkDealImpossible", message, "Choose 1 ≤ threshold ≤ holders ≤ 255.", values);
}
