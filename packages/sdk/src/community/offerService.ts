import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import type { ServiceTerms } from "./agreement.ts";
import { address, check, crew, serviceTerms } from "./input.ts";

export interface OfferServiceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  readonly owner: Address;
  readonly terms: ServiceTerms;
}

const shape = { service: address, orders: address, crew, owner: address, terms: serviceTerms };

export type OfferServiceReturnType = Hash;
export type OfferServiceErrorType = PublicaError;

/** Offers terms to an owner; the crew's principal. */
export function offerService(client: WriteClient, parameters: OfferServiceParameters): Promise<OfferServiceReturnType> {
  return decoded(() => {
    check("offerService", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "offer",
      args: [parameters.orders, parameters.crew, parameters.owner, parameters.terms],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
