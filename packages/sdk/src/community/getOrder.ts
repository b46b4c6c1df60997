import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex, type OrderState, orderStates } from "./types.ts";

export interface GetOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type GetOrderReturnType = Awaited<ReturnType<typeof read>>;
export type GetOrderErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetOrderParameters) {
  check("getOrder", shape, parameters);
  const contract = {
    address: parameters.orders,
    abi: workOrdersAbi,
    args: [parameters.device, faultKindIndex(parameters.kind)],
  } as const;
  const order = await readContract(client, { ...contract, functionName: "orderOf" });
  const dueAt = await readContract(client, { ...contract, functionName: "dueAt" });
  const isFinal = await readContract(client, { ...contract, functionName: "isFinal" });
  return { ...order, state: orderStates[order.state] as OrderState, dueAt, isFinal };
}

/** The present or last order of a device and kind. */
export function getOrder(client: ReadClient, parameters: GetOrderParameters): Promise<GetOrderReturnType> {
  return decoded(() => read(client, parameters));
}
