import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { Report } from "../feed/report.ts";
import type { CommitteeReport } from "./report.ts";

export interface ProveContradictionParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  /** Version of the key set that signed. */
  readonly version: number;
  /** The committee's report, submitted or not. */
  readonly attestation: CommitteeReport;
  /** A report of the device feed for the same round. */
  readonly readings: Report;
}

export type ProveContradictionReturnType = Hash;

export type ProveContradictionErrorType = PublicaError;

/** Slashes everybody who signed a value that a quorum of devices contradicts. Anyone may. */
export function proveContradiction(
  client: WriteClient,
  parameters: ProveContradictionParameters,
): Promise<ProveContradictionReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "proveContradiction",
      args: [parameters.attestation.feed, parameters.version, parameters.attestation.data, parameters.readings.data],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
