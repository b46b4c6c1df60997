import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, reading } from "./input.ts";

export interface SubmitReadingParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly reading: SignedReading;
}

const shape = { register: address, reading };

export type SubmitReadingReturnType = Hash;
export type SubmitReadingErrorType = PublicaError;

/** Brings one signed reading to the register. */
export function submitReading(
  client: WriteClient,
  parameters: SubmitReadingParameters,
): Promise<SubmitReadingReturnType> {
  return decoded(() => {
    check("submitReading", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "record",
      args: [parameters.reading],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
