import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";

export interface UpdateFirmwareParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
  readonly firmware: Hex;
  readonly deadline: number;
  /** The manufacturer's. */
  readonly signature: Hex;
}

export type UpdateFirmwareReturnType = Hash;
export type UpdateFirmwareErrorType = PublicaError;

/** Approves new firmware of a device. */
export function updateFirmware(
  client: WriteClient,
  parameters: UpdateFirmwareParameters,
): Promise<UpdateFirmwareReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "updateFirmware",
      args: [parameters.device, parameters.firmware, parameters.deadline, parameters.signature],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
