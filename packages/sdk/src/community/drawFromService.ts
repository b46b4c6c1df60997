import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew } from "./input.ts";

export interface DrawFromServiceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
}

const shape = { service: address, orders: address, crew };

export type DrawFromServiceReturnType = Hash;
export type DrawFromServiceErrorType = PublicaError;

/** Draws what is due to the caller. */
export function drawFromService(
  client: WriteClient,
  parameters: DrawFromServiceParameters,
): Promise<DrawFromServiceReturnType> {
  return decoded(() => {
    check("drawFromService", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "draw",
      args: [parameters.orders, parameters.crew],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
