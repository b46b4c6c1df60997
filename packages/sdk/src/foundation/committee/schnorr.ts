import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, encodePacked, type Hex, isAddressEqual, keccak256 } from "viem";
import { type CurvePoint, mod, ORDER } from "../threshold/field.ts";
import { committeeMember } from "./typedData.ts";
import type { CommitteeKey, SchnorrSignature } from "./types.ts";

const { Point } = secp256k1;

/** e = keccak256(x ‖ parity ‖ digest ‖ account of the nonce) mod n, as `SchnorrSignatures` computes it. */
export function schnorrChallenge(key: CommitteeKey, digest: Hex, nonce: Address): bigint {
  const parity = 27 + Number(key.y & 1n);
  return mod(
    BigInt(keccak256(encodePacked(["uint256", "uint8", "bytes32", "address"], [key.x, parity, digest, nonce]))),
  );
}

/** The account of a point. */
export const pointAccount = (point: CurvePoint): Address => committeeMember(point.toAffine());

/** Whether the signature is the key's over the digest, by the contract's own rules. */
export function verifySchnorr(key: CommitteeKey, digest: Hex, { nonce, s }: SchnorrSignature): boolean {
  if (s <= 0n || s >= ORDER) return false;
  try {
    const point = Point.fromAffine(key);
    point.assertValidity();
    const challenge = schnorrChallenge(key, digest, nonce);
    if (challenge === 0n) return false;
    const expected = Point.BASE.multiply(s).subtract(point.multiply(challenge));
    return !expected.equals(Point.ZERO) && isAddressEqual(pointAccount(expected), nonce);
  } catch {
    return false; // not a point of the curve
  }
}
