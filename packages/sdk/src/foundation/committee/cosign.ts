// Two rounds, two nonces a member (MuSig2's, with plain key sums: each key's possession is proven when it is enrolled, as
// in SpeedyMuSig). The second nonce, bound to everything that is signed, is what makes many sessions at once safe.
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { type Address, concat, type Hex, keccak256, stringToHex, toHex } from "viem";
import { PublicaError } from "../errors.ts";
import { decodePoint, encodePoint, mod } from "../threshold/field.ts";
import { type AggregateKey, aggregateKey } from "./keys.ts";
import { pointAccount, schnorrChallenge } from "./schnorr.ts";
import type { CommitteeKey, SchnorrSignature } from "./types.ts";

const { Point } = secp256k1;

/** What a member gives out in the first round: two points, compressed. */
export interface NonceCommitment {
  readonly first: Hex;
  readonly second: Hex;
}

/** A member that takes part. */
export interface Cosigner {
  /** Index in the committee. */
  readonly index: number;
  readonly key: CommitteeKey;
  readonly nonce: NonceCommitment;
}

/** All that the second round needs; every member computes it from the same commitments. */
export interface CosigningSession {
  readonly digest: Hex;
  readonly members: readonly Cosigner[];
  /** Indices of the members not slashed that take no part, ascending. */
  readonly absent: readonly number[];
  readonly key: AggregateKey;
  /** Account of the common nonce. */
  readonly nonce: Address;
  readonly binding: bigint;
  readonly challenge: bigint;
}

/**
 * Opens the second round.
 * @param keys The committee's keys by index; undefined: slashed.
 * @param digest What is signed.
 * @param nonces First-round commitments by member index.
 */
export function createCosigningSession(
  keys: readonly (CommitteeKey | undefined)[],
  digest: Hex,
  nonces: ReadonlyMap<number, NonceCommitment>,
): CosigningSession {
  const members: Cosigner[] = [];
  const absent: number[] = [];
  for (const [index, key] of keys.entries()) {
    const nonce = nonces.get(index);
    if (key === undefined) continue;
    if (nonce === undefined) absent.push(index);
    else members.push({ index, key, nonce });
  }
  const key = aggregateKey(keys, absent);
  const sum = (part: "first" | "second") =>
    members.reduce((total, { nonce }) => total.add(decodePoint(nonce[part])), Point.ZERO);
  const [first, second] = [sum("first"), sum("second")];
  const binding = mod(
    BigInt(
      keccak256(
        concat([
          stringToHex("publica/cosign/binding"),
          toHex(key.x, { size: 32 }),
          toHex(key.y, { size: 32 }),
          ...[first, second].map((point) => (point.equals(Point.ZERO) ? toHex(0, { size: 33 }) : encodePoint(point))),
          digest,
        ]),
      ),
    ),
  );
  const common = first.add(second.multiplyUnsafe(binding));
  if (common.equals(Point.ZERO)) {
    throw new PublicaError(
      "SdkNoncesCancel",
      "The nonces add up to nothing: a member chose its own to cancel the others'.",
      "Begin again without the member that committed last.",
      [...nonces.keys()],
    );
  }
  const nonce = pointAccount(common);
  return { digest, members, absent, key, nonce, binding, challenge: schnorrChallenge(key, digest, nonce) };
}

/** A member's part: k₁ + b·k₂ + e·x. */
export function partialOf(session: CosigningSession, secret: bigint, [k1, k2]: readonly [bigint, bigint]): bigint {
  return mod(k1 + session.binding * k2 + session.challenge * secret);
}

/** Whether a member's part is right; who gives a wrong one is left out of the next attempt. */
export function verifyPartial(session: CosigningSession, index: number, partial: bigint): boolean {
  const member = session.members.find((entry) => entry.index === index);
  if (member === undefined || partial !== mod(partial)) return false;
  const expected = decodePoint(member.nonce.first)
    .add(decodePoint(member.nonce.second).multiplyUnsafe(session.binding))
    .add(Point.fromAffine(member.key).multiplyUnsafe(session.challenge));
  return Point.BASE.multiplyUnsafe(partial).equals(expected);
}

/**
 * Adds the parts up to the committee's signature.
 * @throws {PublicaError} `SdkPartialInvalid` naming the members whose part is missing or wrong.
 */
export function combinePartials(session: CosigningSession, partials: ReadonlyMap<number, bigint>): SchnorrSignature {
  const wrong = session.members
    .map(({ index }) => index)
    .filter((index) => !verifyPartial(session, index, partials.get(index) ?? -1n));
  if (wrong.length > 0) {
    throw new PublicaError(
      "SdkPartialInvalid",
      `The parts of members ${wrong.join(", ")} are missing or wrong.`,
      "Begin again without them.",
      wrong,
    );
  }
  return { nonce: session.nonce, s: mod([...partials.values()].reduce((sum, part) => sum + part, 0n)) };
}
