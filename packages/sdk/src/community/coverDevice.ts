import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew, device } from "./input.ts";

export interface CoverDeviceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  readonly device: number;
}

const shape = { service: address, orders: address, crew, device };

export type CoverDeviceReturnType = Hash;
export type CoverDeviceErrorType = PublicaError;

/** Puts a device under the agreement; the owner of both. */
export function coverDevice(client: WriteClient, parameters: CoverDeviceParameters): Promise<CoverDeviceReturnType> {
  return decoded(() => {
    check("coverDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "cover",
      args: [parameters.orders, parameters.crew, parameters.device],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
