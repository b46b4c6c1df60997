import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import { address, check, device } from "./input.ts";
import { type DeviceStatus, deviceStatuses } from "./types.ts";

export interface GetDeviceParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
}

const shape = { register: address, device };

export type GetDeviceReturnType = Awaited<ReturnType<typeof read>>;
export type GetDeviceErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetDeviceParameters) {
  check("getDevice", shape, parameters);
  const contract = { address: parameters.register, abi: equipmentRegisterAbi, args: [parameters.device] } as const;
  const state = await readContract(client, { ...contract, functionName: "stateOf" });
  const profile = await readContract(client, { ...contract, functionName: "profileOf" });
  const parties = await readContract(client, { ...contract, functionName: "partiesOf" });
  const sequence = await readContract(client, { ...contract, functionName: "sequenceOf" });
  return { ...state, status: deviceStatuses[state.status] as DeviceStatus, profile, parties, sequence };
}

/** A device: its state, profile, parties and the sequence of its next approval. */
export function getDevice(client: ReadClient, parameters: GetDeviceParameters): Promise<GetDeviceReturnType> {
  return decoded(() => read(client, parameters));
}
