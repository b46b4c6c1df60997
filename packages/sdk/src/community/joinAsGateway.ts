import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, check, uint256 } from "./input.ts";

export interface JoinAsGatewayParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  /** Wei; exactly the contract's BOND. */
  readonly bond: bigint;
}

const shape = { sweeps: address, bond: uint256 };

export type JoinAsGatewayReturnType = Hash;
export type JoinAsGatewayErrorType = PublicaError;

/** Becomes a gateway with its bond. */
export function joinAsGateway(
  client: WriteClient,
  parameters: JoinAsGatewayParameters,
): Promise<JoinAsGatewayReturnType> {
  return decoded(() => {
    check("joinAsGateway", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "join",
      args: [],
      value: parameters.bond,
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
