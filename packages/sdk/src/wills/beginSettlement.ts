import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { planArgument } from "./plan.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface BeginSettlementParameters {
  readonly vault: Address;
  readonly manifest: Manifest;
}

export type BeginSettlementReturnType = Hash;
export type BeginSettlementErrorType = PublicaError;

/** Begins the settlement by the plan of the released version. Anyone may. */
export function beginSettlement(
  client: WriteClient,
  parameters: BeginSettlementParameters,
): Promise<BeginSettlementReturnType> {
  const { vault, manifest } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "beginSettlement",
      args: [planArgument(manifest.plan, manifest.executors), manifestProof(manifest, "plan")],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
