import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import { address, bytes32, check, device, kind, uint24 } from "./input.ts";
import { type FaultKind, faultKindIndex } from "./types.ts";

export interface ClaimFixedParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly device: number;
  readonly kind: FaultKind;
  /** Failure class, mode and cause, one byte each. */
  readonly code: number;
  readonly evidenceRoot: Hex;
}

const shape = { orders: address, device, kind, code: uint24, evidenceRoot: bytes32 };

export type ClaimFixedReturnType = Hash;
export type ClaimFixedErrorType = PublicaError;

/** Claims that a device is repaired; the assignee. */
export function claimFixed(client: WriteClient, parameters: ClaimFixedParameters): Promise<ClaimFixedReturnType> {
  return decoded(() => {
    check("claimFixed", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "claimRepaired",
      args: [parameters.device, faultKindIndex(parameters.kind), parameters.code, parameters.evidenceRoot],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
