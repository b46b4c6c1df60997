import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import type { WriteClient } from "@publica/sdk";
import { type Account, type Address, createWalletClient, custom, type Hex, isAddressEqual } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Connection } from "./chain.ts";
import { CliError, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { decryptKeystore, keystoreAddress, parseKeystore } from "./keystore.ts";
import { deploymentOption, jsonOption, parseAddress, rpcOption } from "./options.ts";

export const keystoreOption = new Option("--keystore <file>", "send from the account in this keystore (version 3)");
export const passwordFileOption = new Option("--password-file <file>", "read the keystore's password from this file");
export const rpcAccountOption = new Option(
  "--rpc-account <address>",
  "send from an account the endpoint holds",
).argParser(parseAddress);
export const keyEnvOption = new Option("--key-env <name>", "send from the private key in this environment variable");
export const yesOption = new Option("--yes", "send; without it nothing is, and what would be sent is shown");

/** Adds the options of every command that signs: with whose key, on which chain, how to answer. */
export const signing = <A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) =>
  command
    .addOption(keystoreOption)
    .addOption(passwordFileOption)
    .addOption(rpcAccountOption)
    .addOption(keyEnvOption)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption);

export interface WalletOptions {
  readonly keystore?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly rpcAccount?: Address | undefined;
  readonly keyEnv?: string | undefined;
}

/** Who sends: the address at once, the means to sign only when they are needed. */
export interface Wallet {
  readonly address: Address;
  unlock(): Promise<WriteClient>;
}

/** The wallet the options name. */
export async function openWallet(io: Io, connection: Connection, options: WalletOptions): Promise<Wallet> {
  const wallet = await openWalletIfNamed(io, connection, options);
  if (wallet !== undefined) return wallet;
  throw new UsageError("who sends? Name --keystore FILE, --rpc-account ADDRESS or --key-env NAME");
}

/** As {@link openWallet}, or undefined when no wallet is named. */
export async function openWalletIfNamed(
  io: Io,
  connection: Connection,
  options: WalletOptions,
): Promise<Wallet | undefined> {
  const { keystore, passwordFile, rpcAccount, keyEnv } = options;
  const named = [keystore, rpcAccount, keyEnv].filter((option) => option !== undefined);
  if (named.length > 1) throw new UsageError("--keystore, --rpc-account and --key-env exclude each other");
  if (passwordFile !== undefined && keystore === undefined)
    throw new UsageError("--password-file goes with --keystore");
  if (keystore !== undefined) return fromKeystore(io, connection, keystore, passwordFile);
  if (keyEnv !== undefined) return fromKey(connection, keyOf(io, keyEnv));
  if (rpcAccount !== undefined) return fromEndpoint(connection, rpcAccount);
  return undefined;
}

function walletClient({ client }: Connection, account: Account | Address) {
  return createWalletClient({ account, chain: client.chain, transport: custom(client) });
}

function fromKey(connection: Connection, key: Hex): Wallet {
  const account = privateKeyToAccount(key);
  return { address: account.address, unlock: async () => walletClient(connection, account) };
}

/** The key in a variable; whatever is wrong with it, it is never repeated. */
function keyOf(io: Io, name: string): Hex {
  const value = io.env[name]?.trim() ?? "";
  if (value === "") throw new CliError(`the environment variable ${name} is not set`, "Set it, or use --keystore.");
  const key = value.startsWith("0x") ? value : `0x${value}`;
  const isKey = /^0x[0-9a-fA-F]{64}$/.test(key) && !/^0x0+$/.test(key);
  if (!isKey)
    throw new CliError(`the environment variable ${name} holds no private key`, "A key is 0x and 64 hex digits.");
  try {
    privateKeyToAccount(key as Hex);
  } catch {
    throw new CliError(`the environment variable ${name} holds no private key`, "The number is not one of the curve.");
  }
  return key as Hex;
}

async function fromEndpoint(connection: Connection, address: Address): Promise<Wallet> {
  const held = await walletClient(connection, address)
    .getAddresses()
    .catch(() => []);
  if (!held.some((account) => isAddressEqual(account, address))) {
    throw new CliError(
      `${connection.endpoint} does not hold the account ${address}`,
      held.length === 0
        ? "It holds none; use --keystore or --key-env."
        : `It holds ${held.slice(0, 3).join(", ")}${held.length > 3 ? " and others" : ""}.`,
    );
  }
  return { address, unlock: async () => walletClient(connection, address) };
}

async function fromKeystore(
  io: Io,
  connection: Connection,
  file: string,
  passwordFile: string | undefined,
): Promise<Wallet> {
  const keystore = parseKeystore(readText(io, file, "keystore"));
  const open = async (): Promise<Wallet> => {
    const password = passwordFile === undefined ? await ask(io, file) : readText(io, passwordFile, "password file");
    return fromKey(connection, await decryptKeystore(keystore, password.replace(/\r?\n$/, "")));
  };
  const address = keystoreAddress(keystore);
  if (address === undefined) return open();
  return { address, unlock: async () => (await open()).unlock() };
}

async function ask(io: Io, file: string): Promise<string> {
  if (io.askSecret === undefined)
    throw new UsageError(`nobody is there to type the password of ${file}: name a --password-file`);
  return io.askSecret(`Password of ${file}: `);
}

function readText(io: Io, file: string, what: string): string {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8");
  } catch {
    throw new CliError(`the ${what} ${file} cannot be read`, "Check its path and permissions.");
  }
}
