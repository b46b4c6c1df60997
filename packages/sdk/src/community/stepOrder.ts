import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { type OrderStep, orderStepFunctions } from "./agreement.ts";
import { address, check, device, kind, step } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface StepOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
  readonly step: OrderStep;
}

const shape = { orders: address, device, kind, step };

export type StepOrderReturnType = Hash;
export type StepOrderErrorType = PublicaError;

/** Takes one step of an order as its assignee: accept, decline, arrive, start, hold or resume. */
export function stepOrder(client: WriteClient, parameters: StepOrderParameters): Promise<StepOrderReturnType> {
  return decoded(() => {
    check("stepOrder", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: orderStepFunctions[parameters.step],
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
