import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { heirLossAbi } from "../generated/abi.ts";
import { manifestProof } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface ConfirmHeirLossParameters {
  readonly heirLoss: Address;
  readonly manifest: Manifest;
  /** Signatures by guardian's index. */
  readonly votes: ReadonlyMap<number, Hex>;
}

export type ConfirmHeirLossReturnType = Hash;
export type ConfirmHeirLossErrorType = PublicaError;

/** Guardians' votes (`HeirLost`) confirm the loss after the delay. */
export function confirmHeirLoss(
  client: WriteClient,
  parameters: ConfirmHeirLossParameters,
): Promise<ConfirmHeirLossReturnType> {
  const { heirLoss, manifest, votes } = parameters;
  return decoded(async () => {
    const wallets = manifest.guardians.map(({ wallet }) => wallet);
    const list = [...votes].sort(([a], [b]) => a - b).map(([guardian, signature]) => ({ guardian, signature }));
    return writeContract(client, {
      address: heirLoss,
      abi: heirLossAbi,
      functionName: "confirm",
      args: [manifest.willId, wallets, list, manifestProof(manifest, "guardians")],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
