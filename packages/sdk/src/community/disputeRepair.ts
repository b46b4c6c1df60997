import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind, uint256 } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface DisputeRepairParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
  /** Wei; exactly the forum's disputeBond. */
  readonly bond: bigint;
}

const shape = { orders: address, device, kind, bond: uint256 };

export type DisputeRepairReturnType = Hash;
export type DisputeRepairErrorType = PublicaError;

/** Disputes a repair; a resident. */
export function disputeRepair(
  client: WriteClient,
  parameters: DisputeRepairParameters,
): Promise<DisputeRepairReturnType> {
  return decoded(() => {
    check("disputeRepair", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "dispute",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      value: parameters.bond,
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
