import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { underwritingPoolAbi } from "../generated/abi.ts";

export interface SetPoolCapParameters {
  readonly pool: Address;
  readonly capUnits: bigint;
}

export type SetPoolCapReturnType = Hash;
export type SetPoolCapErrorType = PublicaError;

/** Sets the most a pool may cover at once, in units. */
export function setPoolCap(client: WriteClient, parameters: SetPoolCapParameters): Promise<SetPoolCapReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.pool,
      abi: underwritingPoolAbi,
      functionName: "setPoolCap",
      args: [parameters.capUnits],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
