import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { residentForumAbi } from "../generated/abi.ts";
import { address, check, device, subject } from "./input.ts";
import { type ResidentSubject, residentSubjects } from "./types.ts";

export interface SayAboutDeviceParameters {
  /** The ResidentForum contract. */
  readonly forum: Address;
  readonly device: number;
  readonly subject: ResidentSubject;
}

const shape = { forum: address, device, subject };

export type SayAboutDeviceReturnType = Hash;
export type SayAboutDeviceErrorType = PublicaError;

/** Says as a resident that a device is broken, or that it works again. */
export function sayAboutDevice(
  client: WriteClient,
  parameters: SayAboutDeviceParameters,
): Promise<SayAboutDeviceReturnType> {
  return decoded(() => {
    check("sayAboutDevice", shape, parameters);
    return writeContract(client, {
      address: parameters.forum,
      abi: residentForumAbi,
      functionName: "say",
      args: [parameters.device, residentSubjects.indexOf(parameters.subject)],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
