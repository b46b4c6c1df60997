import type { Address } from "viem";
import { readContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { Credential, CredentialType } from "./types.ts";

export interface GetCredentialParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly subject: Address;
}

export type GetCredentialReturnType = Credential;

export type GetCredentialErrorType = PublicaError;

/** What the slot of (type, subject) holds, valid or not; all zero when empty. */
export function getCredential(
  client: ReadClient,
  parameters: GetCredentialParameters,
): Promise<GetCredentialReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "getCredential",
      args: [parameters.credentialType, parameters.subject],
    }),
  );
}
