import { createReadStream } from "node:fs";
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

/** One line of a recording: when it came, and what. */
interface Recorded {
  readonly at: number;
  readonly message: string;
}

/**
 * Plays a recording (`publica-node export --messages`) back, `speed` times as fast as it was taken; 0: at once.
 * A line is `{"at": milliseconds, "message": base64 of the envelope}`.
 */
export async function replay(
  file: string,
  speed: number,
  intake: Intake,
  log: Logger,
  signal: AbortSignal,
): Promise<number> {
  const started = Date.now();
  let first: number | undefined;
  let taken = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (signal.aborted) break;
    if (line.trim() === "") continue;
    const { at, message } = JSON.parse(line) as Recorded;
    first ??= at;
    const due = speed === 0 ? 0 : started + (at - first) / speed - Date.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    await intake.offer({ source: "replay", bytes: Buffer.from(message, "base64") });
    taken += 1;
  }
  log.info({ file, messages: taken }, "replayed");
  return taken;
}
