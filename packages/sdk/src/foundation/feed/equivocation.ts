import type { Hex } from "viem";
import { PublicaError } from "../errors.ts";
import type { FeedContext, FeedId, SensorKey, SignedReading } from "./types.ts";

/** A reading as evidence, in the contract's form. */
export interface ReadingEvidence {
  readonly observedAt: number;
  readonly value: bigint;
  readonly r: Hex;
  readonly vs: Hex;
}

/** What `proveEquivocation` takes. */
export interface EquivocationProof {
  readonly feed: FeedId;
  readonly key: SensorKey;
  readonly round: number;
  readonly epoch: number;
  readonly first: ReadingEvidence;
  readonly second: ReadingEvidence;
}

/** Makes a proof of two readings of one round that carry different values under one key. */
export function equivocationProof(
  context: Pick<FeedContext, "feed" | "epoch">,
  key: SensorKey,
  first: SignedReading,
  second: SignedReading,
): EquivocationProof {
  if (first.round !== second.round || first.value === second.value) {
    throw new PublicaError(
      "SdkNoEquivocation",
      `Round ${first.round} with ${first.value} and round ${second.round} with ${second.value} prove nothing.`,
      "Show two different values signed for one round of one epoch.",
      [first, second],
    );
  }
  return {
    feed: context.feed,
    key,
    round: first.round,
    epoch: context.epoch,
    first: evidence(first),
    second: evidence(second),
  };
}

/** The first sensor that signed two values in one round among readings of one epoch; undefined when none did. */
export function findEquivocation(
  readings: readonly SignedReading[],
): readonly [first: SignedReading, second: SignedReading] | undefined {
  const seen = new Map<string, SignedReading>();
  for (const reading of readings) {
    const id = `${reading.sensor}:${reading.round}`;
    const before = seen.get(id);
    if (before !== undefined && before.value !== reading.value) return [before, reading];
    seen.set(id, before ?? reading);
  }
  return undefined;
}

function evidence({ observedAt, value, signature }: SignedReading): ReadingEvidence {
  return {
    observedAt,
    value,
    r: signature.slice(0, 66) as Hex,
    vs: `0x${signature.slice(66)}`,
  };
}
