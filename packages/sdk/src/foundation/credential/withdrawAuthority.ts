import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface WithdrawAuthorityParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly holder: Address;
}

export type WithdrawAuthorityReturnType = Hash;

export type WithdrawAuthorityErrorType = PublicaError;

/** Ends an authority below the client's account, or the account's own, and all below it. */
export function withdrawAuthority(
  client: WriteClient,
  parameters: WithdrawAuthorityParameters,
): Promise<WithdrawAuthorityReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "withdraw",
      args: [parameters.credentialType, parameters.holder],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
