import { encodeAbiParameters, hashTypedData, type Address, type Hex, keccak256, type TypedDataDomain } from "viem";
import type { CommitteeAttestation, CommitteeContext, CommitteeKey } from "./types.ts";

/** EIP-712 types of what a committee and its members sign. */
export const COMMITTEE_TYPES = {
  Attestation: [
    { name: "feed", type: "bytes32" },
    { name: "round", type: "uint32" },
    { name: "observedAt", type: "uint40" },
    { name: "value", type: "int128" },
    { name: "epoch", type: "uint16" },
  ],
  Possession: [
    { name: "feed", type: "bytes32" },
    { name: "x", type: "uint256" },
    { name: "y", type: "uint256" },
    { name: "operator", type: "address" },
  ],
} as const;

/** The EIP-712 domain of an `AttestedFeed` deployment. */
export function committeeDomain(context: Pick<CommitteeContext, "chainId" | "address">): TypedDataDomain {
  return {
    name: "Publica AttestedFeed",
    version: "1",
    chainId: context.chainId,
    verifyingContract: context.address,
  };
}

/** The digest a committee signs; equals the contract's `hashAttestation`. */
export function hashAttestation(context: CommitteeContext, attestation: CommitteeAttestation): Hex {
  const { round, observedAt, value } = attestation;
  return hashTypedData({
    domain: committeeDomain(context),
    types: COMMITTEE_TYPES,
    primaryType: "Attestation",
    message: { feed: context.feed, round, observedAt, value, epoch: context.epoch },
  });
}

/** The digest by which a key shows that it is held; equals the contract's `hashPossession`. */
export function hashPossession(
  context: Pick<CommitteeContext, "chainId" | "address" | "feed">,
  key: CommitteeKey,
  operator: Address,
): Hex {
  return hashTypedData({
    domain: committeeDomain(context),
    types: COMMITTEE_TYPES,
    primaryType: "Possession",
    message: { feed: context.feed, x: key.x, y: key.y, operator },
  });
}

/** The account of a key, by which its member is known. */
export function committeeMember({ x, y }: CommitteeKey): Address {
  return `0x${keccak256(encodeAbiParameters([{ type: "uint256" }, { type: "uint256" }], [x, y])).slice(-40)}`;
}
