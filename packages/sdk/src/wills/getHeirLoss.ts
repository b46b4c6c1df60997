import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { heirLossAbi } from "../generated/abi.ts";
import { indices } from "./getWill.ts";

export interface HeirLossState {
  readonly heir: number;
  /** Unix seconds from when guardians may confirm. */
  readonly confirmAt: number;
  readonly confirmed: boolean;
  /** Guardians who published their share of the escrow key. */
  readonly published: readonly number[];
}

export interface GetHeirLossParameters {
  readonly heirLoss: Address;
  readonly willId: Hex;
}

export type GetHeirLossReturnType = HeirLossState;
export type GetHeirLossErrorType = PublicaError;

/** The procedure about a lost heir of the current version; `heir` 0 when there is none. */
export function getHeirLoss(
  client: ReadClient,
  { heirLoss, willId }: GetHeirLossParameters,
): Promise<GetHeirLossReturnType> {
  return decoded(async () => {
    const args = [willId] as const;
    const found = await readContract(client, { address: heirLoss, abi: heirLossAbi, functionName: "lossOf", args });
    const [heir, confirmAt, confirmed, published] = found;
    return { heir, confirmAt, confirmed, published: indices(published) };
  });
}
