import type { Address, Hash, Hex } from "viem";
import { writeContract } from "viem/actions";
import type { WriteClient } from "../foundation/client.ts";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { marketOperatorAbi } from "../generated/abi.ts";
import type { OmissionProof, Receipt } from "./operator.ts";

export interface ProveOmissionParameters {
  /** The MarketOperator contract. */
  readonly operator: Address;
  readonly receipt: Receipt;
  /** The operator's, of the receipt. */
  readonly signature: Hex;
  /** What `omissionProof` gave. */
  readonly proof: OmissionProof;
}

export type ProveOmissionReturnType = Hash;
export type ProveOmissionErrorType = PublicaError;

/** Proves that an order with a receipt is not in the committed book: the account's owner is paid. Anyone may call. */
export function proveOmission(
  client: WriteClient,
  parameters: ProveOmissionParameters,
): Promise<ProveOmissionReturnType> {
  const { proof } = parameters;
  return decoded(() =>
    writeContract(client, {
      address: parameters.operator,
      abi: marketOperatorAbi,
      functionName: "proveOmission",
      args: [parameters.receipt, parameters.signature, proof.groups, proof.index, proof.leaves, proof.nextLeaves],
      account: client.account,
      chain: client.chain ?? null,
    }),
  );
}
