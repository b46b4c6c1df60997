import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, device, kind, run, runOrNone } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface SelfClearOrderParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
  /** Consecutive readings. */
  readonly run: readonly SignedReading[];
  /** Of the partner of a critical device; empty otherwise. */
  readonly partnerRun?: readonly SignedReading[];
}

const shape = { orders: address, device, kind, run, partnerRun: runOrNone };

export type SelfClearOrderReturnType = Hash;
export type SelfClearOrderErrorType = PublicaError;

/** Ends an order whose fault went away before work began. */
export function selfClearOrder(
  client: WriteClient,
  parameters: SelfClearOrderParameters,
): Promise<SelfClearOrderReturnType> {
  return decoded(() => {
    check("selfClearOrder", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "selfClear",
      args: [parameters.device, faultKindIndex(parameters.kind), parameters.run, parameters.partnerRun ?? []],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
