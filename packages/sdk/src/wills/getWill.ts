import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { willRegistryAbi } from "../generated/abi.ts";
import type { WillTerms } from "./types.ts";

/** Where a will stands, by the registry's numbers. */
export const WILL_STATES = [
  "none",
  "sealed",
  "active",
  "claimed",
  "released",
  "opened",
  "executed",
  "lapsed",
  "revoked",
] as const;
export type WillState = (typeof WILL_STATES)[number];

export interface GetWillParameters {
  readonly registry: Address;
  readonly willId: Hex;
}

export interface GetWillReturnType {
  readonly state: WillState;
  /** 0 when there is none, or it was revoked. */
  readonly version: number;
  readonly manifestRoot: Hex;
  readonly terms: WillTerms;
  /** Unix seconds. */
  readonly lastBeat: number;
  /** Unix seconds; 0 without a claim. */
  readonly windowEnd: number;
  /** Indices of heirs who accepted, guardians whose share leaked, guardians who published. */
  readonly accepted: readonly number[];
  readonly leaked: readonly number[];
  readonly published: readonly number[];
  /** How many claims there were; a pending one has this number. */
  readonly claims: number;
}

export type GetWillErrorType = PublicaError;

/** All the registry knows of a will. */
export function getWill(client: ReadClient, { registry, willId }: GetWillParameters): Promise<GetWillReturnType> {
  const call = { address: registry, abi: willRegistryAbi, args: [willId] } as const;
  return decoded(async () => {
    const [state, [version, manifestRoot], terms, [lastBeat, windowEnd], progress] = await Promise.all([
      readContract(client, { ...call, functionName: "stateOf" }),
      readContract(client, { ...call, functionName: "versionOf" }),
      readContract(client, { ...call, functionName: "termsOf" }),
      readContract(client, { ...call, functionName: "clockOf" }),
      readContract(client, { ...call, functionName: "progressOf" }),
    ]);
    const [accepted, leaked, published, claims] = progress;
    return {
      state: WILL_STATES[state] ?? "none",
      version,
      manifestRoot,
      terms,
      lastBeat,
      windowEnd,
      accepted: indices(accepted),
      leaked: indices(leaked),
      published: indices(published),
      claims,
    };
  });
}

/** The positions of the ones in a bitmap, from 1. */
export function indices(bitmap: number): number[] {
  return Array.from({ length: 16 }, (_, at) => at + 1).filter((index) => (bitmap >> (index - 1)) & 1);
}
