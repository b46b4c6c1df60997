import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { reinsuranceTowerAbi } from "../generated/abi.ts";

export interface SetLayersParameters {
  /** The ReinsuranceTower. */
  readonly tower: Address;
  /** The pool whose losses the layers bear. */
  readonly cedent: Address;
  readonly layers: readonly {
    readonly pool: Address;
    readonly shareBps: number;
    readonly fromBps: number;
    readonly toBps: number;
    readonly premiumBps: number;
  }[];
}

export type SetLayersReturnType = Hash;
export type SetLayersErrorType = PublicaError;

/** Sets the layers behind a pool while it has no open series; for the holder of the role `layerSetter`. */
export function setLayers(client: WriteClient, parameters: SetLayersParameters): Promise<SetLayersReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.tower,
      abi: reinsuranceTowerAbi,
      functionName: "setLayers",
      args: [parameters.cedent, parameters.layers],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
