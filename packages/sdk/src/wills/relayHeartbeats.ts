import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";

/** A sign of life as the testator signed it (`Beat`). */
export interface SignedBeat {
  readonly id: Hex;
  /** Unix seconds. */
  readonly beatAt: number;
  readonly signature: Hex;
}

export interface RelayHeartbeatsParameters {
  readonly registry: Address;
  readonly beats: readonly SignedBeat[];
}

export type RelayHeartbeatsReturnType = Hash;
export type RelayHeartbeatsErrorType = PublicaError;

/** Relays signs of life of many testators; those that do not fit are skipped. */
export function relayHeartbeats(
  client: WriteClient,
  parameters: RelayHeartbeatsParameters,
): Promise<RelayHeartbeatsReturnType> {
  const { registry, beats } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: registry,
      abi: willRegistryAbi,
      functionName: "heartbeats",
      args: [beats],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
