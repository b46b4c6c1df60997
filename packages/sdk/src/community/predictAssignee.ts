import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, crew, rotaOrder, uint40 } from "./input.ts";
import { assign, periodOf, type RotaOrder, shiftAt } from "./rota.ts";

export interface PredictAssigneeParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly crew: number;
  readonly order: RotaOrder;
  /** Unix seconds. */
  readonly now: number;
}

const shape = { orders: address, crew, order: rotaOrder, now: uint40 };

export type PredictAssigneeReturnType = Awaited<ReturnType<typeof read>>;
export type PredictAssigneeErrorType = PublicaError;

async function read(client: ReadClient, parameters: PredictAssigneeParameters) {
  check("predictAssignee", shape, parameters);
  const contract = { address: parameters.orders, abi: workOrdersAbi } as const;
  const figures = await readContract(client, {
    ...contract,
    functionName: "figuresOf",
    args: [parameters.crew],
  });
  const availability = await readContract(client, {
    ...contract,
    functionName: "availabilityOf",
    args: [parameters.crew, periodOf(shiftAt(figures, parameters.now))],
  });
  return assign(figures, availability, parameters.order, parameters.now);
}

/** Whom WorkOrders would name for an order at `now`. */
export function predictAssignee(
  client: ReadClient,
  parameters: PredictAssigneeParameters,
): Promise<PredictAssigneeReturnType> {
  return decoded(() => read(client, parameters));
}
