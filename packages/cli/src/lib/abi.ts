import * as generated from "@publica/sdk/abi";
import {
  type Abi,
  type AbiEvent,
  type AbiFunction,
  type AbiParameter,
  type Address,
  decodeEventLog,
  decodeFunctionData,
  type Hex,
  toEventSelector,
  toFunctionSelector,
} from "viem";
import { formatAbiItem } from "viem/utils";

/** The ABI of every contract of the suite, by the contract's name. */
export const suite: Readonly<Record<string, Abi>> = Object.fromEntries(
  Object.entries(generated).map(([key, abi]) => [
    key.charAt(0).toUpperCase() + key.slice(1).replace(/Abi$/, ""),
    abi as Abi,
  ]),
);

/** Contracts before the interfaces they implement, so that a guess names the contract. */
const names = Object.keys(suite).sort((a, b) => Number(isInterface(a)) - Number(isInterface(b)) || (a < b ? -1 : 1));

function isInterface(name: string): boolean {
  return /^I[A-Z]/.test(name) || name.endsWith("Interface");
}

/** One argument, decoded. Structs are objects by field name, integers decimal strings. */
export interface DecodedValue {
  readonly name: string;
  readonly type: string;
  readonly value: PlainValue;
}

export type PlainValue = string | boolean | readonly PlainValue[] | { readonly [field: string]: PlainValue };

export interface Decoded {
  /** Whose ABI it was decoded with. */
  readonly contract: string;
  /** False when the address is not known and the ABI was chosen because it fits. */
  readonly certain: boolean;
  readonly name: string;
  readonly signature: string;
  readonly args: readonly DecodedValue[];
}

interface Entry<Item> {
  readonly contract: string;
  readonly item: Item;
}

/** Everything of one kind in all ABIs by its selector, in the order of `names`. */
function bySelector<Item>(select: (abi: Abi) => readonly Item[], selectorOf: (item: Item) => Hex) {
  const found = new Map<string, Entry<Item>[]>();
  for (const contract of names)
    for (const item of select(suite[contract] ?? [])) {
      const selector = selectorOf(item);
      found.set(selector, [...(found.get(selector) ?? []), { contract, item }]);
    }
  return found;
}

const functions = bySelector(
  (abi) => abi.filter((item): item is AbiFunction => item.type === "function"),
  toFunctionSelector,
);
const events = bySelector((abi) => abi.filter((item): item is AbiEvent => item.type === "event"), toEventSelector);

/** Decodes call data with the contract's ABI, or whichever of the suite fits. */
export function decodeCall(data: Hex, contract?: string): Decoded | undefined {
  const known = contract !== undefined && suite[contract] !== undefined;
  for (const entry of functions.get(data.slice(0, 10)) ?? []) {
    if (known && entry.contract !== contract) continue;
    try {
      const { args } = decodeFunctionData({ abi: [entry.item], data });
      return decodedItem(entry.contract, contract !== undefined, entry.item, args ?? []);
    } catch {
      // The selector fits by chance, the data do not.
    }
  }
  return undefined;
}

export interface RawLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** Decodes an event with the contract's ABI, or whichever of the suite fits. */
export function decodeLog(log: RawLog, contract?: string): Decoded | undefined {
  const entries = events.get(log.topics[0] ?? "") ?? [];
  // A known contract may also pass on events of its libraries, which only other ABIs list.
  for (const { contract: name, item } of [...entries].sort(
    (a, b) => Number(b.contract === contract) - Number(a.contract === contract),
  )) {
    try {
      const { args } = decodeEventLog({
        abi: [item] as Abi,
        data: log.data,
        topics: log.topics as [Hex, ...Hex[]],
        strict: true,
      });
      return decodedItem(name, name === contract, item, byPosition(item.inputs, args));
    } catch {
      // The same signature with other indexed arguments: ERC-20 and ERC-721 share their Transfer.
    }
  }
  return undefined;
}

function byPosition(inputs: readonly AbiParameter[], args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args;
  const named = (args ?? {}) as Readonly<Record<string, unknown>>;
  return inputs.map((input, index) => named[input.name ?? String(index)]);
}

function decodedItem(
  contract: string,
  certain: boolean,
  item: AbiFunction | AbiEvent,
  args: readonly unknown[],
): Decoded {
  return {
    contract,
    certain,
    name: item.name,
    signature: formatAbiItem(item),
    args: item.inputs.map((input, index) => ({
      name: input.name || String(index),
      type: input.type,
      value: plain(args[index], input),
    })),
  };
}

/** A decoded value without bigint, fields in the order of the ABI. */
export function plain(value: unknown, parameter: AbiParameter): PlainValue {
  if (Array.isArray(value) && /\]$/.test(parameter.type)) {
    const inner = { ...parameter, type: parameter.type.replace(/\[\d*\]$/, "") } as AbiParameter;
    return value.map((item) => plain(item, inner));
  }
  if (typeof value === "object" && value !== null && "components" in parameter) {
    // Several return values come by position, structs by name.
    const fields = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(
      parameter.components.map((field, index) => {
        const name = field.name || String(index);
        return [name, plain(fields[Array.isArray(value) ? String(index) : name], field)];
      }),
    );
  }
  return typeof value === "boolean" ? value : String(value);
}

/** A value in one line. */
export function shown(value: PlainValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  return `{ ${Object.entries(value)
    .map(([field, inner]) => `${field}: ${shown(inner as PlainValue)}`)
    .join(", ")} }`;
}
