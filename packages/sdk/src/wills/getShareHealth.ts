import type { Address, Hex } from "viem";
import { getContractEvents } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { inRanges } from "../foundation/eventRanges.ts";
import { willEvidenceAbi } from "../generated/abi.ts";

export interface GetShareHealthParameters {
  readonly evidence: Address;
  readonly willId: Hex;
  readonly version: number;
  /** Where the search begins, such as the block of a year ago. */
  readonly fromBlock?: bigint;
}

/** When a share last proved that it is still there: unix seconds by the holder's index. */
export interface GetShareHealthReturnType {
  readonly heirs: ReadonlyMap<number, number>;
  readonly guardians: ReadonlyMap<number, number>;
}

export type GetShareHealthErrorType = PublicaError;

/** The newest health check of each share of a version, from the events. */
export function getShareHealth(
  client: ReadClient,
  { evidence, willId, version, fromBlock }: GetShareHealthParameters,
): Promise<GetShareHealthReturnType> {
  const filter = { address: evidence, abi: willEvidenceAbi, args: { id: willId, version }, strict: true } as const;
  return decoded(async () => {
    const [heirs, guardians] = await Promise.all([
      inRanges(client, fromBlock ?? 0n, (range) =>
        getContractEvents(client, { ...filter, eventName: "HeirShareHealthy", ...range }),
      ),
      inRanges(client, fromBlock ?? 0n, (range) =>
        getContractEvents(client, { ...filter, eventName: "GuardianShareHealthy", ...range }),
      ),
    ]);
    return {
      heirs: newest(heirs.map(({ args }) => [args.heir, args.checkedAt])),
      guardians: newest(guardians.map(({ args }) => [args.guardian, args.checkedAt])),
    };
  });
}

/** Checks may be relayed in another order than they were signed in. */
function newest(checks: readonly (readonly [index: number, checkedAt: number])[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [index, checkedAt] of checks) found.set(index, Math.max(checkedAt, found.get(index) ?? 0));
  return found;
}
