import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { executorSignatures } from "./executorSignatures.ts";
import type { Manifest } from "./types.ts";

export interface EstatePayment {
  /** False for a debt, true for a fee. */
  readonly fee: boolean;
  readonly asset: Address;
  readonly to: Address;
  readonly amount: bigint;
  /** Salted hash of the invoice. */
  readonly invoice: Hex;
  readonly deadline: bigint;
}

export interface ReleasePaymentParameters {
  readonly vault: Address;
  readonly manifest: Manifest;
  readonly payment: EstatePayment;
  /** By the executor's position in the manifest, from 0. */
  readonly signatures: ReadonlyMap<number, Hex>;
}

export type ReleasePaymentReturnType = Hash;
export type ReleasePaymentErrorType = PublicaError;

/** Pays a debt or a fee on k executors' signatures (`Payment`), in one transaction. */
export function releasePayment(
  client: WriteClient,
  parameters: ReleasePaymentParameters,
): Promise<ReleasePaymentReturnType> {
  const { vault, manifest, payment, signatures } = parameters;
  return decoded(async () => {
    const [indices, list] = executorSignatures(signatures);
    return writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "release",
      args: [payment, manifest.executors, indices, list],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
