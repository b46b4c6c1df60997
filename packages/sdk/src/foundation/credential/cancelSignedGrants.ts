import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface CancelSignedGrantsParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
}

export type CancelSignedGrantsReturnType = Hash;

export type CancelSignedGrantsErrorType = PublicaError;

/** Makes worthless all the grants the account has signed for the type and nobody has relayed. */
export function cancelSignedGrants(
  client: WriteClient,
  parameters: CancelSignedGrantsParameters,
): Promise<CancelSignedGrantsReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "cancelSignedGrants",
      args: [parameters.credentialType],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
