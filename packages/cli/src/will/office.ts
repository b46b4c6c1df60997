import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { addressOf, PublicaError, type WriteClient } from "@publica/sdk";
import {
  checkManifest,
  type GetWillReturnType,
  getWill,
  type Manifest,
  parseManifest,
  type WillTypedData,
} from "@publica/sdk/wills";
import { type Address, createWalletClient, custom, type Hash, type Hex, isAddressEqual, zeroHash } from "viem";
import { signTypedData } from "viem/actions";
import { z } from "zod";
import type { DeployedContext } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import type { Plan, Step } from "../lib/sending.ts";
import type { Wallet } from "../lib/wallet.ts";

/** The wills contracts of a deployment. */
export interface Office {
  readonly context: DeployedContext;
  readonly registry: Address;
  readonly heirLoss: Address;
  readonly evidence: Address;
  readonly keys: Address;
}

/** What a command will do, and what else to write when it is carried out. */
export interface Prepared {
  readonly plan: Plan;
  /** Runs before anything is sent. */
  readonly before?: () => Promise<void>;
}

export function officeOf(context: DeployedContext): Office {
  const { deployment } = context.found;
  return {
    context,
    registry: addressOf(deployment, "WillRegistry"),
    heirLoss: addressOf(deployment, "HeirLoss"),
    evidence: addressOf(deployment, "WillEvidence"),
    keys: addressOf(deployment, "EncryptionKeyRegistry"),
  };
}

/** The same wallet, unlocked at most once: nobody types a password twice. */
export function unlockedOnce(wallet: Wallet): Wallet {
  let opened: Promise<WriteClient> | undefined;
  return {
    address: wallet.address,
    unlock: () => {
      opened ??= wallet.unlock();
      return opened;
    },
  };
}

/** A step whose trial runs the very same action, with a call where the transaction would be sent. */
export function step(
  { context }: Office,
  from: Address,
  what: string,
  send: (client: WriteClient) => Promise<Hash>,
): Step {
  const { client } = context;
  const trial = createWalletClient({
    account: from,
    chain: client.chain,
    transport: custom({
      async request({ method, params }: { method: string; params: unknown }) {
        if (method !== "eth_sendTransaction") return client.request({ method, params } as never);
        const [{ from: sender, to, data, value }] = params as [Record<string, Hex>];
        await client.request({ method: "eth_call", params: [{ from: sender, to, data, value }, "latest"] } as never);
        return zeroHash;
      },
    }),
  });
  return { what, send, simulate: () => send(trial) };
}

/** Signs a message of the wills contracts. */
export async function sign(wallet: Wallet, typedData: WillTypedData): Promise<Hex> {
  const client = await wallet.unlock();
  return signTypedData(client, { ...typedData, account: client.account } as Parameters<typeof signTypedData>[1]);
}

export interface LoadedWill {
  readonly manifest: Manifest;
  readonly will: GetWillReturnType;
}

/** A manifest file, checked against itself and against what the chain says of its will. */
export async function loadWill(io: Io, office: Office, file: string): Promise<LoadedWill> {
  const loaded = await loadUnchecked(io, office, file);
  named(file, () => checkManifest(loaded.manifest, loaded.will));
  return loaded;
}

/** The same but for the check of its content, for who wants to prove that it is faulty. */
export async function loadUnchecked(io: Io, office: Office, file: string): Promise<LoadedWill> {
  const manifest = named(file, () => parseManifest(readText(io, file, "manifest")));
  const { chainId } = office.context;
  if (manifest.chainId !== chainId)
    throw new CliError(`${file} is of chain ${manifest.chainId}, the endpoint is chain ${chainId}`, "Use --rpc.");
  if (!isAddressEqual(manifest.registry, office.registry))
    throw new CliError(`${file} is of the registry ${manifest.registry}`, "Name its deployment with --deployment.");
  const will = await getWill(office.context.client, { registry: office.registry, willId: manifest.willId });
  if (will.version === 0)
    throw new CliError(`the chain has no will ${manifest.willId}`, "It was not sealed yet, or it was revoked.");
  return { manifest, will };
}

/** The same failure with the file's name in front. */
export function named<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw withFile(file, error);
  }
}

export function withFile(file: string, error: unknown): unknown {
  if (!(error instanceof PublicaError)) return error;
  return new PublicaError(error.code, `${file}: ${error.message}`, error.remedy, error.values, error);
}

/** The caller's place in a list of the manifest, from 1. */
export function placeOf(accounts: readonly Address[], account: Address, role: string): number {
  const at = accounts.findIndex((candidate) => isAddressEqual(candidate, account));
  if (at < 0) throw new CliError(`${account} is no ${role} of this will`, `The ${role}s are ${accounts.join(", ")}.`);
  return at + 1;
}

export function readText(io: Io, file: string, what: string): string {
  return new TextDecoder().decode(readBytes(io, file, what));
}

export function readBytes(io: Io, file: string, what: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(resolve(io.cwd, file)));
  } catch {
    throw new CliError(`the ${what} ${file} cannot be read`, "Check its path and permissions.");
  }
}

export function readJson(io: Io, file: string, what: string): unknown {
  try {
    return JSON.parse(readText(io, file, what));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`the ${what} ${file} is not JSON; it may be cut off`, "Ask for the file again.");
  }
}

export const hex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})+$/)
  .transform((text) => text as Hex);
/** A position in the manifest's lists. */
export const position = z.int().min(1).max(16);

/** A file that somebody signed about one version of one will. */
export const signedSchema = <Format extends string, Fields extends z.ZodRawShape>(format: Format, fields: Fields) =>
  z.object({ format: z.literal(format), willId: hex, version: z.int(), ...fields });

/** Reads such a file; `what` it is and `whom` to ask for it are said when it is wrong. */
export function readSigned<T extends { readonly willId: Hex; readonly version: number }>(
  io: Io,
  file: string,
  schema: z.ZodType<T>,
  what: string,
  whom: string,
): T {
  const parsed = schema.safeParse(readJson(io, file, what));
  if (parsed.success) return parsed.data;
  throw new CliError(`${file} is no ${what}; it may be cut off`, `Ask ${whom} for it again.`);
}

/** The same, of the manifest's will and version. */
export function readSignedOf<T extends { readonly willId: Hex; readonly version: number }>(
  { willId, version }: Manifest,
  ...read: Parameters<typeof readSigned<T>>
): T {
  const found = readSigned(...read);
  if (found.willId === willId && found.version === version) return found;
  const [, file, , what, whom] = read;
  throw new CliError(`${file} is of another will or version`, `Ask ${whom} for the ${what} of this version.`);
}

/** Writes a file for somebody else to send. */
export function writeSigned(io: Io, file: string, content: Readonly<Record<string, unknown>>): void {
  writeNew(io, file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Refuses a name that is taken: nothing of the user's is ever overwritten. */
export function requireFree(io: Io, file: string): void {
  if (existsSync(resolve(io.cwd, file)))
    throw new CliError(`${file} exists already`, "Name another file; nothing is overwritten.");
}

/** Writes a new file that only its owner may read. */
export function writeNew(io: Io, file: string, content: string | Uint8Array): void {
  requireFree(io, file);
  const full = resolve(io.cwd, file);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content, { flag: "wx", mode: 0o600 });
}

/** On a terminal, an act that cannot be undone must be confirmed by its name; elsewhere --yes says it. */
export async function confirmIrreversible(io: Io, yes: boolean | undefined, word: string, what: string): Promise<void> {
  if (!yes || io.ask === undefined) return;
  const answer = await io.ask(`This cannot be undone: ${what}.\nType ${word} to go on: `);
  if (answer.trim() !== word) throw new CliError("not confirmed; nothing was sent", `Type ${word} when you mean it.`);
}
