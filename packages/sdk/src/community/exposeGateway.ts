import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import type { Sweep } from "./agreement.ts";
import type { SignedReading } from "./device.ts";
import { address, bytes32, check, run, sweeps } from "./input.ts";

export interface ExposeGatewayParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
  readonly gateway: Address;
  /** Consecutive readings. */
  readonly run: readonly SignedReading[];
  /** Head of the chain before the sweep in question. */
  readonly before: Hex;
  /** That sweep and all that followed, oldest first. */
  readonly history: readonly Sweep[];
}

const shape = { sweeps: address, gateway: address, run, before: bytes32, history: sweeps };

export type ExposeGatewayReturnType = Hash;
export type ExposeGatewayErrorType = PublicaError;

/** Proves that a gateway hid a fault and takes its bond. */
export function exposeGateway(
  client: WriteClient,
  parameters: ExposeGatewayParameters,
): Promise<ExposeGatewayReturnType> {
  return decoded(() => {
    check("exposeGateway", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "expose",
      args: [parameters.gateway, parameters.run, parameters.before, parameters.history],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
