import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, crew } from "./input.ts";

export interface AddCrewMemberParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly crew: number;
  readonly member: Address;
}

const shape = { orders: address, crew, member: address };

export type AddCrewMemberReturnType = Hash;
export type AddCrewMemberErrorType = PublicaError;

/** Seats a technician; the principal. */
export function addCrewMember(
  client: WriteClient,
  parameters: AddCrewMemberParameters,
): Promise<AddCrewMemberReturnType> {
  return decoded(() => {
    check("addCrewMember", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "addMember",
      args: [parameters.crew, parameters.member],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
