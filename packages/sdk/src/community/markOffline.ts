import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import { address, check, device } from "./input.ts";

export interface MarkOfflineParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
}

const shape = { register: address, device };

export type MarkOfflineReturnType = Hash;
export type MarkOfflineErrorType = PublicaError;

/** Notes that a device has been silent for longer than its heartbeat gap. */
export function markOffline(client: WriteClient, parameters: MarkOfflineParameters): Promise<MarkOfflineReturnType> {
  return decoded(() => {
    check("markOffline", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "markOffline",
      args: [parameters.device],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
