import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { gatewaySweepsAbi } from "../generated/abi.ts";
import { address, check } from "./input.ts";

export interface WithdrawGatewayBalanceParameters {
  /** The GatewaySweeps contract. */
  readonly sweeps: Address;
}

const shape = { sweeps: address };

export type WithdrawGatewayBalanceReturnType = Hash;
export type WithdrawGatewayBalanceErrorType = PublicaError;

/** Withdraws a bond or a reward. */
export function withdrawGatewayBalance(
  client: WriteClient,
  parameters: WithdrawGatewayBalanceParameters,
): Promise<WithdrawGatewayBalanceReturnType> {
  return decoded(() => {
    check("withdrawGatewayBalance", shape, parameters);
    return writeContract(client, {
      address: parameters.sweeps,
      abi: gatewaySweepsAbi,
      functionName: "withdraw",
      args: [],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
