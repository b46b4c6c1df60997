import { type Address, type Hex, hashTypedData } from "viem";
import type { Share } from "./deal.ts";
import type { Commitment } from "./field.ts";
import { committedAddress, shareAddress } from "./shareKey.ts";

/** Where a sharing lives: binds what holders sign to one chain, contract, secret and version. */
export interface SharingContext {
  readonly chainId: number;
  readonly verifyingContract: Address;
  readonly id: Hex;
  readonly version: number;
}

/** EIP-712 type of the note with which a holder hands a share to another one. */
export const shareDeliveryTypes = {
  ShareDelivery: [
    { name: "id", type: "bytes32" },
    { name: "version", type: "uint16" },
    { name: "index", type: "uint8" },
    { name: "to", type: "address" },
    { name: "share", type: "uint256" },
  ],
} as const;

/** The digest the sender of a share signs, so that handing over a false one can be proven. */
export function shareDeliveryDigest(
  context: SharingContext,
  delivery: { readonly index: number; readonly to: Address; readonly share: bigint },
  domainName: string,
): Hex {
  const { chainId, verifyingContract, id, version } = context;
  return hashTypedData({
    domain: { name: domainName, version: "1", chainId, verifyingContract },
    types: shareDeliveryTypes,
    primaryType: "ShareDelivery",
    message: { id, version, ...delivery },
  });
}

/** Whether what was delivered contradicts the commitments: then the signed note is a fraud proof. */
export function isFalseDelivery(share: Share, commitments: readonly Commitment[]): boolean {
  return shareAddress(share.scalar) !== committedAddress(commitments, share.index);
}
