import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type Address, getAddress, type Hex, isAddress } from "viem";

/** Options that mean the same in every command. */
export const jsonOption = new Option("--json", "print JSON and nothing else");

export const rpcOption = new Option("--rpc <url>", "JSON-RPC endpoint of the chain")
  .env("PUBLICA_RPC_URL")
  .default("http://127.0.0.1:8545")
  .argParser(parseUrl);

export const deploymentOption = new Option(
  "--deployment <file>",
  "addresses.json of the deployment (default: the newest for this chain below ./deploy/deployments)",
);

export interface ChainOptions {
  readonly rpc: string;
  readonly deployment?: string | undefined;
}

export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError("An endpoint is a URL like http://127.0.0.1:8545.");
  return text;
}

export function parseAddress(text: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new InvalidArgumentError("An address is 0x and 40 hex digits.");
  if (!isAddress(text))
    throw new InvalidArgumentError(
      `The checksum of the address does not fit: a digit is wrong. Compare it with its source.`,
    );
  return getAddress(text);
}

export function parseHash(text: string): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new InvalidArgumentError("A hash is 0x and 64 hex digits.");
  return text.toLowerCase() as Hex;
}

/** A parser for whole numbers within [low, high]. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high)
      throw new InvalidArgumentError(`It takes a whole number from ${low} to ${high}.`);
    return value;
  };
}

/** An amount as people write it, `12500.50`; its base units depend on the token. */
export function parseAmountText(text: string): string {
  const plain = text.replaceAll(/[,_]/g, "");
  if (!/^\d+(\.\d+)?$/.test(plain) || !/[1-9]/.test(plain))
    throw new InvalidArgumentError("An amount is a number above zero like 12500 or 0.5.");
  return plain;
}

export function parseBigInt(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError("It takes a whole number.");
  return BigInt(text);
}
