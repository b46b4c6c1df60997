import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface SetZoneCapParameters {
  readonly pool: Address;
  readonly zone: number;
  readonly capUnits: bigint;
}

export type SetZoneCapReturnType = Hash;
export type SetZoneCapErrorType = PublicaError;

/** Sets the most a pool may cover in one zone, in units. */
export function setZoneCap(client: WriteClient, parameters: SetZoneCapParameters): Promise<SetZoneCapReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "setZoneCap",
      args: [parameters.zone, parameters.capUnits],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
