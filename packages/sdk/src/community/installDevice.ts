import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { equipmentRegisterAbi } from "../generated/abi.ts";
import type { Approvals } from "./agreement.ts";
import { address, approvals, bytes, bytes32, check, installation } from "./input.ts";
import type { Installation } from "./typedData.ts";

export interface InstallDeviceParameters {
  /** The EquipmentRegister contract. */
  readonly register: Address;
  readonly installation: Installation;
  /** The device's signature; see `proveKey`. */
  readonly a: Hex;
  readonly b: Hex;
  /** The manufacturer's signature over key, model and firmware. */
  readonly certificate: Hex;
  readonly approvals: Approvals;
}

const shape = { register: address, installation, a: bytes32, b: bytes32, certificate: bytes, approvals };

export type InstallDeviceReturnType = Hash;
export type InstallDeviceErrorType = PublicaError;

/** Installs a device that two of its three parties approved. */
export function installDevice(
  client: WriteClient,
  parameters: InstallDeviceParameters,
): Promise<InstallDeviceReturnType> {
  return decoded(() => {
    check("installDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.register,
      abi: equipmentRegisterAbi,
      functionName: "install",
      args: [parameters.installation, parameters.a, parameters.b, parameters.certificate, parameters.approvals],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
