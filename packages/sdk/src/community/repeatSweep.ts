import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, bytes32, check } from "./input.ts";

export interface RepeatSweepParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  /** See `sweepRoot`. */
  readonly root: Hex;
}

const shape = { sweeps: address, root: bytes32 };

export type RepeatSweepReturnType = Hash;
export type RepeatSweepErrorType = PublicaError;

/** States that nothing has changed since the last sweep. */
export function repeatSweep(client: WriteClient, parameters: RepeatSweepParameters): Promise<RepeatSweepReturnType> {
  return decoded(() => {
    check("repeatSweep", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "repeatSweep",
      args: [parameters.root],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
