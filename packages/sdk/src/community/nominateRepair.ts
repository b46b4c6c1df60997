import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, check, device, kind } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface NominateRepairParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
}

const shape = { orders: address, device, kind };

export type NominateRepairReturnType = Hash;
export type NominateRepairErrorType = PublicaError;

/** Lets the lot decide whether a restored order is inspected. */
export function nominateRepair(
  client: WriteClient,
  parameters: NominateRepairParameters,
): Promise<NominateRepairReturnType> {
  return decoded(() => {
    check("nominateRepair", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "nominate",
      args: [parameters.device, faultKindIndex(parameters.kind)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
