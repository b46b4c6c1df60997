import { ContractFunctionRevertedError, type Hex } from "viem";

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
 * Runs `action` and throws what `decodeRevert` makes of its failure. The table of errors is loaded only then, so that a
 * page does not pay for it before something fails.
 */
export async function decoded<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof PublicaError) throw error;
    const { decodeRevert } = await import("./decodeRevert.ts");
    throw decodeRevert(error);
  }
}
