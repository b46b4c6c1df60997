import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface RestoreCredentialParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly subject: Address;
  /** The grant meant, as `getCredential` shows it: a later one is left alone. */
  readonly id: bigint;
}

export type RestoreCredentialReturnType = Hash;

export type RestoreCredentialErrorType = PublicaError;

/** Lifts a suspension. */
export function restoreCredential(
  client: WriteClient,
  parameters: RestoreCredentialParameters,
): Promise<RestoreCredentialReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "restore",
      args: [parameters.id, parameters.subject, parameters.credentialType],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
