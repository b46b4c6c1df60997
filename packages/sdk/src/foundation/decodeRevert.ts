import { type Abi, BaseError, decodeErrorResult } from "viem";
import { contractErrors } from "../generated/errors.ts";
import { PublicaError, revertData } from "./errors.ts";

const REVERTED_WITHOUT_REASON =
  "The contract reverted without a reason. Simulate the call with the same arguments to see where it stops.";

/**
 * Turns a failed call or transaction into a {@link PublicaError} that names the contract's custom error, its values
 * and the remedy. Errors that are not reverts (no connection, no funds) keep their own words.
 */
export function decodeRevert(error: unknown): PublicaError {
  if (error instanceof PublicaError) return error;
  const data = revertData(error);
  const entry = data === undefined ? undefined : contractErrors[data.slice(0, 10)];
  if (data !== undefined && entry !== undefined) {
    const name = entry.signature.slice(0, entry.signature.indexOf("("));
    const abi = [{ type: "error", name, inputs: entry.inputs }] as unknown as Abi;
    const values = (decodeErrorResult({ abi, data }).args ?? []) as readonly unknown[];
    const shown = entry.inputs.map((input, index) => `${input.name || index} = ${String(values[index])}`).join(", ");
    return new PublicaError(name, shown === "" ? entry.why : `${entry.why} (${shown})`, entry.remedy, values, error);
  }
  if (data !== undefined) {
    return new PublicaError(
      "SdkUnknownRevert",
      `The contract reverted with ${data}.`,
      "Decode the data with the ABI of the contract that was called.",
      [data],
      error,
    );
  }
  // viem's short message of a refused request says nothing; the node's own words, in `details`, do.
  const message =
    error instanceof BaseError
      ? error.details || error.shortMessage
      : error instanceof Error
        ? error.message
        : String(error);
  const reverted = /revert/i.test(message);
  return new PublicaError(
    reverted ? "SdkRevert" : "SdkRequestFailed",
    message,
    reverted ? REVERTED_WITHOUT_REASON : "Check the endpoint, the account and its balance.",
    [],
    error,
  );
}
