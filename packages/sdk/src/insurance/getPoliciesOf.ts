import { type Address, isAddressEqual } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { policyBookAbi } from "../generated/abi.ts";
import { getPolicy, type GetPolicyReturnType } from "./getPolicy.ts";

export interface GetPoliciesOfParameters {
  readonly book: Address;
  readonly holder: Address;
  /** Where the search begins, such as the block of the deployment. */
  readonly fromBlock?: bigint;
}

export type GetPoliciesOfReturnType = readonly (GetPolicyReturnType & { readonly policyId: bigint })[];
export type GetPoliciesOfErrorType = PublicaError;

/** The policies an account holds now, settled ones too, by their ids: of those that were ever transferred to it or sold to it. */
export function getPoliciesOf(
  client: ReadClient,
  { book, holder, fromBlock }: GetPoliciesOfParameters,
): Promise<GetPoliciesOfReturnType> {
  return decoded(async () => {
    const received = await inRanges(client, fromBlock ?? 0n, (range) =>
      getContractEvents(client, {
        address: book,
        abi: policyBookAbi,
        eventName: "Transfer",
        args: { to: holder },
        strict: true,
        ...range,
      }),
    );
    const ids = [...new Set(received.map(({ args }) => args.id))].sort((a, b) => Number(a - b));
    const policies = await Promise.all(
      ids.map(async (policyId) => ({ policyId, ...(await getPolicy(client, { book, policyId })) })),
    );
    return policies.filter((policy) => isAddressEqual(policy.holder, holder));
  });
}
