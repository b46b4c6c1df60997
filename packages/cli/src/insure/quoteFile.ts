import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SignedQuote } from "@publica/sdk/insurance";
import { getAddress, type Hex } from "viem";
import { z } from "zod";
import { CliError } from "../lib/errors.ts";
import { type Io, toJson } from "../lib/io.ts";

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => getAddress(text));
const whole = z.string().regex(/^\d+$/).transform(BigInt);

const schema = z.object({
  chainId: z.number().int().positive(),
  book: address,
  quote: z.object({
    series: whole,
    buyer: address,
    sumInsured: whole,
    premium: whole,
    sequence: z.number().int().nonnegative(),
    validUntil: z.number().int().nonnegative(),
  }),
  key: address,
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})+$/)
    .transform((text) => text as Hex),
});

/** A signed quote as it travels from the insurer to the buyer. */
export interface QuoteFile extends SignedQuote {
  readonly chainId: number;
  readonly book: `0x${string}`;
}

export function readQuoteFile(io: Io, file: string): QuoteFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(resolve(io.cwd, file), "utf8"));
  } catch (error) {
    const why = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new CliError(`the quote ${file} ${why}`, "Name the file that publica insure quote --out wrote.");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CliError(
    `the quote ${file} is wrong at ${issue?.path.join(".") || "the top"}: ${issue?.message ?? "unknown"}`,
    "Ask for the quote again.",
  );
}

export function writeQuoteFile(io: Io, file: string, quote: QuoteFile): void {
  try {
    writeFileSync(resolve(io.cwd, file), `${toJson(quote)}\n`, { flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new CliError(
      exists ? `${file} exists already` : `${file} cannot be written`,
      "Name another file with --out; nothing is overwritten.",
    );
  }
}
