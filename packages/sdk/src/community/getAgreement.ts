import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew } from "./input.ts";

export interface GetAgreementParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
}

const shape = { service: address, orders: address, crew };

export type GetAgreementReturnType = Awaited<ReturnType<typeof read>>;
export type GetAgreementErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetAgreementParameters) {
  check("getAgreement", shape, parameters);
  return readContract(client, {
    address: parameters.service,
    abi: serviceContractAbi,
    functionName: "agreementOf",
    args: [parameters.orders, parameters.crew],
  });
}

/** An agreement: parties, terms and what it holds. */
export function getAgreement(client: ReadClient, parameters: GetAgreementParameters): Promise<GetAgreementReturnType> {
  return decoded(() => read(client, parameters));
}
