import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface OpenOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type OpenOrderReturnType = Hash;
export type OpenOrderErrorType = PublicaError;

/** Opens an order for a fault that is already known. */
export function openOrder(client: WriteClient, parameters: OpenOrderParameters): Promise<OpenOrderReturnType> {
  return decoded(() => {
    check("openOrder", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "open",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
