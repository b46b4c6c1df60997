import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, run } from "./input.ts";

export interface SubmitReadingsParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly readings: readonly SignedReading[];
}

const shape = { register: address, readings: run };

export type SubmitReadingsReturnType = Hash;
export type SubmitReadingsErrorType = PublicaError;

/** Brings many signed readings; bad ones are passed over. */
export function submitReadings(
  client: WriteClient,
  parameters: SubmitReadingsParameters,
): Promise<SubmitReadingsReturnType> {
  return decoded(() => {
    check("submitReadings", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "submitBatch",
      args: [parameters.readings],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
