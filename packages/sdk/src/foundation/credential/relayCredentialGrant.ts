import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import { credentialRegistryAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialGrant } from "./signCredentialGrant.ts";

export interface RelayCredentialGrantParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly grant: CredentialGrant;
  readonly signature: Hex;
}

export type RelayCredentialGrantReturnType = Hash;

export type RelayCredentialGrantErrorType = PublicaError;

/** Relays a grant its issuer has signed; any account may. */
export function relayCredentialGrant(
  client: WriteClient,
  parameters: RelayCredentialGrantParameters,
): Promise<RelayCredentialGrantReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: credentialRegistryAbi,
      functionName: "grantBySignature",
      args: [parameters.grant, parameters.signature],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
