import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, check } from "./input.ts";

export interface StrikeResidentParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly community: Address;
  readonly resident: Address;
}

const shape = { forum: address, community: address, resident: address };

export type StrikeResidentReturnType = Hash;
export type StrikeResidentErrorType = PublicaError;

/** Takes an account whose credential has ended off the roll. */
export function strikeResident(
  client: WriteClient,
  parameters: StrikeResidentParameters,
): Promise<StrikeResidentReturnType> {
  return decoded(() => {
    check("strikeResident", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "strike",
      args: [parameters.community, parameters.resident],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
