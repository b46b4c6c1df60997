import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

export interface SendHeartbeatParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export type SendHeartbeatReturnType = Hash;
export type SendHeartbeatErrorType = PublicaError;

/** The testator gives a sign of life; during a claim it is the veto. */
export function sendHeartbeat(
  client: WriteClient,
  parameters: SendHeartbeatParameters,
): Promise<SendHeartbeatReturnType> {
  const { registry, willId } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "heartbeat",
      args: [willId],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
