import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, amount, check, crew, flag } from "./input.ts";

export interface FundServiceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  /** Base units. */
  readonly amount: bigint;
  /** Whether the agreement is in ETH. */
  readonly inEth: boolean;
}

const shape = { service: address, orders: address, crew, amount, inEth: flag };

export type FundServiceReturnType = Hash;
export type FundServiceErrorType = PublicaError;

/** Adds to the escrow. */
export function fundService(client: WriteClient, parameters: FundServiceParameters): Promise<FundServiceReturnType> {
  return decoded(() => {
    check("fundService", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "fund",
      args: [parameters.orders, parameters.crew, parameters.amount],
      value: parameters.inEth ? parameters.amount : 0n,
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
