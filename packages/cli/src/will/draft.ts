import { dirname, join } from "node:path";
import { type Plan, planSchema, type termsSchema } from "@publica/sdk/wills";
import { type Address, zeroAddress } from "viem";
import { z } from "zod";
import { CliError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { readJson } from "./office.ts";
import { type Person, readPerson } from "./people.ts";

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "an address is 0x and 40 hex digits")
  .transform((text) => text as Address);
const amount = z.union([z.int().min(0), z.string().regex(/^\d+$/)]).transform(String);

const bequestDraft = z.strictObject({
  kind: z.enum(["fraction", "fixed", "erc721", "erc1155"]),
  heir: address,
  substitute: address.default(zeroAddress),
  asset: address.default(zeroAddress),
  /** Basis points of the rest for a fraction, base units otherwise. */
  amount: amount.default("0"),
  tokenId: amount.default("0"),
  unlockAt: z.int().min(0).default(0),
  streamUntil: z.int().min(0).default(0),
});

const draftSchema = z.strictObject({
  /** The testator's own number of this will. */
  number: z.int().min(0).default(0),
  /** Files of persons, as `publica will key` writes them, beside the draft. */
  heirs: z.array(z.string()).min(1).max(16),
  guardians: z.array(z.string()).min(1).max(16),
  executors: z.array(address).default([]),
  vetoKey: address,
  terms: z.strictObject({
    intervalDays: z.int().default(365),
    quorumWindowDays: z.int().default(30),
    overdueWindowDays: z.int().default(180),
    /** All heirs unless it says less. */
    acceptances: z.int().optional(),
    /** How many guardians release. */
    threshold: z.int(),
    registrars: z.int().default(3),
    escrow: z.boolean().optional(),
    refusalCounts: z.boolean().default(false),
  }),
  plan: z.strictObject({
    bequests: z.array(bequestDraft).min(1),
    executorThreshold: z.int().default(0),
    feeCapBps: z.int().default(200),
    debtCapBps: z.int().default(3_000),
    administrationDays: z.int().default(60),
    claimDays: z.int().default(365),
    substituteDays: z.int().default(180),
    finalDays: z.int().default(3_650),
    residue: address.default(zeroAddress),
  }),
});

/** What a testator writes down before sealing, with everything filled in. */
export interface Draft {
  readonly number: bigint;
  readonly heirs: readonly Person[];
  readonly guardians: readonly Person[];
  readonly executors: readonly Address[];
  readonly vetoKey: Address;
  readonly terms: Omit<z.infer<typeof termsSchema>, "heirs" | "guardians">;
  readonly plan: Plan;
}

/** Reads a draft and the persons' files it names. */
export function readDraft(io: Io, file: string): Draft {
  const parsed = draftSchema.safeParse(readJson(io, file, "draft"));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CliError(
      `the draft ${file} is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message}`,
      "publica will create --template shows a draft.",
    );
  }
  const { number, heirs, guardians, executors, vetoKey, terms, plan } = parsed.data;
  const person = (name: string): Person => readPerson(io, join(dirname(file), name));
  const bequests = plan.bequests.map((bequest, index) => ({ ...bequest, index }));
  const checked = planSchema.safeParse({ ...plan, bequests });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new CliError(
      `the draft ${file} is wrong at plan.${issue?.path.join(".")}: ${issue?.message}`,
      "publica will create --template shows a draft.",
    );
  }
  return {
    number: BigInt(number),
    heirs: heirs.map(person),
    guardians: guardians.map(person),
    executors,
    vetoKey,
    terms: { ...terms, acceptances: terms.acceptances ?? heirs.length, escrow: terms.escrow ?? heirs.length > 1 },
    plan: checked.data,
  };
}

const one = (digit: string): string => `0x${digit.repeat(40)}`;

/** A draft to begin with. */
export const TEMPLATE = `${JSON.stringify(
  {
    number: 0,
    heirs: ["anna.json", "ben.json", "clara.json"],
    guardians: ["notary.json", "lawyer.json", "friend.json", "doctor.json", "sister.json"],
    executors: [one("1"), one("2")],
    vetoKey: one("3"),
    terms: { intervalDays: 365, quorumWindowDays: 30, overdueWindowDays: 180, threshold: 3, registrars: 3 },
    plan: {
      bequests: [
        { kind: "fraction", heir: one("a"), amount: 5_000 },
        { kind: "fraction", heir: one("b"), amount: 5_000, substitute: one("c") },
        { kind: "erc721", heir: one("a"), asset: one("d"), tokenId: "1" },
      ],
      executorThreshold: 2,
      residue: one("e"),
    },
  },
  null,
  2,
)}\n`;
