import { expect } from "chai";
import { decodeRevert } from "../../packages/sdk/src/foundation/index.ts";
import { NO_STEP, type Step } from "../../packages/sdk/src/energy/index.ts";

/** Demands that `action` fails with the contract's (or the SDK's) error `code` and, when given, these values. */
export async function refuses(
  action: Promise<unknown> | (() => unknown),
  code: string,
  values?: readonly unknown[],
): Promise<void> {
  let failure: unknown;
  try {
    await (typeof action === "function" ? action() : action);
  } catch (error) {
    failure = error;
  }
  expect(failure, `${code} expected, but nothing failed`).to.not.equal(undefined);
  const { code: got, values: offending, message } = decodeRevert(failure);
  expect(got, message).to.equal(code);
  if (values !== undefined) expect(offending.map(String)).to.deep.equal(values.map(String));
}

export const bid = (energyWh: number, tick: number): Step => ({ side: "bid", energyWh, tick });
export const offer = (energyWh: number, tick: number): Step => ({ side: "offer", energyWh, tick });

/** `count` steps, all empty but those given. */
export const steps = (count: number, some: Readonly<Record<number, Step>>): Step[] =>
  Array.from({ length: count }, (_, t) => some[t] ?? NO_STEP);
