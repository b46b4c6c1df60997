import { z } from "zod";
import { PublicaError } from "../foundation/errors.ts";
import { orderSteps } from "./agreement.ts";
import { faultKinds, residentSubjects } from "./types.ts";

const hex = (bytes: number, what: string) => z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`), what);
const whole = (bits: number) =>
  z
    .number()
    .int()
    .min(0)
    .max(2 ** bits - 1);
const signedWhole = (bits: number) =>
  z
    .number()
    .int()
    .min(-(2 ** (bits - 1)))
    .max(2 ** (bits - 1) - 1);
const units = (bits: number) =>
  z
    .bigint()
    .min(0n)
    .max(2n ** BigInt(bits) - 1n);

export const address = hex(20, "an address is 0x and 40 hex digits");
export const bytes32 = hex(32, "a digest is 0x and 64 hex digits");
export const bytes = z.string().regex(/^0x([0-9a-fA-F]{2})*$/, "bytes are 0x and pairs of hex digits");
/** Devices and crews are numbered from 1. */
export const device = whole(32).min(1);
export const crew = whole(16).min(1);
export const kind = z.enum(faultKinds);
export const subject = z.enum(residentSubjects);
export const step = z.enum(orderSteps);
export const flag = z.boolean();
export const uint8 = whole(8);
export const uint16 = whole(16);
export const uint24 = whole(24);
export const uint32 = whole(32);
export const uint40 = whole(40);
export const amount = units(104);
export const uint256 = units(256);
export const block = units(64);

export const reading = z.object({ reading: units(128), a: bytes32, b: bytes32 });
/** What a proof needs at least one of. */
export const run = z.array(reading).min(1);
export const runOrNone = z.array(reading).optional();

const curve = z.union([z.literal(0), z.literal(1)]);
export const key = z.object({ curve, x: bytes32, y: bytes32 });

export const profile = z.object({
  low: signedWhole(32),
  high: signedWhole(32),
  band: uint16,
  holdOff: uint16,
  runLength: uint8,
  heartbeatGap: uint24,
  crew: uint16,
  partner: uint32,
  firmware: hex(8, "the short form of a firmware hash is 0x and 16 hex digits"),
  critical: flag,
  p256: flag,
});

export const approvals = z.object({ deadline: uint40, owner: bytes, installer: bytes, manufacturer: bytes });

export const installation = z.object({
  key,
  model: bytes32,
  firmware: bytes32,
  profile,
  parties: z.object({ owner: address, installer: address, manufacturer: address }),
  deadline: uint40,
});

export const sweeps = z.array(z.object({ word: uint256, changedAt: uint40, formerHour: uint32 })).min(1);

/** No stage without time, at least two proving readings: as the contract asks. */
export const crewTerms = z.object({
  response: uint24.min(1),
  arrival: uint24.min(1),
  restore: uint24.min(1),
  holdMax: uint24.min(1),
  verifySpan: uint24.min(1),
  verifyCount: uint8.min(2),
  verifyWindow: uint24.min(1),
  confirmWindow: uint24.min(1),
  warranty: uint32.min(1),
});

const price = units(96);
const rate = units(64);
export const serviceTerms = z.object({
  token: address,
  fee: price,
  callOutFee: price,
  retainer: price,
  redoPenalty: price,
  penaltyCap: price,
  responseRate: rate,
  arrivalRate: rate,
  restoreRate: rate,
  downtimeRate: rate,
  availabilityBp: z.number().int().min(0).max(10_000),
  notice: uint32.min(86_400),
});

export const rotaOrder = z.object({
  device,
  kind: z.number().int().min(0).max(2),
  number: uint16.min(1),
  round: uint8,
});

/** A schema for every parameter: one that is forgotten does not compile. */
type Shape<P> = { readonly [K in keyof P]-?: z.ZodType };

/** Refuses parameters that cannot be meant, naming the field and what it takes. */
export function check<P extends object>(action: string, shape: Shape<P>, parameters: P): void {
  const result = z.object(shape).safeParse(parameters);
  const issue = result.error?.issues[0];
  if (issue === undefined) return;
  const field = issue.path.join(".");
  const value = issue.path.reduce<unknown>(
    (inner, name) => (inner as Record<PropertyKey, unknown> | undefined)?.[name],
    parameters,
  );
  throw new PublicaError(
    "SdkInvalidInput",
    `${action}: ${field}: ${issue.message}`,
    `Correct ${field} and call again; nothing was sent.`,
    [field, value],
  );
}
