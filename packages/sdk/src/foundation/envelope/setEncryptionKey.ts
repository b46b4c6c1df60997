import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import { encryptionKeyRegistryAbi } from "../../generated/abi.ts";

export interface SetEncryptionKeyParameters {
  readonly registry: Address;
  /** See `encryptionKeyHash`; the zero hash withdraws the key. */
  readonly keyHash: Hex;
}

export type SetEncryptionKeyReturnType = Hash;
export type SetEncryptionKeyErrorType = PublicaError;

/** Binds the sender's account to an encryption key, in place of any earlier one. */
export function setEncryptionKey(
  client: WriteClient,
  { registry, keyHash }: SetEncryptionKeyParameters,
): Promise<SetEncryptionKeyReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: encryptionKeyRegistryAbi,
      functionName: "setKey",
      args: [keyHash],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
