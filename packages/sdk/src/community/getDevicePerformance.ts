import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";
import { address, check, crew, device } from "./input.ts";

export interface GetDevicePerformanceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  readonly device: number;
}

const shape = { service: address, orders: address, crew, device };

export type GetDevicePerformanceReturnType = Awaited<ReturnType<typeof read>>;
export type GetDevicePerformanceErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetDevicePerformanceParameters) {
  check("getDevicePerformance", shape, parameters);
  const contract = {
    address: parameters.service,
    abi: serviceContractAbi,
    args: [parameters.orders, parameters.crew, parameters.device],
  } as const;
  const record = await readContract(client, { ...contract, functionName: "recordOf" });
  const [mttr, mtbf, availabilityBp] = await readContract(client, { ...contract, functionName: "performanceOf" });
  return { ...record, mttrSeconds: Number(mttr), mtbfSeconds: Number(mtbf), availabilityBp: Number(availabilityBp) };
}

/** Running sums, mean times and availability of a device. */
export function getDevicePerformance(
  client: ReadClient,
  parameters: GetDevicePerformanceParameters,
): Promise<GetDevicePerformanceReturnType> {
  return decoded(() => read(client, parameters));
}
