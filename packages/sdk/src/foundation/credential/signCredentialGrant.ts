import type { Address, Hex, TypedDataDefinition } from "viem";
import { decoded, type PublicaError } from "../errors.ts";
import type { CredentialType, GrantRequest } from "./types.ts";
import { requireGrantable } from "./validity.ts";

/** A grant as its issuer signs it and anyone relays it. */
export interface CredentialGrant extends GrantRequest {
  readonly credentialType: CredentialType;
  readonly issuer: Address;
  /** The issuer's signing epoch for the type (`getGrantState`). */
  readonly epoch: number;
  /** Nonces run separately in each channel; `grantChannel(subject)` lets grants be relayed in any order. */
  readonly channel: bigint;
  /** The issuer's next nonce in the channel (`getGrantState`). */
  readonly nonce: bigint;
  /** Last second in which it may be relayed, unix seconds. */
  readonly deadline: number;
}

const types = {
  CredentialGrant: [
    { name: "credentialType", type: "bytes32" },
    { name: "subject", type: "address" },
    { name: "from", type: "uint40" },
    { name: "until", type: "uint40" },
    { name: "attributes", type: "uint64" },
    { name: "issuer", type: "address" },
    { name: "epoch", type: "uint32" },
    { name: "channel", type: "uint192" },
    { name: "nonce", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
} as const;

/** One channel a subject: the grants of different people never wait for each other. */
export function grantChannel(subject: Address): bigint {
  return BigInt(subject);
}

/** The EIP-712 typed data of a grant, for any signer. */
export function credentialGrantTypedData(
  registry: { readonly address: Address; readonly chainId: number },
  grant: CredentialGrant,
): TypedDataDefinition<typeof types, "CredentialGrant"> {
  const { subject, from, until, attributes } = grant;
  requireGrantable({ subject, from, until, attributes });
  return {
    domain: {
      name: "Publica CredentialRegistry",
      version: "1",
      chainId: registry.chainId,
      verifyingContract: registry.address,
    },
    types,
    primaryType: "CredentialGrant",
    message: grant,
  };
}

/** Whatever signs typed data: a viem account, a wallet, an HSM behind a request. */
export interface GrantSigner {
  signTypedData(typedData: TypedDataDefinition<typeof types, "CredentialGrant">): Promise<Hex>;
}

export interface SignCredentialGrantParameters {
  /** Address of `CredentialRegistry`. */
  readonly address: Address;
  readonly chainId: number;
  readonly grant: CredentialGrant;
}

export type SignCredentialGrantReturnType = Hex;

export type SignCredentialGrantErrorType = PublicaError;

/** Signs a grant for anyone to relay with `relayCredentialGrant`; sends nothing. */
export function signCredentialGrant(
  signer: GrantSigner,
  parameters: SignCredentialGrantParameters,
): Promise<SignCredentialGrantReturnType> {
  return decoded(async () => signer.signTypedData(credentialGrantTypedData(parameters, parameters.grant)));
}
