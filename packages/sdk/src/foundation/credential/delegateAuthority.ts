import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface DelegateAuthorityParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly holder: Address;
  /** Levels of delegation it may open; less than the account's own. */
  readonly depth: number;
}

export type DelegateAuthorityReturnType = Hash;

export type DelegateAuthorityErrorType = PublicaError;

/** Appoints an authority below the client's account, for the same type. */
export function delegateAuthority(
  client: WriteClient,
  parameters: DelegateAuthorityParameters,
): Promise<DelegateAuthorityReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "delegate",
      args: [parameters.credentialType, parameters.holder, parameters.depth],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
