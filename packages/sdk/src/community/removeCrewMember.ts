import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, crew, uint8 } from "./input.ts";

export interface RemoveCrewMemberParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly crew: number;
  readonly seat: number;
}

const shape = { orders: address, crew, seat: uint8 };

export type RemoveCrewMemberReturnType = Hash;
export type RemoveCrewMemberErrorType = PublicaError;

/** Frees a seat. */
export function removeCrewMember(
  client: WriteClient,
  parameters: RemoveCrewMemberParameters,
): Promise<RemoveCrewMemberReturnType> {
  return decoded(() => {
    check("removeCrewMember", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "removeMember",
      args: [parameters.crew, parameters.seat],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
