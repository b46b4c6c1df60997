import { createCipheriv, randomBytes } from "node:crypto";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import {
  deriveEncryptionKey,
  type EncryptionKey,
  encryptionKeyFromSeed,
  encryptionKeyTypedData,
  type EnvelopeSuite,
} from "@publica/sdk/crypto";
import { type Address, bytesToHex, concat, type Hex, hexToBytes, keccak256 } from "viem";
import { z } from "zod";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { decryptKeystore, parseKeystore } from "../lib/keystore.ts";
import type { Wallet } from "../lib/wallet.ts";
import { readJson, readText, sign, writeNew } from "./office.ts";

const personSchema = z.object({
  format: z.literal("publica/person/1"),
  wallet: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform((text) => text as Address),
  suite: z.enum(["x25519", "xwing"]),
  publicKey: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})+$/)
    .transform((text) => text as Hex),
});

/** What a person hands out so that a share can be sealed for it. Nothing in it is secret. */
export type Person = z.infer<typeof personSchema>;

export function readPerson(io: Io, file: string): Person {
  const parsed = personSchema.safeParse(readJson(io, file, "person's file"));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliError(
    `${file} is no person's file: wrong at ${issue?.path.join(".") || "its top"}`,
    "Ask the person for the file that publica will key wrote.",
  );
}

const keyFileSchema = z.object({
  format: z.literal("publica/encryption-key/1"),
  suite: z.enum(["x25519", "xwing"]),
  /** The seed, as a keystore of version 3. */
  seed: z.unknown(),
});

/** The person's encryption key: from a key file, or from the wallet, which signs the same message twice. */
export async function encryptionKeyOf(
  io: Io,
  wallet: Wallet,
  suite: EnvelopeSuite,
  keyFile: string | undefined,
  passwordFile: string | undefined,
): Promise<EncryptionKey> {
  if (keyFile !== undefined) {
    const parsed = keyFileSchema.safeParse(readJson(io, keyFile, "key file"));
    if (!parsed.success) throw new CliError(`${keyFile} is no key file`, "Name the file publica will key wrote.");
    const keystore = parseKeystore(JSON.stringify(parsed.data.seed));
    const seed = await decryptKeystore(keystore, await password(io, keyFile, passwordFile));
    return encryptionKeyFromSeed(parsed.data.suite, seed);
  }
  const typedData = encryptionKeyTypedData(wallet.address, suite) as unknown as Parameters<typeof sign>[1];
  return deriveEncryptionKey(suite, await sign(wallet, typedData), await sign(wallet, typedData));
}

/** Writes a key's seed under a password. */
export async function writeKeyFile(
  io: Io,
  file: string,
  key: EncryptionKey,
  passwordFile: string | undefined,
): Promise<void> {
  const secret = await password(io, file, passwordFile);
  if (secret.length < 8) throw new UsageError("the password of a key file has at least 8 characters");
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  const [n, r, p] = [2 ** 17, 8, 1];
  const derived = await scryptAsync(new TextEncoder().encode(secret.normalize("NFKC")), salt, {
    N: n,
    r,
    p,
    dkLen: 32,
  });
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(hexToBytes(key.seed)), cipher.final()]);
  const bare = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2);
  const seed = {
    version: 3,
    crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: bare(iv) },
      ciphertext: bare(ciphertext),
      kdf: "scrypt",
      kdfparams: { dklen: 32, n, r, p, salt: bare(salt) },
      mac: bare(keccak256(concat([derived.subarray(16, 32), new Uint8Array(ciphertext)]), "bytes")),
    },
  };
  const text = JSON.stringify({ format: "publica/encryption-key/1", suite: key.suite, seed }, null, 2);
  writeNew(io, file, `${text}\n`);
}

async function password(io: Io, file: string, passwordFile: string | undefined): Promise<string> {
  if (passwordFile !== undefined) return readText(io, passwordFile, "password file").replace(/\r?\n$/, "");
  if (io.askSecret === undefined)
    throw new UsageError(`nobody is there to type the password of ${file}: name --encryption-password-file`);
  return io.askSecret(`Password of ${file}: `);
}
