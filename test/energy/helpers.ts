import { expect } from "chai";
import { type Address, concat, createClient, custom, type Hex, size, slice } from "viem";
import type { ReadClient } from "../../packages/sdk/src/foundation/client.ts";
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

interface Call {
  readonly to: Address;
  readonly data: Hex;
}

/**
 * Code of a creation that makes these calls one after the other: as a wallet that batches does, or `hidden`, with the halves
 * of their calldata in the wrong order.
 */
export function batchOf(calls: readonly Call[], hidden = false): Hex {
  const push2 = (value: number): Hex => `0x61${value.toString(16).padStart(4, "0")}`;
  const each = 62;
  let offset = each * calls.length + 1;
  const codes: Hex[] = [];
  const datas: Hex[] = [];
  for (const { to, data } of calls) {
    const [length, half] = [size(data), size(data) >> 1];
    const halves = [slice(data, 0, half), slice(data, half)] as const;
    const starts = hidden ? ([offset + length - half, offset] as const) : ([offset, offset + half] as const);
    const copies = ([0, 1] as const).map((i) =>
      concat([push2(size(halves[i])), push2(starts[i]), push2(half * i), "0x39"]),
    );
    // if iszero(call(gas, to, 0, 0, length, 0, 0)) revert
    const call = concat(["0x5f5f", push2(length), "0x5f5f73", to, "0x5af1"]);
    codes.push(concat([...copies, call, push2(each * (codes.length + 1) - 1), "0x57", "0x3d5f5f3e3d5ffd", "0x5b"]));
    datas.push(...(hidden ? [halves[1], halves[0]] : halves));
    offset += length;
  }
  return concat([...codes, "0x00", ...datas]);
}

/** The same endpoint, which gives no traces, as most public ones. */
export function traceless(client: { request: unknown }): ReadClient {
  const ask = client.request as (call: unknown) => Promise<unknown>;
  return createClient({
    transport: custom({
      request: ({ method, params }) =>
        method === "debug_traceTransaction" ? Promise.reject(new Error("no traces here")) : ask({ method, params }),
    }),
  });
}
