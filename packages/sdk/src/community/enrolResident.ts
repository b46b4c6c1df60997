import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, check } from "./input.ts";

export interface EnrolResidentParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  /** Owner of the devices. */
  readonly community: Address;
}

const shape = { forum: address, community: address };

export type EnrolResidentReturnType = Hash;
export type EnrolResidentErrorType = PublicaError;

/** Enters the caller on the roll of a community. */
export function enrolResident(
  client: WriteClient,
  parameters: EnrolResidentParameters,
): Promise<EnrolResidentReturnType> {
  return decoded(() => {
    check("enrolResident", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "enrol",
      args: [parameters.community],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
