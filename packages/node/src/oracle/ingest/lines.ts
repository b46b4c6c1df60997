import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { reasonOf } from "../../runtime/problem.ts";
import type { Logger } from "../../runtime/log.ts";
import type { Intake } from "../intake.ts";

/** Takes JSON lines in, one envelope a line, never more than `window` unsaved at once. Returns how many were taken. */
export async function ingestLines(
  input: Readable,
  intake: Intake,
  source: string,
  log: Logger,
  window = 512,
): Promise<number> {
  const pending = new Set<Promise<unknown>>();
  let taken = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    const work: Promise<unknown> = intake
      .offer({ source, bytes: Buffer.from(line) })
      .then(
        () => {
          taken += 1;
        },
        (error: unknown) => log.error({ source, reason: reasonOf(error) }, "a line was not stored"),
      )
      .finally(() => pending.delete(work));
    pending.add(work);
    if (pending.size >= window) await Promise.race(pending);
  }
  await Promise.all(pending);
  return taken;
}
