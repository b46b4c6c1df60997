import type { Address, Hex } from "viem";

/** Digest of a feed's description; see `feedIdOf`. */
export type FeedId = Hex;

/** What a feed measures, for ever: its digest is the feed's id. */
export interface FeedDescription {
  /** What is measured and where, for instance "Precipitation, Seattle". */
  readonly name: string;
  /** Unit of the values, for instance "0.1 mm". */
  readonly unit: string;
  /** Decimal places of the values, for Chainlink's interface. */
  readonly decimals: number;
  readonly minPlausible: bigint;
  readonly maxPlausible: bigint;
  /** Seconds after which an observation is stale. */
  readonly heartbeat: number;
  /** Change in 1/10,000 of the stored value from which a report is due; 0: any change. */
  readonly deviationBps: number;
  /** Rounds the history holds: a power of two, at most 32,768. */
  readonly historySize: number;
}

/** Which deployment, feed and sensor set a reading is for. */
export interface FeedContext {
  readonly chainId: number;
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly epoch: number;
}

/** What one sensor observed in one round. */
export interface Reading {
  readonly round: number;
  /** Unix seconds; the same for all readings of a round. */
  readonly observedAt: number;
  readonly value: bigint;
}

export const CURVES = ["secp256k1", "p256"] as const;
export type CurveName = (typeof CURVES)[number];

/** A sensor's public key, as the contract takes it. */
export interface SensorKey {
  /** 0: secp256k1, 1: P-256; the position in `CURVES`. */
  readonly curve: 0 | 1;
  /** Address, padded to 32 bytes (secp256k1), or the point's x (P-256). */
  readonly x: Hex;
  /** Zero (secp256k1) or the point's y (P-256). */
  readonly y: Hex;
}

/** A reading with its sensor's place in the set and its 64-byte signature. */
export interface SignedReading extends Reading {
  /** Index of the sensor in the set in force. */
  readonly sensor: number;
  /** `r ‖ vs` of EIP-2098 (secp256k1) or `r ‖ s` with low s (P-256). */
  readonly signature: Hex;
}

/** One agreed value of a feed. */
export interface FeedRound {
  readonly value: bigint;
  readonly observedAt: number;
  readonly updatedAt: number;
  readonly round: number;
  /** Bit 0: SUSPECT, see `isSuspect`. */
  readonly flags: number;
}

/** A feed's configuration in force. */
export interface FeedConfig {
  readonly epoch: number;
  /** When the scheduled sensor set comes into force, unix seconds; 0 when none is scheduled. */
  readonly nextEpochAt: number;
  readonly quorum: number;
  readonly sensors: number;
  readonly decimals: number;
  readonly deviationBps: number;
  readonly heartbeat: number;
  readonly historySize: number;
  readonly minPlausible: bigint;
  readonly maxPlausible: bigint;
}

/** Whether the round's value lies outside the feed's plausible range. */
export function isSuspect(round: Pick<FeedRound, "flags">): boolean {
  return (round.flags & 1) === 1;
}
