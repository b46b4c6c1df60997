import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SignedReading } from "@publica/sdk/community";
import { z } from "zod";
import { CliError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";

const word = z.templateLiteral(["0x", z.string().regex(/^[0-9a-fA-F]{64}$/)]);
const schema = z
  .array(
    z.object({
      reading: z
        .string()
        .regex(/^(0x[0-9a-fA-F]+|\d+)$/, "a reading is a number or 0x and hex digits")
        .transform(BigInt),
      a: word,
      b: word,
    }),
  )
  .min(1);

/** Signed readings as a gateway writes them: `[{ "reading": "0x…", "a": "0x…", "b": "0x…" }, …]`. */
export function readReadings(io: Io, file: string): readonly SignedReading[] {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), "utf8");
  } catch {
    throw new CliError(`the readings ${file} cannot be read`, "Check the path and permissions.");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError(`${file} is not JSON`, "Ask the gateway for its readings again.");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CliError(
    `${file} holds no signed readings (${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "invalid"})`,
    'It takes [{ "reading", "a", "b" }, …], consecutive and at least one.',
  );
}
