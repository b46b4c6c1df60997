import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, check, flag } from "./input.ts";

export interface ServeOwnerParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  readonly owner: Address;
  readonly served: boolean;
}

const shape = { sweeps: address, owner: address, served: flag };

export type ServeOwnerReturnType = Hash;
export type ServeOwnerErrorType = PublicaError;

/** Agrees as a gateway to carry an owner's devices, or ends it for further seats. */
export function serveOwner(client: WriteClient, parameters: ServeOwnerParameters): Promise<ServeOwnerReturnType> {
  return decoded(() => {
    check("serveOwner", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "serve",
      args: [parameters.owner, parameters.served],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
