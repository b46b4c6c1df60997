import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface InspectRepairParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type InspectRepairReturnType = Hash;
export type InspectRepairErrorType = PublicaError;

/** Hands a restored order that the lot chose to a panel of residents; nobody needs a bond. */
export function inspectRepair(
  client: WriteClient,
  parameters: InspectRepairParameters,
): Promise<InspectRepairReturnType> {
  return decoded(() => {
    check("inspectRepair", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "inspect",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
