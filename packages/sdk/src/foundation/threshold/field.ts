import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { fromBigEndian, type RandomBytes } from "../bytes.ts";
import { PublicaError } from "../errors.ts";

/** The order n of secp256k1: shares are numbers in 1..n−1. */
export const ORDER = secp256k1.Point.Fn.ORDER;

/** A point of secp256k1 in compressed hex (33 bytes). */
export type Commitment = `0x${string}`;

export type CurvePoint = InstanceType<typeof secp256k1.Point>;

export const mod = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

/** Uniform in 1..n−1: 48 random bytes reduced, so that the bias is below 2^−128. */
export function randomScalar(random: RandomBytes): bigint {
  return (fromBigEndian(random(48)) % (ORDER - 1n)) + 1n;
}

/** The inverse modulo n. */
export function invert(value: bigint): bigint {
  return secp256k1.Point.Fn.inv(mod(value));
}

/** `scalar · G` as a commitment. */
export function commit(scalar: bigint): Commitment {
  return encodePoint(secp256k1.Point.BASE.multiply(scalar));
}

export function encodePoint(point: CurvePoint): Commitment {
  return `0x${bytesToHex(point.toBytes(true))}`;
}

/** Reads a commitment; refuses what is not a point of the curve. */
export function decodePoint(commitment: Commitment): CurvePoint {
  try {
    return secp256k1.Point.fromBytes(hexToBytes(commitment.slice(2)));
  } catch (cause) {
    throw new PublicaError(
      "SdkCommitmentMalformed",
      `The commitment ${commitment} is not a point of secp256k1.`,
      "Fetch the commitments again from the manifest; they are 33-byte compressed points.",
      [commitment],
      cause,
    );
  }
}

/** The polynomial in the exponent at `index`: Σ index^k · C_k, by Horner. */
export function evaluateCommitments(commitments: readonly Commitment[], index: number): CurvePoint {
  let sum = secp256k1.Point.ZERO;
  for (const commitment of [...commitments].reverse()) {
    sum = sum.multiplyUnsafe(BigInt(index)).add(decodePoint(commitment));
  }
  return sum;
}
