import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew } from "./input.ts";

export interface GiveNoticeParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
}

const shape = { service: address, orders: address, crew };

export type GiveNoticeReturnType = Hash;
export type GiveNoticeErrorType = PublicaError;

/** Ends an agreement after its notice; owner or contractor. */
export function giveNotice(client: WriteClient, parameters: GiveNoticeParameters): Promise<GiveNoticeReturnType> {
  return decoded(() => {
    check("giveNotice", shape, parameters);
    return writeContract(client, {
      address: parameters.service,
      abi: serviceContractAbi,
      functionName: "giveNotice",
      args: [parameters.orders, parameters.crew],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
