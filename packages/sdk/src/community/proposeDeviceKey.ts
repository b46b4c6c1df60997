import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { Approvals } from "./agreement.ts";
import { address, approvals, bytes32, check, device, key } from "./input.ts";
import type { DeviceKey } from "./typedData.ts";

export interface ProposeDeviceKeyParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly device: number;
  readonly key: DeviceKey;
  /** The new key's own signature; see `proveKey`. */
  readonly a: Hex;
  readonly b: Hex;
  readonly approvals: Approvals;
}

const shape = { register: address, device, key, a: bytes32, b: bytes32, approvals };

export type ProposeDeviceKeyReturnType = Hash;
export type ProposeDeviceKeyErrorType = PublicaError;

/** Announces a new device key; it can take effect after three days. */
export function proposeDeviceKey(
  client: WriteClient,
  parameters: ProposeDeviceKeyParameters,
): Promise<ProposeDeviceKeyReturnType> {
  return decoded(() => {
    check("proposeDeviceKey", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "proposeKey",
      args: [parameters.device, parameters.key, parameters.a, parameters.b, parameters.approvals],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
