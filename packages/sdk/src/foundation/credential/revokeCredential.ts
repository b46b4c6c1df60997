import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface RevokeCredentialParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly subject: Address;
  /** The grant meant, as `getCredential` shows it: a later one is left alone. */
  readonly id: bigint;
}

export type RevokeCredentialReturnType = Hash;

export type RevokeCredentialErrorType = PublicaError;

/** Revokes exactly one grant and empties its slot. To bar the subject from a new grant, suspend instead. */
export function revokeCredential(
  client: WriteClient,
  parameters: RevokeCredentialParameters,
): Promise<RevokeCredentialReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "revoke",
      args: [parameters.id, parameters.subject, parameters.credentialType],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
