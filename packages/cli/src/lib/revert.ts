import { decodeRevert } from "@publica/sdk";
import { decodeErrorResult, type Hex } from "viem";

/** Why a call failed, for people. */
export interface RevertReport {
  /** The custom error's name, `Error`, `Panic` or `SdkUnknownRevert`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly values: readonly string[];
  readonly data: Hex;
}

const PANICS: Readonly<Record<number, string>> = {
  1: "an assertion failed",
  17: "an integer overflowed or underflowed",
  18: "division by zero",
  33: "a value does not fit its enum",
  34: "a storage array is encoded wrongly",
  49: "pop on an empty array",
  50: "an array index is out of bounds",
  65: "too much memory was asked for",
  81: "a function variable was never set",
};

/** Decodes revert data: custom errors of the suite, Solidity's own, or raw. */
export function explainRevert(data: Hex): RevertReport {
  if (data === "0x") {
    return {
      code: "SdkRevert",
      message: "The call reverted without data: no contract there, out of gas, or a bare require.",
      remedy: "Check the address and the gas limit.",
      values: [],
      data,
    };
  }
  const selector = data.slice(0, 10);
  if (selector === "0x08c379a0" || selector === "0x4e487b71") {
    const { errorName, args } = decodeErrorResult({ data });
    const [value] = args ?? [];
    const isPanic = errorName === "Panic";
    return {
      code: errorName,
      message: isPanic ? `Panic ${String(value)}: ${PANICS[Number(value)] ?? "unknown code"}.` : String(value),
      remedy: isPanic
        ? "The contract met a case it excludes; check the arguments and report it if they are sound."
        : "The words are the called contract's own; look there.",
      values: [String(value)],
      data,
    };
  }
  const { code, message, remedy, values } = decodeRevert({ data });
  return { code, message, remedy, values: values.map(String), data };
}
