import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import { attestedFeedAbi } from "../../generated/abi.ts";
import type { WriteClient } from "../client.ts";
import { decoded, type PublicaError } from "../errors.ts";
import type { CommitteeReport } from "./report.ts";

export interface SubmitAttestationParameters {
  /** Address of `AttestedFeed`. */
  readonly address: Address;
  readonly report: CommitteeReport;
}

export type SubmitAttestationReturnType = Hash;

export type SubmitAttestationErrorType = PublicaError;

/** Posts a report made by `encodeAttestation` or `encodeEndorsements`. Anyone may. */
export function submitAttestation(
  client: WriteClient,
  parameters: SubmitAttestationParameters,
): Promise<SubmitAttestationReturnType> {
  return decoded(() =>
    writeContract(client, {
      address: parameters.address,
      abi: attestedFeedAbi,
      functionName: "submit",
      args: [parameters.report.feed, parameters.report.data],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
