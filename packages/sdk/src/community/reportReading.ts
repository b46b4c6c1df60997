import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { workOrdersAbi } from "../generated/abi.ts";
import type { SignedReading } from "./device.ts";
import { address, check, reading } from "./input.ts";

export interface ReportReadingParameters {
  /** The WorkOrders contract. */
  readonly orders: Address;
  readonly reading: SignedReading;
}

const shape = { orders: address, reading };

export type ReportReadingReturnType = Hash;
export type ReportReadingErrorType = PublicaError;

/** Brings a reading and opens an order when it confirms a fault. */
export function reportReading(
  client: WriteClient,
  parameters: ReportReadingParameters,
): Promise<ReportReadingReturnType> {
  return decoded(() => {
    check("reportReading", shape, parameters);
    return writeContract(client, {
      address: parameters.orders,
      abi: workOrdersAbi,
      functionName: "report",
      args: [parameters.reading],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
