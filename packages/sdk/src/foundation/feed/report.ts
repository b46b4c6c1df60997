import { concat, type Hex, toHex } from "viem";
import { PublicaError } from "../errors.ts";
import type { FeedContext, FeedId, SignedReading } from "./types.ts";

/** A report ready to be posted. */
export interface Report {
  readonly feed: FeedId;
  readonly round: number;
  readonly observedAt: number;
  readonly epoch: number;
  /** What `submit` takes: a header and the readings, ascending by value. */
  readonly data: Hex;
  /** The median the contract will store. */
  readonly value: bigint;
  /** The sensors in the report, in its order. */
  readonly sensors: readonly number[];
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** The contract's median: of an even number of values, the upper of the two in the middle. */
export function median(values: readonly bigint[]): bigint {
  const middle = [...values].sort(compare)[Math.floor(values.length / 2)];
  if (middle === undefined) throw malformed("There is no median of no values.");
  return middle;
}

/** What all readings of a report have in common. */
export interface ReportHead {
  readonly round: number;
  readonly observedAt: number;
  readonly epoch: number;
}

/**
 * A report as the contract takes it: `round (4) ‖ observedAt (5) ‖ epoch (2)`, then
 * `sensor (1) ‖ value (16) ‖ signature (64)` for each reading, in the order given.
 */
export function encodeReport(head: ReportHead, readings: readonly SignedReading[]): Hex {
  return concat([
    toHex(head.round, { size: 4 }),
    toHex(head.observedAt, { size: 5 }),
    toHex(head.epoch, { size: 2 }),
    ...readings.flatMap(({ sensor, value, signature }) => [
      toHex(sensor, { size: 1 }),
      toHex(BigInt.asUintN(128, value), { size: 16 }),
      signature,
    ]),
  ]);
}

/**
 * Makes a report of the readings collected: sorted by value and, of more than `quorum`, the ones around the middle,
 * which have the same median at the least cost.
 */
export function assembleReport(
  context: Pick<FeedContext, "feed" | "epoch">,
  quorum: number,
  collected: readonly SignedReading[],
): Report {
  const [first] = collected;
  if (first === undefined || collected.length < quorum) {
    throw new PublicaError(
      "SdkQuorumMissed",
      `${collected.length} readings of the ${quorum} a report needs.`,
      "Collect more readings of this round.",
      [collected.length, quorum],
    );
  }
  const { round, observedAt } = first;
  const sensors = new Set<number>();
  for (const reading of collected) {
    if (reading.round !== round || reading.observedAt !== observedAt)
      throw malformed(`Sensor ${reading.sensor} signed round ${reading.round} at ${reading.observedAt}.`);
    if (sensors.has(reading.sensor)) throw malformed(`Sensor ${reading.sensor} appears twice.`);
    if (!/^0x[0-9a-f]{128}$/i.test(reading.signature))
      throw malformed(`The signature of sensor ${reading.sensor} has not 64 bytes.`);
    sensors.add(reading.sensor);
  }
  const sorted = [...collected].sort((a, b) => compare(a.value, b.value));
  const from = Math.floor(sorted.length / 2) - Math.floor(quorum / 2);
  const chosen = sorted.slice(from, from + quorum);
  return {
    feed: context.feed,
    round,
    observedAt,
    epoch: context.epoch,
    data: encodeReport({ round, observedAt, epoch: context.epoch }, chosen),
    value: median(chosen.map(({ value }) => value)),
    sensors: chosen.map(({ sensor }) => sensor),
  };
}

function malformed(message: string): PublicaError {
  return new PublicaError(
    "SdkReportMalformed",
    message,
    "A report takes one reading a sensor, all of one round and observation time, with 64-byte signatures.",
  );
}

/** Reads a report back: the inverse of `encodeReport`. Checks its form, not its signatures. */
export function decodeReport(data: Hex): { readonly head: ReportHead; readonly readings: readonly SignedReading[] } {
  const bytes = data.slice(2);
  if (!/^0x[0-9a-f]*$/i.test(data) || bytes.length < 22 || (bytes.length - 22) % 162 !== 0)
    throw malformed(`${bytes.length / 2} bytes are not a report.`);
  const number = (from: number, length: number): bigint => BigInt(`0x${bytes.slice(2 * from, 2 * (from + length))}`);
  const head = { round: Number(number(0, 4)), observedAt: Number(number(4, 5)), epoch: Number(number(9, 2)) };
  const readings = Array.from({ length: (bytes.length - 22) / 162 }, (_, i) => {
    const at = 11 + 81 * i;
    return {
      round: head.round,
      observedAt: head.observedAt,
      sensor: Number(number(at, 1)),
      value: BigInt.asIntN(128, number(at + 1, 16)),
      signature: `0x${bytes.slice(2 * (at + 17), 2 * (at + 81))}` as Hex,
    };
  });
  return { head, readings };
}
