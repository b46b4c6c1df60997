import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, crew, uint16, uint32, uint8 } from "./input.ts";

export interface SetAvailabilityParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly crew: number;
  readonly seat: number;
  /** See `periodOf`. */
  readonly period: number;
  /** Bit i: on duty in shift 16·period + i. */
  readonly shifts: number;
}

const shape = { orders: address, crew, seat: uint8, period: uint32, shifts: uint16 };

export type SetAvailabilityReturnType = Hash;
export type SetAvailabilityErrorType = PublicaError;

/** Says in which shifts the caller is on duty. */
export function setAvailability(
  client: WriteClient,
  parameters: SetAvailabilityParameters,
): Promise<SetAvailabilityReturnType> {
  return decoded(() => {
    check("setAvailability", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "setAvailability",
      args: [parameters.crew, parameters.seat, parameters.period, parameters.shifts],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
