import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { Approvals } from "./agreement.ts";
import { address, approvals, check, device } from "./input.ts";

export interface RetireDeviceParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
  readonly approvals: Approvals;
}

const shape = { register: address, device, approvals };

export type RetireDeviceReturnType = Hash;
export type RetireDeviceErrorType = PublicaError;

/** Takes a device out of service; two of three. */
export function retireDevice(client: WriteClient, parameters: RetireDeviceParameters): Promise<RetireDeviceReturnType> {
  return decoded(() => {
    check("retireDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "retire",
      args: [parameters.device, parameters.approvals],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
