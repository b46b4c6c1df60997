import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { sensorFeedsAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { Report } from "./report.ts";

export interface SubmitReportParameters {
  /** Address of `SensorFeeds`. */
  readonly address: Address;
  readonly report: Report;
}

export type SubmitReportReturnType = Hash;

export type SubmitReportErrorType = PublicaError;

/** Posts a report made by `assembleReport`. Anyone may. */
export function submitReport(client: WriteClient, parameters: SubmitReportParameters): Promise<SubmitReportReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: sensorFeedsAbi,
      functionName: "submit",
      args: [parameters.report.feed, parameters.report.data],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
