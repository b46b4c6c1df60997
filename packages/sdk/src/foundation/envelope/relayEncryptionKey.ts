import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import { encryptionKeyRegistryAbi } from "../../generated/abi.ts";

export interface RelayEncryptionKeyParameters {
  readonly registry: Address;
  /** Whose key it is. */
  readonly account: Address;
  /** See `encryptionKeyHash`. */
  readonly keyHash: Hex;
  /** Unix seconds. */
  readonly deadline: bigint;
  /** The account's, of what `encryptionKeyRequest` gives. */
  readonly signature: Hex;
}

/** What an account signs for somebody else to bind its key; `sequence` is the registry's `sequenceOf`. */
export function encryptionKeyRequest(
  { chainId, registry }: { readonly chainId: number; readonly registry: Address },
  message: { readonly account: Address; readonly keyHash: Hex; readonly sequence: number; readonly deadline: bigint },
) {
  return {
    domain: { name: "Publica Encryption Keys", version: "1", chainId, verifyingContract: registry },
    types: {
      SetKey: [
        { name: "account", type: "address" },
        { name: "keyHash", type: "bytes32" },
        { name: "sequence", type: "uint32" },
        { name: "deadline", type: "uint256" },
      ],
    },
    primaryType: "SetKey",
    message,
  } as const;
}

export type RelayEncryptionKeyReturnType = Hash;
export type RelayEncryptionKeyErrorType = PublicaError;

/** Binds an account to the encryption key it signed for; the sender only pays for it. */
export function relayEncryptionKey(
  client: WriteClient,
  { registry, account, keyHash, deadline, signature }: RelayEncryptionKeyParameters,
): Promise<RelayEncryptionKeyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: encryptionKeyRegistryAbi,
      functionName: "setKeyBySignature",
      args: [account, keyHash, deadline, signature],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
