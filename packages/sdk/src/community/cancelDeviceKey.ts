import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import { address, check, device } from "./input.ts";

export interface CancelDeviceKeyParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
}

const shape = { register: address, device };

export type CancelDeviceKeyReturnType = Hash;
export type CancelDeviceKeyErrorType = PublicaError;

/** Withdraws an announced key; any one of the three parties. */
export function cancelDeviceKey(
  client: WriteClient,
  parameters: CancelDeviceKeyParameters,
): Promise<CancelDeviceKeyReturnType> {
  return decoded(() => {
    check("cancelDeviceKey", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "cancelKey",
      args: [parameters.device],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
