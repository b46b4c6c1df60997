import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew } from "./input.ts";

export interface PayRetainerParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
}

const shape = { service: address, orders: address, crew };

export type PayRetainerReturnType = Hash;
export type PayRetainerErrorType = PublicaError;

/** Pays the retainer of all whole periods. */
export function payRetainer(client: WriteClient, parameters: PayRetainerParameters): Promise<PayRetainerReturnType> {
  return decoded(() => {
    check("payRetainer", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "payRetainer",
      args: [parameters.orders, parameters.crew],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
