import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";
import { executorSignatures } from "./executorSignatures.ts";
import type { Manifest } from "./types.ts";

export interface AssentToPayoutParameters {
  readonly vault: Address;
  readonly manifest: Manifest;
  readonly deadline: bigint;
  readonly signatures: ReadonlyMap<number, Hex>;
}

export type AssentToPayoutReturnType = Hash;
export type AssentToPayoutErrorType = PublicaError;

/** k executors (`Assent`) end the administration early: heirs are paid from now on. */
export function assentToPayout(
  client: WriteClient,
  parameters: AssentToPayoutParameters,
): Promise<AssentToPayoutReturnType> {
  const { vault, manifest, deadline, signatures } = parameters;
  return decoded(async () => {
    const [indices, list] = executorSignatures(signatures);
    return writeContract(client, {
      address: vault,
      abi: estateVaultAbi,
      functionName: "assent",
      args: [deadline, manifest.executors, indices, list],
      account: client.account,
      chain: client.chain ?? null,
    });
  });
}
