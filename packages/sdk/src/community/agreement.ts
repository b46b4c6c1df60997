import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

/** A step that takes nothing but the order. */
export const orderSteps = ["accept", "decline", "arrive", "start", "hold", "resume"] as const;
export type OrderStep = (typeof orderSteps)[number];

/** The contract's function of each step. */
export const orderStepFunctions = {
  accept: "acceptWork",
  decline: "decline",
  arrive: "arriveAtSite",
  start: "beginRepair",
  hold: "hold",
  resume: "continueWork",
} as const satisfies Record<OrderStep, string>;

/** Signatures of a device's parties over one digest; `0x` means not given. */
export interface Approvals {
  /** Unix seconds. */
  readonly deadline: number;
  readonly owner: Hex;
  readonly installer: Hex;
  readonly manufacturer: Hex;
}

/** One change of a gateway's word. */
export interface Sweep {
  readonly word: bigint;
  /** Unix seconds. */
  readonly changedAt: number;
  /** Hour in which the word before was stated last. */
  readonly formerHour: number;
}

/** How long each stage of a repair may take, seconds. */
export interface CrewTerms {
  readonly response: number;
  readonly arrival: number;
  readonly restore: number;
  readonly holdMax: number;
  readonly verifySpan: number;
  readonly verifyCount: number;
  readonly verifyWindow: number;
  readonly confirmWindow: number;
  readonly warranty: number;
}

/** What owner and contractor agree on; amounts in base units of the token, rates for each begun minute. */
export interface ServiceTerms {
  /** The zero address: ETH. */
  readonly token: Address;
  readonly fee: bigint;
  readonly callOutFee: bigint;
  readonly retainer: bigint;
  readonly redoPenalty: bigint;
  readonly penaltyCap: bigint;
  readonly responseRate: bigint;
  readonly arrivalRate: bigint;
  readonly restoreRate: bigint;
  readonly downtimeRate: bigint;
  readonly availabilityBp: number;
  /** Seconds. */
  readonly notice: number;
}

const SERVICE_TERMS_TYPE = [
  {
    type: "tuple",
    components: [
      { name: "token", type: "address" },
      { name: "downtimeRate", type: "uint64" },
      { name: "fee", type: "uint96" },
      { name: "callOutFee", type: "uint96" },
      { name: "availabilityBp", type: "uint16" },
      { name: "notice", type: "uint32" },
      { name: "retainer", type: "uint96" },
      { name: "responseRate", type: "uint64" },
      { name: "redoPenalty", type: "uint96" },
      { name: "arrivalRate", type: "uint64" },
      { name: "penaltyCap", type: "uint96" },
      { name: "restoreRate", type: "uint64" },
    ],
  },
] as const;

/** What an owner accepts: the digest of the terms. */
export function serviceTermsHash(terms: ServiceTerms): Hex {
  return keccak256(encodeAbiParameters(SERVICE_TERMS_TYPE, [terms]));
}
