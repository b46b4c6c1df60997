import type { Address } from "viem";
import { readContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { ReadClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType } from "./types.ts";

export interface GetGrantStateParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly credentialType: CredentialType;
  readonly issuer: Address;
  readonly channel: bigint;
}

export interface GetGrantStateReturnType {
  readonly epoch: number;
  readonly nonce: bigint;
}

export type GetGrantStateErrorType = PublicaError;

/** The epoch and nonce the issuer's next signed grant in a channel must carry. */
export function getGrantState(
  client: ReadClient,
  parameters: GetGrantStateParameters,
): Promise<GetGrantStateReturnType> {
  return decoded(async () => {
    const registry = { address: parameters.address, abi: credentialRegistryAbi } as const;
    const [epoch, nonce] = await Promise.all([
      readContract(client, {
        ...registry,
        functionName: "signingEpochOf",
        args: [parameters.credentialType, parameters.issuer],
      }),
      readContract(client, {
        ...registry,
        functionName: "nextNonce",
        args: [parameters.issuer, parameters.channel],
      }),
    ]);
    return { epoch, nonce };
  });
}
