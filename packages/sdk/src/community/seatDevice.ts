import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, check, device, uint8 } from "./input.ts";

export interface SeatDeviceParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  readonly gateway: Address;
  /** 0 … 255. */
  readonly index: number;
  readonly device: number;
}

const shape = { sweeps: address, gateway: address, index: uint8, device };

export type SeatDeviceReturnType = Hash;
export type SeatDeviceErrorType = PublicaError;

/** Gives a device a seat at a gateway; the device's owner. */
export function seatDevice(client: WriteClient, parameters: SeatDeviceParameters): Promise<SeatDeviceReturnType> {
  return decoded(() => {
    check("seatDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "seat",
      args: [parameters.gateway, parameters.index, parameters.device],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
