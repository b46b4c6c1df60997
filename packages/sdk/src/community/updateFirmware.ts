import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import { address, bytes, bytes32, check, device, uint40 } from "./input.ts";

export interface UpdateFirmwareParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
  readonly firmware: Hex;
  readonly deadline: number;
  /** The manufacturer's. */
  readonly signature: Hex;
}

const shape = { register: address, device, firmware: bytes32, deadline: uint40, signature: bytes };

export type UpdateFirmwareReturnType = Hash;
export type UpdateFirmwareErrorType = PublicaError;

/** Approves new firmware of a device. */
export function updateFirmware(
  client: WriteClient,
  parameters: UpdateFirmwareParameters,
): Promise<UpdateFirmwareReturnType> {
  return decoded(() => {
    check("updateFirmware", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "updateFirmware",
      args: [parameters.device, parameters.firmware, parameters.deadline, parameters.signature],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
