import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType, GrantRequest } from "./types.ts";
import { requireGrantable } from "./validity.ts";

export interface GrantCredentialBatchParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly requests: readonly GrantRequest[];
}

export type GrantCredentialBatchReturnType = Hash;

export type GrantCredentialBatchErrorType = PublicaError;

/** Grants many credentials of one type; all or none. */
export function grantCredentialBatch(
  client: WriteClient,
  parameters: GrantCredentialBatchParameters,
): Promise<GrantCredentialBatchReturnType> {
  return decoded(async () => {
    for (const request of parameters.requests) requireGrantable(request);
    return writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "grantBatch",
      args: [parameters.credentialType, parameters.requests],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
