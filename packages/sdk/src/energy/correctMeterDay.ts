import { type Address, type Hash, type Hex, keccak256 } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { meterRegistryAbi } from "../generated/abi.ts";
import { encodeMeterValues } from "./meters.ts";

export interface CorrectMeterDayParameters {
  /** The MeterRegistry. */
  readonly meters: Address;
  readonly account: number;
  /** Unix time / 86,400. */
  readonly day: number;
  /** What is right; the value that settles does not change. */
  readonly valuesWh: readonly number[];
  /** Digest of the report. */
  readonly reason: Hex;
}

export type CorrectMeterDayReturnType = Hash;
export type CorrectMeterDayErrorType = PublicaError;

/** Logs that a posted day was wrong; for the measurement body. */
export function correctMeterDay(
  client: WriteClient,
  parameters: CorrectMeterDayParameters,
): Promise<CorrectMeterDayReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.meters,
      abi: meterRegistryAbi,
      functionName: "correct",
      args: [parameters.account, parameters.day, keccak256(encodeMeterValues(parameters.valuesWh)), parameters.reason],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
