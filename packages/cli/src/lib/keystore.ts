import { createDecipheriv, pbkdf2 as pbkdf2Callback, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { type Address, concat, getAddress, type Hex, hexToBytes, isAddressEqual, keccak256, toHex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { z } from "zod";
import { CliError } from "./errors.ts";

const pbkdf2 = promisify(pbkdf2Callback);

/** More memory than this is no honest keystore: geth's standard takes 256 MiB. */
const MOST_MEMORY = 2 ** 30;
const MOST_ITERATIONS = 100_000_000;

const bytes = (length?: number) =>
  z
    .string()
    .regex(length === undefined ? /^(0x)?([0-9a-fA-F]{2})+$/ : new RegExp(`^(0x)?[0-9a-fA-F]{${length * 2}}$`))
    .transform((text) => hexToBytes(text.startsWith("0x") ? (text as Hex) : `0x${text}`));
const positive = z.number().int().positive();

const keystoreSchema = z.object({
  version: z.literal(3),
  address: z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{40}$/)
    .optional(),
  crypto: z.intersection(
    z.object({
      cipher: z.literal("aes-128-ctr"),
      cipherparams: z.object({ iv: bytes(16) }),
      ciphertext: bytes(32),
      mac: bytes(32),
    }),
    z.discriminatedUnion("kdf", [
      z.object({
        kdf: z.literal("scrypt"),
        kdfparams: z.object({
          dklen: positive.min(32).max(64),
          n: positive,
          r: positive,
          p: positive.max(64),
          salt: bytes(),
        }),
      }),
      z.object({
        kdf: z.literal("pbkdf2"),
        kdfparams: z.object({
          dklen: positive.min(32).max(64),
          c: positive.max(MOST_ITERATIONS),
          prf: z.literal("hmac-sha256"),
          salt: bytes(),
        }),
      }),
    ]),
  ),
});

/** A keystore file of version 3 (Web3 Secret Storage), as geth, Foundry and the wallets write it. */
export type Keystore = z.infer<typeof keystoreSchema>;

/** Reads a keystore file; its words are checked, nothing is decrypted. */
export function parseKeystore(json: string): Keystore {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new CliError("the keystore is not JSON", "Name the file that geth, Foundry or your wallet wrote.");
  }
  // ethers has written `Crypto`, some wallets still do.
  if (typeof value === "object" && value !== null && "Crypto" in value && !("crypto" in value))
    value = { ...value, crypto: value.Crypto };
  const parsed = keystoreSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CliError(
    `the keystore is wrong at ${issue?.path.join(".") || "the top"}: ${issue?.message ?? "unknown"}`,
    "Name a keystore of version 3 (Web3 Secret Storage).",
  );
}

/** The address the keystore says it is for; it may be left out of the file. */
export function keystoreAddress(keystore: Keystore): Address | undefined {
  const { address } = keystore;
  return address === undefined ? undefined : getAddress(address.startsWith("0x") ? (address as Hex) : `0x${address}`);
}

/** The private key in a keystore. A wrong password is told by the file's own checksum. */
export async function decryptKeystore(keystore: Keystore, password: string): Promise<Hex> {
  const derived = await deriveKey(keystore, new TextEncoder().encode(password.normalize("NFKC")));
  const { ciphertext, cipherparams, mac } = keystore.crypto;
  const expected = keccak256(concat([derived.subarray(16, 32), ciphertext]), "bytes");
  if (!timingSafeEqual(expected, mac)) {
    throw new CliError("the password does not open the keystore", "Try again; the file itself is sound.");
  }
  const decipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), cipherparams.iv);
  const key = toHex(new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()])));
  const claimed = keystoreAddress(keystore);
  if (claimed !== undefined && !isAddressEqual(claimed, privateKeyToAddress(key))) {
    throw new CliError(
      `the keystore says it is for ${claimed}, but its key is another account's`,
      "Restore the file from its backup.",
    );
  }
  return key;
}

async function deriveKey({ crypto }: Keystore, password: Uint8Array): Promise<Uint8Array> {
  if (crypto.kdf === "pbkdf2") {
    const { c, dklen, salt } = crypto.kdfparams;
    return new Uint8Array(await pbkdf2(password, salt, c, dklen, "sha256"));
  }
  const { n, r, p, dklen, salt } = crypto.kdfparams;
  const memory = 128 * n * r;
  if (memory > MOST_MEMORY || (n & (n - 1)) !== 0 || n < 2) {
    throw new CliError("the keystore's scrypt parameters are out of bounds", "Make a new keystore from the key.");
  }
  // OpenSSL's own refuses r = 1 with a large n, which the definition's example has.
  return scryptAsync(password, salt, { N: n, r, p, dkLen: dklen, maxmem: 2 * MOST_MEMORY, asyncTick: 200 });
}
