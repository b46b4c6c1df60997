import type { Address } from "viem";
import type { FeedId } from "../feed/types.ts";

/** Which deployment, feed and committee an attestation is for. */
export interface CommitteeContext {
  readonly chainId: number;
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly feed: FeedId;
  readonly epoch: number;
}

/** What a committee says about one round. */
export interface CommitteeAttestation {
  readonly round: number;
  /** Unix seconds. */
  readonly observedAt: number;
  readonly value: bigint;
}

/** A member's public key: an affine point of secp256k1. */
export interface CommitteeKey {
  readonly x: bigint;
  readonly y: bigint;
}

/** A Schnorr signature as the contract takes it. */
export interface SchnorrSignature {
  /** The account of the nonce's point. */
  readonly nonce: Address;
  readonly s: bigint;
}

/** What holds for a feed's committees for ever. */
export interface CommitteeTerms {
  /** How far every one of a quorum of device readings must lie from a value to contradict it, in the feed's unit. */
  readonly tolerance: bigint;
  /** What a member deposits, in wei. */
  readonly bond: bigint;
}

/** A feed's committee in force. */
export interface CommitteeConfig extends CommitteeTerms {
  /** Number of the committee; 0 before the first. */
  readonly epoch: number;
  /** Version of its key set. */
  readonly version: number;
  /** Version of the scheduled key set; 0 when none is scheduled. */
  readonly nextVersion: number;
  /** When the scheduled committee may be put in force, unix seconds; 0 when none is scheduled. */
  readonly nextEpochAt: number;
  readonly quorum: number;
  readonly members: number;
  readonly decimals: number;
  readonly deviationBps: number;
  readonly heartbeat: number;
  readonly historySize: number;
}

/** What the contract knows of a member. */
export interface CommitteeMember {
  readonly operator: Address;
  readonly bond: bigint;
  readonly freeAt: number;
  readonly isBarred: boolean;
}
