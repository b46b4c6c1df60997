import { z } from "zod";
import type { Address, Hex } from "viem";

const hex = (bytes: number | undefined, what: string) =>
  z
    .string()
    .regex(bytes === undefined ? /^0x([0-9a-fA-F]{2})*$/ : new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), what)
    .transform((value) => value as Hex);

export const addressSchema = hex(20, "an address has 20 bytes");
export const wordSchema = hex(32, "a hash has 32 bytes");
const pointSchema = hex(33, "a commitment has 33 bytes");
const bytesSchema = hex(undefined, "hex bytes");
const small = z.int().min(0).max(255);
const days = z.int().min(0).max(36_500);
const units = z
  .union([z.bigint(), z.string().regex(/^\d+$/)])
  .transform((value) => BigInt(value))
  .refine((value) => value >= 0n && value < 2n ** 128n, "an amount has at most 128 bits");
const seconds = z
  .int()
  .min(0)
  .max(2 ** 40 - 1);

export const termsSchema = z.object({
  intervalDays: days.min(30),
  quorumWindowDays: days.min(30),
  overdueWindowDays: days.min(180),
  heirs: small.min(1).max(16),
  acceptances: small.min(1).max(16),
  guardians: small.min(1).max(16),
  threshold: small.min(1).max(16),
  registrars: small.min(2).max(8),
  escrow: z.boolean(),
  refusalCounts: z.boolean(),
});

export const bequestSchema = z.object({
  kind: z.enum(["fraction", "fixed", "erc721", "erc1155"]),
  index: z.int().min(0).max(65_535),
  heir: addressSchema,
  substitute: addressSchema,
  asset: addressSchema,
  /** Basis points for a fraction, units otherwise. */
  amount: units,
  tokenId: z.union([z.bigint(), z.string().regex(/^\d+$/)]).transform((value) => BigInt(value)),
  unlockAt: seconds,
  streamUntil: seconds,
});

export const planSchema = z.object({
  bequests: z.array(bequestSchema).min(1).max(1000),
  executorThreshold: small,
  feeCapBps: z.int().min(0).max(1000),
  debtCapBps: z.int().min(0).max(10_000),
  administrationDays: z.int().min(0).max(730),
  claimDays: z.int().min(180).max(65_535),
  substituteDays: z.int().min(30).max(65_535),
  finalDays: z.int().min(210).max(65_535),
  residue: addressSchema,
});

const suiteSchema = z.enum(["x25519", "xwing"]);

/** Everything about a sealed will that is not secret. Heirs, guardians and executors each keep a copy. */
export const manifestSchema = z.object({
  format: z.literal("publica/will/1"),
  chainId: z.int().min(1),
  registry: addressSchema,
  willId: wordSchema,
  version: z.int().min(1).max(65_535),
  terms: termsSchema,
  heirs: z.array(z.object({ wallet: addressSchema, share: addressSchema, suite: suiteSchema, envelope: bytesSchema })),
  guardians: z.array(
    z.object({
      wallet: addressSchema,
      share: addressSchema,
      escrowShare: addressSchema,
      suite: suiteSchema,
      envelope: bytesSchema,
    }),
  ),
  executors: z.array(addressSchema),
  vetoKey: z.object({ key: addressSchema, salt: wordSchema }),
  heirCommitments: z.array(pointSchema),
  guardianCommitments: z.array(pointSchema),
  /** Empty when there is no escrowed share. */
  escrowCommitments: z.array(pointSchema),
  escrow: z.object({ share: addressSchema, blob: bytesSchema }),
  plan: planSchema,
  /** sha-256 of the sealed file. */
  ciphertextHash: wordSchema,
  /** The sealed file's name in a store. */
  cid: z.string(),
});

export type WillTerms = z.infer<typeof termsSchema>;
export type Bequest = z.infer<typeof bequestSchema>;
export type Plan = z.infer<typeof planSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** The part of a manifest that exists before anything is encrypted, and that everything encrypted is bound to. */
export type Setup = Pick<
  Manifest,
  "terms" | "executors" | "vetoKey" | "heirCommitments" | "guardianCommitments" | "escrowCommitments" | "plan"
> & {
  readonly heirs: readonly { readonly wallet: Address; readonly share: Address }[];
  readonly guardians: readonly { readonly wallet: Address; readonly share: Address; readonly escrowShare: Address }[];
  readonly escrow: { readonly share: Address; readonly blob: Hex };
};

/** Where a will lives and which version is meant; bound into every key, envelope and signature. */
export interface WillContext {
  readonly chainId: number;
  readonly registry: Address;
  readonly willId: Hex;
  readonly version: number;
}
