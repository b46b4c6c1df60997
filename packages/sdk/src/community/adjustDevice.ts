import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { Approvals } from "./agreement.ts";
import { address, approvals, check, device, profile } from "./input.ts";
import type { DeviceProfile } from "./typedData.ts";

export interface AdjustDeviceParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
  readonly profile: DeviceProfile;
  readonly approvals: Approvals;
}

const shape = { register: address, device, profile, approvals };

export type AdjustDeviceReturnType = Hash;
export type AdjustDeviceErrorType = PublicaError;

/** Changes limits, crew and partner of a device; two of three. */
export function adjustDevice(client: WriteClient, parameters: AdjustDeviceParameters): Promise<AdjustDeviceReturnType> {
  return decoded(() => {
    check("adjustDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "adjust",
      args: [parameters.device, parameters.profile, parameters.approvals],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
