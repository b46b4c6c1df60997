import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import { encryptionKeyRegistryAbi } from "../../generated/abi.ts";

export interface IsEncryptionKeyCurrentParameters {
  readonly registry: Address;
  readonly account: Address;
  readonly keyHash: Hex;
}

export type IsEncryptionKeyCurrentReturnType = boolean;
export type IsEncryptionKeyCurrentErrorType = PublicaError;

/** Whether the account bound itself to this very key, and to none since. */
export function isEncryptionKeyCurrent(
  client: ReadClient,
  { registry, account, keyHash }: IsEncryptionKeyCurrentParameters,
): Promise<IsEncryptionKeyCurrentReturnType> {
  const args = [account, keyHash] as const;
  return decoded(() =>
    readContract(client, { address: registry, abi: encryptionKeyRegistryAbi, functionName: "isCurrent", args }),
  );
}
