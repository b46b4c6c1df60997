import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { meterRegistryAbi } from "../generated/abi.ts";
import { encodeMeterValues, type MeterDay, type MeterSignature } from "./meters.ts";

export interface PostMeterDayParameters {
  /** The MeterRegistry. */
  readonly meters: Address;
  readonly day: MeterDay;
  readonly signature: MeterSignature;
}

export type PostMeterDayReturnType = Hash;
export type PostMeterDayErrorType = PublicaError;

/** Posts a day of 96 values that the meter signed. Anyone may carry it. */
export function postMeterDay(client: WriteClient, parameters: PostMeterDayParameters): Promise<PostMeterDayReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.meters,
      abi: meterRegistryAbi,
      functionName: "post",
      args: [
        parameters.day.account,
        parameters.day.day,
        encodeMeterValues(parameters.day.valuesWh),
        parameters.signature.a,
        parameters.signature.b,
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
