import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, bytes32, check } from "./input.ts";

export interface DrawPanelParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly dispute: Hex;
}

const shape = { forum: address, dispute: bytes32 };

export type DrawPanelReturnType = Hash;
export type DrawPanelErrorType = PublicaError;

/** Draws the panel of a dispute. */
export function drawPanel(client: WriteClient, parameters: DrawPanelParameters): Promise<DrawPanelReturnType> {
  return decoded(() => {
    check("drawPanel", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "drawPanel",
      args: [parameters.dispute],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
