import {
  type Abi,
  type Address,
  type DecodeFunctionDataReturnType,
  decodeFunctionData,
  type Hash,
  type Hex,
  toFunctionSelector,
} from "viem";
import { getTransaction } from "viem/actions";
import type { ReadClient } from "./client.ts";

/** What Geth's `callTracer` tells of a call. */
interface CallFrame {
  readonly type: string;
  readonly to?: Address;
  readonly input: Hex;
  readonly error?: string;
  readonly calls?: readonly CallFrame[];
}

/**
 * The calls of `address` a transaction made, decoded, in their order: the transaction itself, or what another contract made
 * of it. The latter are taken from the endpoint's trace (`debug_traceTransaction`); where it gives none, from the
 * transaction's input, in which wallets and multicalls carry the calls they make. The input may also hold what only looks
 * like a call: whoever takes something from here compares it with what the chain stored of it.
 */
export async function readCalls<const abi extends Abi>(
  client: ReadClient,
  { address, abi, hash }: { readonly address: Address; readonly abi: abi; readonly hash: Hash },
): Promise<DecodeFunctionDataReturnType<abi>[]> {
  const { to, input } = await getTransaction(client, { hash });
  const isHere = (other: Address | null | undefined): boolean => other?.toLowerCase() === address.toLowerCase();
  const inputs = isHere(to) ? [input] : ((await traced(client, hash, isHere)) ?? lookingLikeCalls(abi, input));
  return inputs.flatMap((data) => {
    try {
      return [decodeFunctionData({ abi, data })];
    } catch {
      return [];
    }
  });
}

async function traced(
  client: ReadClient,
  hash: Hash,
  isHere: (to: Address | undefined) => boolean,
): Promise<Hex[] | undefined> {
  const request = { method: "debug_traceTransaction", params: [hash, { tracer: "callTracer" }] };
  const inputsOf = ({ type, to, input, error, calls = [] }: CallFrame): Hex[] => {
    if (error !== undefined) return [];
    return [...(type === "CALL" && isHere(to) ? [input] : []), ...calls.flatMap(inputsOf)];
  };
  try {
    const root = (await client.request(request as never, { retryCount: 0 })) as CallFrame;
    return root.type === undefined ? undefined : inputsOf(root);
  } catch {
    // Most public endpoints give no traces.
    return undefined;
  }
}

/** Everything in `input` that begins with the selector of a function that writes. */
function lookingLikeCalls(abi: Abi, input: Hex): Hex[] {
  const writing = abi.filter((item) => item.type === "function" && !/^(view|pure)$/.test(item.stateMutability));
  const selectors = new Set(writing.map((item) => toFunctionSelector(item as never).slice(2)));
  const found: Hex[] = [];
  for (let at = 2; at + 8 <= input.length; at += 2)
    if (selectors.has(input.slice(at, at + 8))) found.push(`0x${input.slice(at)}`);
  return found;
}
