import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface SuspendCredentialParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly subject: Address;
  /** The grant meant, as `getCredential` shows it: a later one is left alone. */
  readonly id: bigint;
}

export type SuspendCredentialReturnType = Hash;

export type SuspendCredentialErrorType = PublicaError;

/** Suspends a credential until it is restored, also against renewal. */
export function suspendCredential(
  client: WriteClient,
  parameters: SuspendCredentialParameters,
): Promise<SuspendCredentialReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "suspend",
      args: [parameters.id, parameters.subject, parameters.credentialType],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
