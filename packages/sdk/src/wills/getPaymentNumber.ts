import type { Address } from "viem";
import { readContract } from "viem/actions";
import type { ReadClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { estateVaultAbi } from "../generated/abi.ts";

export interface GetPaymentNumberParameters {
  readonly vault: Address;
  readonly asset: Address;
}

export type GetPaymentNumberReturnType = number;
export type GetPaymentNumberErrorType = PublicaError;

/** The number the next executors' payment in an asset must be signed with. */
export function getPaymentNumber(
  client: ReadClient,
  { vault, asset }: GetPaymentNumberParameters,
): Promise<GetPaymentNumberReturnType> {
  return decoded(async () => {
    return readContract(client, { address: vault, abi: estateVaultAbi, functionName: "paymentNumber", args: [asset] });
  });
}
