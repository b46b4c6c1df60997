import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, bytes32, check } from "./input.ts";

export interface PayDisputeBondParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly dispute: Hex;
}

const shape = { forum: address, dispute: bytes32 };

export type PayDisputeBondReturnType = Hash;
export type PayDisputeBondErrorType = PublicaError;

/** Pays the bond of a decided dispute to whom it belongs. */
export function payDisputeBond(
  client: WriteClient,
  parameters: PayDisputeBondParameters,
): Promise<PayDisputeBondReturnType> {
  return decoded(() => {
    check("payDisputeBond", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "payBond",
      args: [parameters.dispute],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
