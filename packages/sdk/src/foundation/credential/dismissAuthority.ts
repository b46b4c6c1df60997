import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface DismissAuthorityParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly holder: Address;
}

export type DismissAuthorityReturnType = Hash;

export type DismissAuthorityErrorType = PublicaError;

/** Ends any authority of a type and all below it. For the role that may (see the deployment). */
export function dismissAuthority(
  client: WriteClient,
  parameters: DismissAuthorityParameters,
): Promise<DismissAuthorityReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "dismiss",
      args: [parameters.credentialType, parameters.holder],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
