import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, amount, check, crew, flag } from "./input.ts";

export interface PostServiceBondParameters {
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

export type PostServiceBondReturnType = Hash;
export type PostServiceBondErrorType = PublicaError;

/** Adds to the contractor's bond. */
export function postServiceBond(
  client: WriteClient,
  parameters: PostServiceBondParameters,
): Promise<PostServiceBondReturnType> {
  return decoded(() => {
    check("postServiceBond", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "postBond",
      args: [parameters.orders, parameters.crew, parameters.amount],
      value: parameters.inEth ? parameters.amount : 0n,
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
