import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { meterRegistryAbi } from "../generated/abi.ts";

export interface RegisterMeterParameters {
  /** The MeterRegistry. */
  readonly meters: Address;
  readonly account: number;
  /** Curve 0: secp256k1, 1: P-256 (see `p256PublicKey`). */
  readonly meter: {
    readonly curve: number;
    readonly class: number;
    readonly capWh: number;
    readonly x: Hex;
    readonly y: Hex;
  };
}

export type RegisterMeterReturnType = Hash;
export type RegisterMeterErrorType = PublicaError;

/** Registers a meter or exchanges its device; for the measurement body. */
export function registerMeter(
  client: WriteClient,
  parameters: RegisterMeterParameters,
): Promise<RegisterMeterReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.meters,
      abi: meterRegistryAbi,
      functionName: "register",
      args: [parameters.account, parameters.meter],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
