import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, bytes32, check, uint256 } from "./input.ts";

export interface SweepFleetParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  /** See `sweepWord`. */
  readonly word: bigint;
  /** See `sweepRoot`. */
  readonly root: Hex;
}

const shape = { sweeps: address, word: uint256, root: bytes32 };

export type SweepFleetReturnType = Hash;
export type SweepFleetErrorType = PublicaError;

/** States how 256 devices are. */
export function sweepFleet(client: WriteClient, parameters: SweepFleetParameters): Promise<SweepFleetReturnType> {
  return decoded(() => {
    check("sweepFleet", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "sweep",
      args: [parameters.word, parameters.root],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
