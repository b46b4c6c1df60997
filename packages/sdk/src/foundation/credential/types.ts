import { type Address, type Hex, keccak256, toHex } from "viem";

/** What a credential entitles to: keccak256 of a published name. */
export type CredentialType = Hex;

/** What the registry holds for one (type, subject); all zero when the slot is empty. */
export interface Credential {
  readonly attributes: bigint;
  /** First second of validity, unix seconds. */
  readonly from: number;
  /** First second after validity, unix seconds. */
  readonly until: number;
  /** The grant: authority number ‖ running number. */
  readonly id: bigint;
  /** Number of the authority that decides about it. */
  readonly keeper: number;
  readonly suspended: boolean;
}

/** One grant to make. */
export interface GrantRequest {
  readonly subject: Address;
  /** First second of validity, unix seconds. */
  readonly from: number;
  /** First second after validity, unix seconds. */
  readonly until: number;
  /** Attribute word (specialty, zone …); its meaning is the type's. */
  readonly attributes: bigint;
}

/** The type of a published name such as `publica.technician`. */
export function credentialType(name: string): CredentialType {
  return keccak256(toHex(name));
}
