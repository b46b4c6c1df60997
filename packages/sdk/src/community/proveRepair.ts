import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, device, kind, run, runOrNone } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface ProveRepairParameters {
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

export type ProveRepairReturnType = Hash;
export type ProveRepairErrorType = PublicaError;

/** Proves a repair by the device's own readings. */
export function proveRepair(client: WriteClient, parameters: ProveRepairParameters): Promise<ProveRepairReturnType> {
  return decoded(() => {
    check("proveRepair", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "proveRepair",
      args: [parameters.device, faultKindIndex(parameters.kind), parameters.run, parameters.partnerRun ?? []],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
