import { stringToHex, zeroAddress, zeroHash } from "viem";
import { z } from "zod";
import { PublicaError } from "../foundation/errors.ts";
import { type IndexTerms, indexKinds, type SeriesTerms, type Tier } from "./types.ts";

const DAY = 86_400;
const KM_PER_DEGREE = 111.195;
const MICRO = 1_000_000;

const int64 = z
  .bigint()
  .min(-(2n ** 63n))
  .max(2n ** 63n - 1n);
const uint32 = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const uint40 = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40 - 1);
const bps = z.number().int().min(0).max(10_000);
const address = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]{40}$/)]);

const indexSchema = z.object({
  kind: z.enum(indexKinds),
  threshold: int64.default(0n),
  attachment: int64,
  exit: int64,
  tiers: z
    .array(
      z.object({
        bound: z
          .bigint()
          .min(-(2n ** 39n))
          .max(2n ** 39n - 1n),
        bps: bps.min(1),
      }),
    )
    .max(4)
    .default([]),
  area: z
    .object({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      radiusKm: z.number().positive().max(4000),
    })
    .optional(),
});

const bytes32 = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]{64}$/)]);

const termsSchema = z.object({
  name: z.string().refine((name) => new TextEncoder().encode(name).length <= 31, "longer than 31 bytes"),
  pool: address,
  feeds: address,
  feed: bytes32,
  fallback: z.object({ feeds: address, feed: bytes32 }).optional(),
  firstRound: uint32.min(1),
  lastRound: uint32.min(1),
  seasonValues: z.number().int().min(0).max(512).default(0),
  start: uint40,
  end: uint40,
  leadTime: uint32.default(0),
  grace: uint32.default(7 * DAY),
  disputeWindow: uint32.default(0),
  cancelUntil: uint40.default(0),
  cancelFeeBps: bps.default(0),
  floorBps: bps.default(1),
  zone: uint32.default(0),
  capacity: z
    .bigint()
    .min(1n)
    .max(2n ** 128n - 1n),
  index: indexSchema,
});

/** Validates at the edge; the message names the field. */
export function parsed<T>(schema: z.ZodType<T>, what: string, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new PublicaError(
    "SdkInvalidInput",
    `${what}: ${field === "" ? "" : `${field}: `}${issue?.message ?? "invalid"}`,
    "Correct the field and call again.",
    [field],
  );
}

/** Up to four tiers in the contract's one word. */
export function packTiers(tiers: readonly Tier[]): bigint {
  return tiers.reduce(
    (word, { bound, bps: share }, i) => word | ((BigInt.asUintN(40, bound) | (BigInt(share) << 40n)) << BigInt(56 * i)),
    0n,
  );
}

/** The tiers in the contract's one word; none when the cover is linear. */
export function unpackTiers(word: bigint): Tier[] {
  const tiers = [0n, 56n, 112n, 168n].map((at) => ({
    bound: BigInt.asIntN(40, word >> at),
    bps: Number(BigInt.asUintN(16, word >> (at + 40n))),
  }));
  const end = tiers.findIndex(({ bps: share }) => share === 0);
  return end < 0 ? tiers : tiers.slice(0, end);
}

const micro = (degrees: number): bigint => BigInt(Math.round(degrees * MICRO));

/** The place insured in the contract's one word. */
export function packArea(area: NonNullable<IndexTerms["area"]>): bigint {
  return (
    (micro(area.radiusKm / KM_PER_DEGREE) << 96n) |
    (micro(Math.cos((area.latitude * Math.PI) / 180)) << 64n) |
    (BigInt.asUintN(32, micro(area.latitude)) << 32n) |
    BigInt.asUintN(32, micro(area.longitude))
  );
}

/** One event as a feed value: magnitude in hundredths, place in micro-degrees. */
export function packEvent(event: { magnitude: number; latitude: number; longitude: number }): bigint {
  return (
    (BigInt(Math.round(event.magnitude * 100)) << 64n) |
    (BigInt.asUintN(32, micro(event.latitude)) << 32n) |
    BigInt.asUintN(32, micro(event.longitude))
  );
}

/** Index terms as the contracts take them. */
export interface EncodedIndexTerms {
  readonly kind: number;
  readonly threshold: bigint;
  readonly attachment: bigint;
  readonly exit: bigint;
  readonly tiers: bigint;
  readonly area: bigint;
}

/** Index terms with defaults filled in, as the contracts take them. */
export function encodeIndexTerms(index: IndexTerms): EncodedIndexTerms {
  const { kind, threshold, attachment, exit, tiers, area } = parsed(indexSchema, "index", index);
  return {
    kind: indexKinds.indexOf(kind),
    threshold,
    attachment,
    exit,
    tiers: packTiers(tiers),
    area: area === undefined ? 0n : packArea(area),
  };
}

/** Terms with defaults filled in, as the contracts take them. */
export function encodeTerms(terms: SeriesTerms) {
  const { name, fallback, ...rest } = parsed(termsSchema, "terms", terms);
  return {
    ...rest,
    fallbackFeeds: fallback?.feeds ?? zeroAddress,
    fallbackFeed: fallback?.feed ?? zeroHash,
    name: stringToHex(name, { size: 32 }),
    index: encodeIndexTerms(terms.index),
  };
}
