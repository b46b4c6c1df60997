import type { Address, Hex } from "viem";

/** What is computed from a window's values; the order is the contract's. */
export const indexKinds = [
  "sum",
  "sumAbove",
  "sumBelow",
  "maximum",
  "minimum",
  "daysAbove",
  "daysBelow",
  "runAbove",
  "runBelow",
  "magnitude",
] as const;

export type IndexKind = (typeof indexKinds)[number];

/** A bound and the share paid once the index has reached it. */
export interface Tier {
  readonly bound: bigint;
  readonly bps: number;
}

/** The place insured by a `magnitude` index, in degrees and kilometres. */
export interface Area {
  readonly latitude: number;
  readonly longitude: number;
  readonly radiusKm: number;
}

/** How values become an index and the index a payout. See `IndexTerms` in the contracts. */
export interface IndexTerms {
  readonly kind: IndexKind;
  /** The index's own parameter, in the feed's unit. */
  readonly threshold?: bigint;
  /** Where the payout starts. */
  readonly attachment: bigint;
  /** Where everything is paid; below the attachment when the index must fall. */
  readonly exit: bigint;
  /** At most four; when there are none the payout is linear. */
  readonly tiers?: readonly Tier[];
  readonly area?: Area;
}

/** The terms of a series. Times in unix seconds, amounts in base units of the pool's asset. */
export interface SeriesTerms {
  readonly name: string;
  readonly pool: Address;
  readonly feeds: Address;
  readonly feed: Hex;
  /** The feed that answers when the first one has not, or was contested; default none. */
  readonly fallback?: { readonly feeds: Address; readonly feed: Hex };
  readonly firstRound: number;
  readonly lastRound: number;
  /** Values of a packed season whose digest is attested in the two rounds; default 0: each value is a round. */
  readonly seasonValues?: number;
  readonly start: number;
  readonly end: number;
  /** Sales stop this long before the start; default 0. */
  readonly leadTime?: number;
  /** Data may arrive this long after the end; default 7 days. */
  readonly grace?: number;
  /** Time between decision and payment; default 0. */
  readonly disputeWindow?: number;
  /** Default 0: never. */
  readonly cancelUntil?: number;
  readonly cancelFeeBps?: number;
  /** Least premium in basis points of the sum insured; default 1. */
  readonly floorBps?: number;
  /** Default 0: none. */
  readonly zone?: number;
  readonly capacity: bigint;
  readonly index: IndexTerms;
}

/** An offer of cover to one buyer. Amounts in base units of the asset. */
export interface Quote {
  readonly series: bigint;
  readonly buyer: Address;
  readonly sumInsured: bigint;
  readonly premium: bigint;
  /** The buyer's purchases so far; see `getPurchases`. */
  readonly sequence: number;
  readonly validUntil: number;
}

/** A quote and the key that signed it: what `buyPolicy` needs. */
export interface SignedQuote {
  readonly quote: Quote;
  readonly key: Address;
  readonly signature: Hex;
}

/** In the order of the contract's. A settled series owes nothing any more; `getSeriesOutcomes` tells how it ended. */
export const seriesStates = ["settled", "open", "paying", "refunding"] as const;

export type SeriesState = (typeof seriesStates)[number];
