import { z } from "zod";
import { PublicaError } from "../errors.ts";
import type { GrantRequest } from "./types.ts";

const seconds = z
  .number()
  .int()
  .nonnegative()
  .max(2 ** 40 - 1);

const requestSchema = z.object({
  subject: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, "is not an address")
    .refine((value) => !/^0x0{40}$/.test(value), "is the zero address"),
  from: seconds,
  until: seconds,
  attributes: z
    .bigint()
    .nonnegative()
    .max(2n ** 64n - 1n),
});

/**
 * Checks what can be checked without the chain: ranges, and a validity that is not empty.
 * @throws {PublicaError} `SdkInvalidInput` naming the field that is wrong.
 */
export function requireGrantable(request: GrantRequest): void {
  const result = requestSchema.safeParse(request);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(`${issue?.path.join(".") ?? "grant"}: ${issue?.message ?? "invalid"}`, request);
  }
  if (request.until <= request.from) throw invalid("until: must lie after from", request);
}

function invalid(message: string, request: GrantRequest): PublicaError {
  return new PublicaError(
    "SdkInvalidInput",
    `The grant cannot be made: ${message}.`,
    "Give an account, unix seconds with from < until, and attributes of at most 64 bits.",
    [request],
  );
}
