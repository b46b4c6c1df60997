import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType, GrantRequest } from "./types.ts";
import { requireGrantable } from "./validity.ts";

export interface GrantCredentialParameters extends GrantRequest {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
}

export type GrantCredentialReturnType = Hash;

export type GrantCredentialErrorType = PublicaError;

/** Grants or renews a credential valid in [from, until). */
export function grantCredential(
  client: WriteClient,
  parameters: GrantCredentialParameters,
): Promise<GrantCredentialReturnType> {
  return decoded(async () => {
    const { subject, from, until, attributes } = parameters;
    requireGrantable({ subject, from, until, attributes });
    return writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "grant",
      args: [parameters.credentialType, subject, from, until, attributes],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
