import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import { address, check, device } from "./input.ts";

export interface ApplyDeviceKeyParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
}

const shape = { register: address, device };

export type ApplyDeviceKeyReturnType = Hash;
export type ApplyDeviceKeyErrorType = PublicaError;

/** Makes an announced key the device's key once its delay is over. */
export function applyDeviceKey(
  client: WriteClient,
  parameters: ApplyDeviceKeyParameters,
): Promise<ApplyDeviceKeyReturnType> {
  return decoded(() => {
    check("applyDeviceKey", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "applyKey",
      args: [parameters.device],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
