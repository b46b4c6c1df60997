import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface EscalateOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type EscalateOrderReturnType = Hash;
export type EscalateOrderErrorType = PublicaError;

/** Does what the clock says about an order. */
export function escalateOrder(
  client: WriteClient,
  parameters: EscalateOrderParameters,
): Promise<EscalateOrderReturnType> {
  return decoded(() => {
    check("escalateOrder", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "escalate",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
