import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { type ServiceTerms, serviceTermsHash } from "./agreement.ts";
import { address, check, crew, serviceTerms } from "./input.ts";

export interface AcceptServiceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  /** Exactly the terms offered. */
  readonly terms: ServiceTerms;
}

const shape = { service: address, orders: address, crew, terms: serviceTerms };

export type AcceptServiceReturnType = Hash;
export type AcceptServiceErrorType = PublicaError;

/** Accepts the terms offered; the owner. */
export function acceptService(
  client: WriteClient,
  parameters: AcceptServiceParameters,
): Promise<AcceptServiceReturnType> {
  return decoded(() => {
    check("acceptService", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "accept",
      args: [parameters.orders, parameters.crew, serviceTermsHash(parameters.terms)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
