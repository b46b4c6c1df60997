import { type Address, type Hex, hashTypedData } from "viem";
import type { WillContext } from "./types.ts";

/** The EIP-712 types people and shares sign, by the contract that verifies them. */
export const willTypes = {
  Acceptance: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "manifestRoot", type: "bytes29" },
    { name: "index", type: "uint8" },
    { name: "wallet", type: "address" },
  ],
  Beat: [
    { name: "willId", type: "bytes32" },
    { name: "beatAt", type: "uint40" },
  ],
  Death: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "claim", type: "uint16" },
    { name: "evidenceHash", type: "bytes32" },
    { name: "timeOfDeath", type: "uint40" },
  ],
  Veto: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "claim", type: "uint16" },
  ],
  Leak: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "guardian", type: "uint8" },
    { name: "reporter", type: "address" },
  ],
  Opened: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "commitment", type: "bytes32" },
  ],
  HeirLost: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "heir", type: "uint8" },
    { name: "proposedAt", type: "uint40" },
  ],
  Objection: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "heir", type: "uint8" },
    { name: "proposedAt", type: "uint40" },
  ],
  Witness: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "manifestRoot", type: "bytes29" },
    { name: "ciphertextHash", type: "bytes32" },
    { name: "heirCommitmentsHash", type: "bytes32" },
    { name: "guardianCommitmentsHash", type: "bytes32" },
    { name: "roleHash", type: "bytes32" },
  ],
  Health: [
    { name: "willId", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "role", type: "uint8" },
    { name: "index", type: "uint8" },
    { name: "checkedAt", type: "uint40" },
  ],
  ShareDelivery: [
    { name: "id", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "index", type: "uint8" },
    { name: "to", type: "address" },
    { name: "share", type: "uint256" },
  ],
  Payment: [
    { name: "fee", type: "bool" },
    { name: "asset", type: "address" },
    { name: "to", type: "address" },
    { name: "amount", type: "uint128" },
    { name: "invoice", type: "bytes32" },
    { name: "number", type: "uint32" },
    { name: "deadline", type: "uint256" },
  ],
  Assent: [{ name: "deadline", type: "uint256" }],
} as const;

export type WillMessage = keyof typeof willTypes;

/** Which contract verifies a message: the names of their EIP-712 domains. */
const DOMAIN: Readonly<Record<WillMessage, string>> = {
  Acceptance: "Publica Wills",
  Beat: "Publica Wills",
  Death: "Publica Wills",
  Veto: "Publica Wills",
  Leak: "Publica Wills",
  Opened: "Publica Wills",
  HeirLost: "Publica Heir Loss",
  Objection: "Publica Heir Loss",
  Witness: "Publica Will Evidence",
  Health: "Publica Will Evidence",
  ShareDelivery: "Publica Will Evidence",
  Payment: "Publica Estate",
  Assent: "Publica Estate",
};

/** A message as any EIP-712 signer takes it. */
export interface WillTypedData {
  readonly domain: {
    readonly name: string;
    readonly version: string;
    readonly chainId: number;
    readonly verifyingContract: Address;
  };
  readonly types: Record<string, readonly { readonly name: string; readonly type: string }[]>;
  readonly primaryType: string;
  readonly message: Record<string, unknown>;
}

/** The typed data of `primaryType` for the contract at `verifyingContract`. */
export function willTypedData(
  chainId: number,
  verifyingContract: Address,
  primaryType: WillMessage,
  message: Record<string, unknown>,
): WillTypedData {
  return {
    domain: { name: DOMAIN[primaryType], version: "1", chainId, verifyingContract },
    types: { [primaryType]: willTypes[primaryType] },
    primaryType,
    message,
  };
}

/** The digest of a message, for shares, which sign digests. */
export function willDigest(typedData: WillTypedData): Hex {
  return hashTypedData(typedData as Parameters<typeof hashTypedData>[0]);
}

/** What heir `index` signs twice, with the wallet and with the share. */
export function acceptanceTypedData(
  { chainId, registry, willId, version }: WillContext,
  manifestRoot: Hex,
  index: number,
  wallet: Address,
): WillTypedData {
  return willTypedData(chainId, registry, "Acceptance", { willId, version, manifestRoot, index, wallet });
}
