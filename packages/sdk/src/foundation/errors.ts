import { type Abi, BaseError, ContractFunctionRevertedError, decodeErrorResult, type Hex } from "viem";
import { contractErrors } from "../generated/errors.ts";

/** Every error of this package: what happened, with which values, and what to do about it. */
export class PublicaError extends Error {
  override readonly name: string = "PublicaError";
  /** Stable identifier: a contract's custom error (`FeedReportStale`) or an SDK code (`SdkInvalidInput`). */
  readonly code: string;
  /** What the caller can do about it. */
  readonly remedy: string;
  /** The offending values. */
  readonly values: readonly unknown[];

  constructor(code: string, message: string, remedy: string, values: readonly unknown[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.values = values;
  }
}

/** What the generated table knows of a custom error. */
export interface ContractErrorEntry {
  readonly signature: string;
  readonly why: string;
  readonly remedy: string;
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
}

const REVERTED_WITHOUT_REASON =
  "The contract reverted without a reason. Simulate the call with the same arguments to see where it stops.";

/** Finds the revert data inside whatever viem, ethers or a raw JSON-RPC client threw. */
export function revertData(error: unknown): Hex | undefined {
  const seen = new Set<unknown>();
  let queue: unknown[] = [error];
  while (queue.length > 0) {
    const next: unknown[] = [];
    for (const item of queue) {
      if (typeof item !== "object" || item === null || seen.has(item)) continue;
      seen.add(item);
      if (item instanceof ContractFunctionRevertedError && item.raw !== undefined) return item.raw;
      const { data, cause, error: inner, info } = item as Record<string, unknown>;
      if (typeof data === "string" && /^0x[0-9a-f]{8,}$/i.test(data)) return data as Hex;
      next.push(cause, inner, info, data);
    }
    queue = next;
  }
  return undefined;
}

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

/** Runs `action` and throws what {@link decodeRevert} makes of its failure. */
export async function decoded<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw decodeRevert(error);
  }
}
