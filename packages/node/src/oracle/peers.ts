import type { FeedId, SignedReading } from "@publica/sdk/foundation";
import { z } from "zod";
import type { Logger } from "../runtime/log.ts";
import { reasonOf } from "../runtime/problem.ts";

const reading = z.object({
  sensor: z.number().int().min(0).max(254),
  round: z.number().int().min(0).max(0xffffffff),
  observedAt: z.number().int().min(0),
  value: z.string().regex(/^-?\d{1,39}$/),
  signature: z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{128}$/)]),
});
const answerSchema = z.object({ attestations: z.array(reading).max(1_000) });

const MAX_ANSWER_BYTES = 1 << 20;

/** What a node tells its peers. */
export function toShared(readings: readonly SignedReading[]): unknown {
  return {
    attestations: readings.map(({ sensor, round, observedAt, value, signature }) => ({
      sensor,
      round,
      observedAt,
      value: String(value),
      signature: signature.toLowerCase(),
    })),
  };
}

/** Asks a peer's committee member; undefined when it refuses or does not answer. */
export async function askMember(
  url: string,
  question: "nonce" | "part" | "endorsement",
  body: unknown,
  timeoutMs: number,
  log: Logger,
): Promise<unknown> {
  try {
    const response = await fetch(new URL(`/v1/committee/${question}`, url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await readBounded(response);
    if (response.ok) return JSON.parse(text);
    log.debug({ peer: new URL(url).host, question, reason: text.slice(0, 200) }, "peer did not sign");
  } catch (error) {
    log.debug({ peer: new URL(url).host, question, reason: reasonOf(error) }, "peer did not answer well");
  }
  return undefined;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("its answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Asks a peer for what it has gathered. Pulled rather than pushed, so that a hostile peer cannot flood: it costs one
 * bounded answer a turn, and none of it is believed without its signature.
 */
export async function askPeer(
  url: string,
  query: { feed: FeedId; epoch: number; after: number },
  timeoutMs: number,
  log: Logger,
): Promise<SignedReading[] | undefined> {
  try {
    const target = new URL("/v1/attestations", url);
    for (const [key, value] of Object.entries(query)) target.searchParams.set(key, String(value));
    const response = await fetch(target, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) return undefined;
    const { attestations } = answerSchema.parse(JSON.parse(await readBounded(response)));
    return attestations.map((entry) => ({ ...entry, value: BigInt(entry.value) }));
  } catch (error) {
    log.debug({ peer: new URL(url).host, reason: reasonOf(error) }, "peer did not answer well");
    return undefined;
  }
}
