import { dirname, join } from "node:path";
import { type Bequest, type Plan, planSchema, termsSchema } from "@publica/sdk/wills";
import { type Address, isAddress, isAddressEqual, zeroAddress } from "viem";
import { z } from "zod";
import { CliError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { utc } from "../lib/text.ts";
import { readJson } from "./office.ts";
import { type Person, readPerson } from "./people.ts";

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "an address is 0x and 40 hex digits")
  .refine((text) => isAddress(text), "the address has a wrong checksum; it may be mistyped")
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
  const draft = checked(file, "", draftSchema.safeParse(readJson(io, file, "draft")));
  const { number, executors, vetoKey } = draft;
  const people = (names: readonly string[], role: string): Person[] => {
    const found = names.map((name) => readPerson(io, join(dirname(file), name)));
    const twice = found.findIndex(({ wallet }, at) =>
      found.slice(0, at).some((other) => isAddressEqual(other.wallet, wallet)),
    );
    if (twice >= 0)
      throw new CliError(
        `${names[twice]} stands twice among the ${role}s of ${file}`,
        "Name each person once: shares are counted.",
      );
    return found;
  };
  const [heirs, guardians] = [people(draft.heirs, "heir"), people(draft.guardians, "guardian")];
  const terms = {
    ...draft.terms,
    acceptances: draft.terms.acceptances ?? heirs.length,
    escrow: draft.terms.escrow ?? heirs.length > 1,
  };
  const counted = { ...terms, heirs: heirs.length, guardians: guardians.length };
  checked(file, "terms.", termsSchema.safeParse(counted));
  const bequests = draft.plan.bequests.map((bequest, index) => ({ ...bequest, index }));
  const plan = checked(file, "plan.", planSchema.safeParse({ ...draft.plan, bequests }));
  return { number: BigInt(number), heirs, guardians, executors, vetoKey, terms, plan };
}

function checked<T>(file: string, within: string, parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliError(
    `the draft ${file} is wrong at ${within}${issue?.path.join(".") || "its top"}: ${issue?.message}`,
    "publica will create --template shows a draft.",
  );
}

/** A bequest in words, for the testator to look over before it is sealed. */
export function bequestText({
  kind,
  heir,
  substitute,
  asset,
  amount,
  tokenId,
  unlockAt,
  streamUntil,
}: Bequest): string {
  const isAll = asset === zeroAddress;
  const what = {
    fraction: `${Number(amount) / 100} % of ${isAll ? "everything else" : `the rest of ${asset}`}`,
    fixed: `${amount} units of ${isAll ? "ETH (in wei)" : asset}`,
    erc721: `token ${tokenId} of ${asset}`,
    erc1155: `${amount} of token ${tokenId} of ${asset}`,
  }[kind];
  const later = [
    ...(substitute === zeroAddress ? [] : [`else ${substitute}`]),
    ...(unlockAt === 0 ? [] : [`from ${utc(unlockAt)}`]),
    ...(streamUntil === 0 ? [] : [`evenly until ${utc(streamUntil)}`]),
  ];
  return [`${what} to ${heir}`, ...later].join(", ");
}

/** A draft to begin with. What stands in angle brackets is no address, so that a draft left unfinished is refused. */
export const TEMPLATE = `${JSON.stringify(
  {
    number: 0,
    heirs: ["anna.json", "ben.json", "clara.json"],
    guardians: ["notary.json", "lawyer.json", "friend.json", "doctor.json", "sister.json"],
    executors: ["<address>", "<address>"],
    vetoKey: "<address of a second key of yours, kept elsewhere>",
    terms: { intervalDays: 365, quorumWindowDays: 30, overdueWindowDays: 180, threshold: 3, registrars: 3 },
    plan: {
      bequests: [
        { kind: "fraction", heir: "<address>", amount: 5_000 },
        { kind: "fraction", heir: "<address>", amount: 5_000, substitute: "<address>" },
        { kind: "erc721", heir: "<address>", asset: "<address>", tokenId: "1" },
      ],
      executorThreshold: 2,
      residue: "<address>",
    },
  },
  null,
  2,
)}\n`;
