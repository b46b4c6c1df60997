import { secp256k1 } from "@noble/curves/secp256k1.js";
import { PublicaError } from "../errors.ts";
import type { CommitteeKey } from "./types.ts";

const Point = secp256k1.Point;
const { Fp } = Point;

/** The keys that sign together. */
export interface AggregateKey extends CommitteeKey {
  /** Inverse of the sum's z, which the contract checks instead of inverting; 1 when nobody is absent. */
  readonly inverse: bigint;
}

interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

/** The sum of the keys of all members not slashed (undefined), as the contract keeps it; undefined when they cancel. */
export function sumOfKeys(keys: readonly (CommitteeKey | undefined)[]): CommitteeKey | undefined {
  const points = keys.filter((key) => key !== undefined).map((key) => Point.fromAffine(key));
  const sum = points.reduce((total, point) => total.add(point), Point.ZERO);
  return sum.equals(Point.ZERO) ? undefined : sum.toAffine();
}

/**
 * The sum of all keys minus those of the absent, with the inverse the contract asks for. It follows the contract's
 * formulas step by step, because the z they leave, and so its inverse, depends on the order.
 * @param keys The committee's keys by index; undefined: slashed.
 * @param absent Indices, ascending.
 */
export function aggregateKey(keys: readonly (CommitteeKey | undefined)[], absent: readonly number[]): AggregateKey {
  const total = sumOfKeys(keys);
  let sum: Jacobian = total === undefined ? { x: 0n, y: 0n, z: 0n } : { ...total, z: 1n };
  let before = -1;
  for (const index of absent) {
    const key = keys[index];
    if (key === undefined || index <= before) {
      throw new PublicaError(
        "SdkMemberMisplaced",
        `Member ${index} does not exist, was slashed, or is not in ascending order.`,
        "Name each absent member once, by its index, ascending.",
        [index],
      );
    }
    before = index;
    sum = add(sum, { x: key.x, y: Fp.neg(key.y) });
  }
  if (sum.z === 0n) {
    throw new PublicaError(
      "SdkKeysCancel",
      "The keys that sign add up to nothing, so they have no common signature.",
      "Leave one of the keys out, or post ECDSA signatures.",
      [absent],
    );
  }
  const inverse = Fp.inv(sum.z);
  const square = Fp.sqr(inverse);
  return { x: Fp.mul(sum.x, square), y: Fp.mul(sum.y, Fp.mul(square, inverse)), inverse };
}

/** The contract's `CurvePoints.add`. */
function add(p: Jacobian, { x, y }: CommitteeKey): Jacobian {
  if (p.z === 0n) return { x, y, z: 1n };
  const zz = Fp.sqr(p.z);
  const h = Fp.sub(Fp.mul(x, zz), p.x);
  const t = Fp.sub(Fp.mul(y, Fp.mul(zz, p.z)), p.y);
  if (h === 0n) return t === 0n ? double(p) : { ...p, z: 0n };
  const hh = Fp.sqr(h);
  const v = Fp.mul(p.x, hh);
  const hhh = Fp.mul(hh, h);
  const sumX = Fp.sub(Fp.sqr(t), Fp.add(hhh, Fp.add(v, v)));
  return { x: sumX, y: Fp.sub(Fp.mul(t, Fp.sub(v, sumX)), Fp.mul(p.y, hhh)), z: Fp.mul(p.z, h) };
}

/** The contract's `CurvePoints.double`. */
function double({ x, y, z }: Jacobian): Jacobian {
  const yy = Fp.sqr(y);
  const s = Fp.mul(4n, Fp.mul(x, yy));
  const m = Fp.mul(3n, Fp.sqr(x));
  const doubleX = Fp.sub(Fp.sqr(m), Fp.add(s, s));
  const doubleY = Fp.sub(Fp.mul(m, Fp.sub(s, doubleX)), Fp.mul(8n, Fp.sqr(yy)));
  return { x: doubleX, y: doubleY, z: Fp.mul(2n, Fp.mul(y, z)) };
}
