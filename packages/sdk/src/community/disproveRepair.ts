import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, device, kind, run } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface DisproveRepairParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
  /** Consecutive readings. */
  readonly run: readonly SignedReading[];
}

const shape = { orders: address, device, kind, run };

export type DisproveRepairReturnType = Hash;
export type DisproveRepairErrorType = PublicaError;

/** Refutes a claimed repair by a reading outside the limits. */
export function disproveRepair(
  client: WriteClient,
  parameters: DisproveRepairParameters,
): Promise<DisproveRepairReturnType> {
  return decoded(() => {
    check("disproveRepair", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "disprove",
      args: [parameters.device, faultKindIndex(parameters.kind), parameters.run],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
