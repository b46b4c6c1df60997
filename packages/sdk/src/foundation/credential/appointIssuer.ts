import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface AppointIssuerParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly issuer: Address;
  /** Levels of delegation it may open, at most 4. */
  readonly depth: number;
}

export type AppointIssuerReturnType = Hash;

export type AppointIssuerErrorType = PublicaError;

/** Appoints an issuer at the root of a type. For the role that may (see the deployment). */
export function appointIssuer(
  client: WriteClient,
  parameters: AppointIssuerParameters,
): Promise<AppointIssuerReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "appoint",
      args: [parameters.credentialType, parameters.issuer, parameters.depth],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
