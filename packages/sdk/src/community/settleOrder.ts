import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface SettleOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type SettleOrderReturnType = Hash;
export type SettleOrderErrorType = PublicaError;

/** Closes a restored order and moves the money. */
export function settleOrder(client: WriteClient, parameters: SettleOrderParameters): Promise<SettleOrderReturnType> {
  return decoded(() => {
    check("settleOrder", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "settle",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
