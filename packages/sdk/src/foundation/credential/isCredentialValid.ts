import type { Address } from "viem";
import { readContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface IsCredentialValidParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly subject: Address;
}

export type IsCredentialValidReturnType = boolean;

export type IsCredentialValidErrorType = PublicaError;

/** Whether the subject holds a credential of the type that is valid in the latest block. */
export function isCredentialValid(
  client: ReadClient,
  parameters: IsCredentialValidParameters,
): Promise<IsCredentialValidReturnType> {
  return decoded(() =>
    readContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "isValid",
      args: [parameters.credentialType, parameters.subject],
    }),
  );
}
