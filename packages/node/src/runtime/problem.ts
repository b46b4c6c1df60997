import { PublicaError } from "@publica/sdk/foundation";

/** Something an operator can put right: a stable code, one sentence, and what to do. */
export function problem(code: string, message: string, remedy: string, cause?: unknown): PublicaError {
  return new PublicaError(code, message, remedy, [], cause);
}

/** The words of whatever was thrown, on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}
