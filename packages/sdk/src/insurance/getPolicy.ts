import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { policyBookAbi, seriesRegistryAbi } from "../generated/abi.ts";
import { registryOf } from "./parts.ts";

export interface GetPolicyParameters {
  readonly book: Address;
  readonly policyId: bigint;
}

/** Amounts in base units of the asset. */
export interface GetPolicyReturnType {
  readonly series: bigint;
  readonly index: number;
  /** The zero address when the policy was cancelled or never sold. */
  readonly holder: Address;
  readonly sumInsured: bigint;
  readonly premium: bigint;
}

export type GetPolicyErrorType = PublicaError;

/** The id of the policy number `index` of a series. */
export function policyIdOf(series: bigint, index: number): bigint {
  return (series << 32n) | BigInt(index);
}

/** One policy. */
export function getPolicy(client: ReadClient, { book, policyId }: GetPolicyParameters): Promise<GetPolicyReturnType> {
  const series = policyId >> 32n;
  return decoded(async () => {
    const registry = await registryOf(client, book);
    const [policy, { unit }] = await Promise.all([
      readContract(client, { address: book, abi: policyBookAbi, functionName: "policyOf", args: [policyId] }),
      readContract(client, { address: registry, abi: seriesRegistryAbi, functionName: "seriesOf", args: [series] }),
    ]);
    return {
      series,
      index: Number(policyId & 0xffffffffn),
      holder: policy.holder,
      sumInsured: BigInt(policy.sumUnits) * unit,
      premium: BigInt(policy.premiumUnits) * unit,
    };
  });
}
