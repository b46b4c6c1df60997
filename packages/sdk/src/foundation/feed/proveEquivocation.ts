import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { EquivocationProof } from "./equivocation.ts";

export interface ProveEquivocationParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly proof: EquivocationProof;
}

export type ProveEquivocationReturnType = Hash;

export type ProveEquivocationErrorType = PublicaError;

/** Ejects a sensor by evidence made by `equivocationProof`. Anyone may. */
export function proveEquivocation(
  client: WriteClient,
  parameters: ProveEquivocationParameters,
): Promise<ProveEquivocationReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "proveEquivocation",
      args: [
        parameters.proof.feed,
        parameters.proof.key,
        parameters.proof.round,
        parameters.proof.epoch,
        parameters.proof.first,
        parameters.proof.second,
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
