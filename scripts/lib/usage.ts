import { fail } from "./console.ts";

/** A wrong flag or argument: the command prints its usage and exits with 2. */
export class UsageError extends Error {}

function isUsageError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_");
}

/** Ends the command with what went wrong: for a person, or with --json as the `publica` command does. */
function end(usage: string, code: string, message: string, exitCode: number): never {
  const hasJson = usage.includes("[--json]") && process.argv.includes("--json");
  if (!hasJson) fail(code === "Usage" ? `${message}\n\n${usage}` : message, exitCode);
  console.log(JSON.stringify({ error: { code, message, exitCode } }));
  process.exit(exitCode);
}

/** Runs a command: usage and exit code 2 for a wrong flag, one sentence and 1 for what `expected` knows, a stack for a bug. */
export async function command(
  usage: string,
  main: () => Promise<number>,
  expected: readonly (new (...args: never[]) => Error)[] = [],
): Promise<never> {
  try {
    process.exit(await main());
  } catch (error) {
    if (isUsageError(error)) end(usage, "Usage", error.message, 2);
    if (error instanceof Error && expected.some((kind) => error instanceof kind)) {
      if (process.env.PUBLICA_DEBUG) console.error(error);
      end(usage, error.constructor.name, error.message, 1);
    }
    console.error(error);
    process.exit(1);
  }
}
