import { PublicaError } from "../foundation/errors.ts";
import { contractErrors } from "../generated/errors.ts";

/** The error the contract would revert with, under its name and with its remedy, before anything is sent. */
export function energyError(name: string, ...values: readonly (number | bigint | string)[]): PublicaError {
  const entry = Object.values(contractErrors).find(({ signature }) => signature.startsWith(`${name}(`));
  const shown = (entry?.inputs ?? []).map((input, index) => `${input.name || index} = ${String(values[index])}`);
  const why = entry?.why ?? name;
  return new PublicaError(
    name,
    shown.length === 0 ? why : `${why} (${shown.join(", ")})`,
    entry?.remedy ?? "Run `npm run build` so that the table of remedies exists.",
    values.map((value) => (typeof value === "string" ? value : BigInt(value))),
  );
}

/** What the SDK itself refuses: `code` begins with `Sdk`. */
export function invalidInput(message: string, remedy: string, ...values: readonly unknown[]): PublicaError {
  return new PublicaError("SdkInvalidInput", message, remedy, values);
}
