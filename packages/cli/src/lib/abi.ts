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

/** What can be deployed before what it inherits, and that before interfaces, so that a guess names the contract. */
const names = Object.keys(suite).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

function rank(name: string): number {
  return isDeployable(suite[name] ?? []) ? 0 : isInterface(name) ? 2 : 1;
}

/** Only a contract that can be deployed has a constructor in its ABI. */
function isDeployable(abi: Abi): boolean {
  return abi.some(({ type }) => type === "constructor");
}

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
  /** Calls of the suite carried in the arguments: of a multicall, of AccessManager.execute, of a relayed transaction. */
  readonly calls: readonly Decoded[];
}

/** The name of the contract at an address, where it is known. */
export type NameOf = (address: Address) => string | undefined;

interface Entry<Item> {
  readonly contract: string;
  readonly item: Item;
}

/** The contracts that can be deployed, with the selectors of their functions; most functions first. */
const deployables = Object.entries(suite)
  .filter(([, abi]) => isDeployable(abi))
  .map(([name, abi]) => {
    const own = abi.filter((item): item is AbiFunction => item.type === "function");
    // The compiler pushes a selector without its leading zero bytes.
    return {
      name,
      selectors: own.map((item) =>
        toFunctionSelector(item)
          .slice(2)
          .replace(/^(00)+/, ""),
      ),
    };
  })
  .sort((a, b) => b.selectors.length - a.selectors.length);

/** The contract of the suite that this code has all functions of: what tells pools, vaults and others apart that no file names. */
export function recognise(code: Hex): string | undefined {
  return deployables.find(
    ({ selectors }) => selectors.length >= 3 && selectors.every((selector) => code.includes(selector)),
  )?.name;
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
export function decodeCall(data: Hex, contract?: string, nameOf?: NameOf): Decoded | undefined {
  const known = contract !== undefined && suite[contract] !== undefined;
  for (const entry of functions.get(data.slice(0, 10)) ?? []) {
    if (known && entry.contract !== contract) continue;
    try {
      const { args } = decodeFunctionData({ abi: [entry.item], data });
      const calls = embeddedCalls(data.slice(10), entry.contract, nameOf);
      return { ...decodedItem(entry.contract, contract !== undefined, entry.item, args ?? []), calls };
    } catch {
      // The selector fits by chance, the data do not.
    }
  }
  return undefined;
}

/**
 * The calls of the suite that stand as `bytes` in ABI-encoded data, whoever's function or event that belongs to: a word
 * with the length, then a selector of the suite and arguments that decode. The contract is the one last named before.
 */
export function embeddedCalls(data: string, around?: string, nameOf: NameOf = () => undefined): Decoded[] {
  const calls: Decoded[] = [];
  let contract = around;
  for (let at = 0; at + 64 <= data.length; at += 64) {
    const word = data.slice(at, at + 64);
    if (word.startsWith("0".repeat(24))) contract = nameOf(`0x${word.slice(24)}`) ?? contract;
    const length = Number(`0x${word}`);
    const end = at + 64 + 2 * length;
    if (length % 32 !== 4 || end > data.length) continue;
    const call: Hex = `0x${data.slice(at + 64, end)}`;
    const found = (contract && decodeCall(call, contract, nameOf)) || decodeCall(call, undefined, nameOf);
    if (found === undefined) continue;
    calls.push(found);
    at += 64 * Math.ceil(length / 32);
  }
  return calls;
}

export interface RawLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** Decodes an event with the contract's ABI, or whichever of the suite fits. */
export function decodeLog(log: RawLog, contract?: string, nameOf?: NameOf): Decoded | undefined {
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
      const calls = embeddedCalls(log.data.slice(2), undefined, nameOf);
      return { ...decodedItem(name, name === contract, item, byPosition(item.inputs, args)), calls };
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
): Omit<Decoded, "calls"> {
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
