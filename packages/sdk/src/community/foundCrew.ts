import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import type { CrewTerms } from "./agreement.ts";
import { address, check, crewTerms, uint24 } from "./input.ts";

export interface FoundCrewParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly lead: Address;
  readonly backup: Address;
  /** Seconds. */
  readonly shiftLength: number;
  readonly terms: CrewTerms;
}

const shape = { orders: address, lead: address, backup: address, shiftLength: uint24, terms: crewTerms };

export type FoundCrewReturnType = Hash;
export type FoundCrewErrorType = PublicaError;

/** Founds a crew; the caller is its principal. */
export function foundCrew(client: WriteClient, parameters: FoundCrewParameters): Promise<FoundCrewReturnType> {
  return decoded(() => {
    check("foundCrew", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "foundCrew",
      args: [parameters.lead, parameters.backup, parameters.shiftLength, parameters.terms],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
