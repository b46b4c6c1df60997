import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { heirLossAbi } from "../generated/abi.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ProposeHeirLossParameters {
  readonly heirLoss: Address;
  readonly manifest: Manifest;
  /** 1, 2 … */
  readonly heir: number;
}

export type ProposeHeirLossReturnType = Hash;
export type ProposeHeirLossErrorType = PublicaError;

/** An executor proposes to treat an heir as lost; the heir has 60 days to object. */
export function proposeHeirLoss(
  client: WriteClient,
  parameters: ProposeHeirLossParameters,
): Promise<ProposeHeirLossReturnType> {
  const { heirLoss, manifest, heir } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: heirLoss,
      abi: heirLossAbi,
      functionName: "propose",
      args: [
        manifest.willId,
        heir,
        manifest.executors,
        manifest.plan.executorThreshold,
        manifestProof(manifest, "executors"),
      ],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
