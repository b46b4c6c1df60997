import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface GetEstateTimesParameters {
  readonly vault: Address;
}

export type GetEstateTimesReturnType = {
  readonly beganAt: number;
  readonly administrationEnd: number;
  readonly finalAt: number;
};
export type GetEstateTimesErrorType = PublicaError;

/** When the settlement began (0: not yet), when the administration ends, and the last deadline; unix seconds. */
export function getEstateTimes(
  client: ReadClient,
  { vault }: GetEstateTimesParameters,
): Promise<GetEstateTimesReturnType> {
  return decoded(async () => {
    const times = await readContract(client, { address: vault, abi: estateVaultAbi, functionName: "timesOf" });
    const [beganAt, administrationEnd, finalAt] = times;
    return { beganAt, administrationEnd, finalAt };
  });
}
