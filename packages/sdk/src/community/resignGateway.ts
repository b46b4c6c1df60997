import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, check } from "./input.ts";

export interface ResignGatewayParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
}

const shape = { sweeps: address };

export type ResignGatewayReturnType = Hash;
export type ResignGatewayErrorType = PublicaError;

/** Stops serving; the bond is withdrawable after the exposure window. */
export function resignGateway(
  client: WriteClient,
  parameters: ResignGatewayParameters,
): Promise<ResignGatewayReturnType> {
  return decoded(() => {
    check("resignGateway", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "resign",
      args: [],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
