import { type Hex, keccak256 } from "viem";
import { PublicaError } from "../foundation/errors.ts";
import { encodeIndexTerms, type EncodedIndexTerms } from "./terms.ts";
import type { IndexTerms } from "./types.ts";

/** The whole sum insured in basis points. */
export const FULL_BPS = 10_000n;

const HALF_TURN = 180_000_000n;
const COS_SCALE = 1_000_000n;
const TIERS = 4;

const int32 = (value: bigint): bigint => BigInt.asIntN(32, value);
const uint32 = (value: bigint): bigint => BigInt.asUintN(32, value);

/** Twin of the contract's `IndexEngine.add`: an index while it is being computed. */
function magnitudeWithin(value: bigint, area: bigint): bigint {
  const dLat = int32(value >> 32n) - int32(area >> 32n);
  let dLon = int32(value) - int32(area);
  if (dLon > HALF_TURN) dLon -= 2n * HALF_TURN;
  if (dLon < -HALF_TURN) dLon += 2n * HALF_TURN;
  dLon = (dLon * uint32(area >> 64n)) / COS_SCALE;
  const radius = uint32(area >> 96n);
  return dLat * dLat + dLon * dLon > radius * radius ? 0n : uint32(value >> 64n);
}

/** The index of `values`, in the order of observation: bit for bit what the contract computes. */
export function computeIndex(terms: IndexTerms, values: readonly bigint[]): bigint {
  return computeEncodedIndex(encodeIndexTerms(terms), terms.kind, values);
}

function computeEncodedIndex(terms: EncodedIndexTerms, kind: IndexTerms["kind"], values: readonly bigint[]): bigint {
  const { threshold, area } = terms;
  let index = 0n;
  let run = 0n;
  for (const [i, value] of values.entries()) {
    switch (kind) {
      case "sum":
        index += value;
        break;
      case "sumAbove":
        if (value > threshold) index += value - threshold;
        break;
      case "sumBelow":
        if (value < threshold) index += threshold - value;
        break;
      case "maximum":
        if (i === 0 || value > index) index = value;
        break;
      case "minimum":
        if (i === 0 || value < index) index = value;
        break;
      case "daysAbove":
        if (value > threshold) index += 1n;
        break;
      case "daysBelow":
        if (value < threshold) index += 1n;
        break;
      case "magnitude": {
        const magnitude = magnitudeWithin(value, area);
        if (magnitude > index) index = magnitude;
        break;
      }
      case "runAbove":
      case "runBelow":
        run = (kind === "runAbove" ? value > threshold : value < threshold) ? run + 1n : 0n;
        if (run > index) index = run;
    }
  }
  return index;
}

/** The share of the sum insured that `index` pays, in basis points, rounded down: bit for bit what the contract computes. */
export function computePayoutBps(terms: IndexTerms, index: bigint): bigint {
  const { attachment, exit, tiers } = encodeIndexTerms(terms);
  if (tiers !== 0n) return tieredBps(tiers, index, exit >= attachment);
  if (exit === attachment) return index >= attachment ? FULL_BPS : 0n;
  const mirror = exit < attachment ? -1n : 1n;
  const above = mirror * (index - attachment);
  const width = mirror * (exit - attachment);
  if (above <= 0n) return 0n;
  return above >= width ? FULL_BPS : (above * FULL_BPS) / width;
}

function tieredBps(tiers: bigint, index: bigint, rising: boolean): bigint {
  let best = 0n;
  for (let i = 0; i < TIERS; i++) {
    const tier = tiers >> BigInt(56 * i);
    const bps = BigInt.asUintN(16, tier >> 40n);
    if (bps === 0n) break;
    const bound = BigInt.asIntN(40, tier);
    if ((rising ? index >= bound : index <= bound) && bps > best) best = bps;
  }
  return best;
}

/** A policy's payout in base units: basis points of the sum, rounded down to the pool's unit. */
export function computePayout(sumInsured: bigint, payoutBps: bigint, unit = 1n): bigint {
  return (((sumInsured / unit) * payoutBps) / FULL_BPS) * unit;
}

/** A season's values as a book takes them: 16 bits each, signed, big endian. */
export function packSeason(values: readonly bigint[]): Hex {
  let packed = "0x";
  for (const [i, value] of values.entries()) {
    if (value < -32_768n || value > 32_767n)
      throw new PublicaError(
        "SdkInvalidInput",
        `season: value ${i} is ${value}, outside 16 bits`,
        "Use a coarser unit.",
        [value],
      );
    packed += BigInt.asUintN(16, value).toString(16).padStart(4, "0");
  }
  return packed as Hex;
}

/** The value a feed attests for a packed season: the upper half of its digest, as int128. */
export function seasonDigest(packed: Hex): bigint {
  return BigInt.asIntN(128, BigInt(keccak256(packed)) >> 128n);
}
