import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { serviceContractAbi } from "../generated/abi.ts";

export interface GetDevicePerformanceParameters {
  /** The ServiceContract contract. */
  readonly service: Address;
  readonly orders: Address;
  readonly crew: number;
  readonly device: number;
}

export type GetDevicePerformanceReturnType = Awaited<ReturnType<typeof read>>;
export type GetDevicePerformanceErrorType = PublicaError;

async function read(client: ReadClient, parameters: GetDevicePerformanceParameters) {
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
