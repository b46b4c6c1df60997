import {
  createCipheriv,
  createDecipheriv,
  pbkdf2Sync,
  randomBytes,
  randomUUID,
  scryptSync,
  timingSafeEqual,
} from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type Address,
  bytesToHex,
  getAddress,
  type Hex,
  hexToBytes,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializableEIP1559,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";
import { problem, reasonOf } from "./problem.ts";

/** Whoever signs an operator's transactions. The key itself stays behind this interface. */
export interface OperatorSigner {
  readonly address: Address;
  signTransaction(transaction: TransactionSerializableEIP1559): Promise<Hex>;
}

const hexText = z.string().regex(/^[0-9a-f]+$/i);
const keystoreSchema = z.object({
  version: z.literal(3),
  address: z.string().optional(),
  crypto: z.object({
    cipher: z.literal("aes-128-ctr"),
    cipherparams: z.object({ iv: hexText }),
    ciphertext: hexText,
    mac: hexText,
    kdf: z.enum(["scrypt", "pbkdf2"]),
    kdfparams: z.object({
      salt: hexText,
      dklen: z.number().int().min(32).max(64),
      n: z
        .number()
        .int()
        .min(2)
        .max(2 ** 20)
        .optional(),
      r: z.number().int().min(1).max(32).optional(),
      p: z.number().int().min(1).max(16).optional(),
      c: z.number().int().min(1).max(10_000_000).optional(),
      prf: z.string().optional(),
    }),
  }),
});

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");

/** Encrypts a private key as a version 3 keystore (scrypt, aes-128-ctr), which every wallet reads. */
export function encryptKeystore(privateKey: Hex, password: string, n = 2 ** 17): string {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const kdfparams = { dklen: 32, n, r: 8, p: 1, salt: salt.toString("hex") };
  const derived = scryptSync(password, salt, 32, { N: n, r: 8, p: 1, maxmem: 256 * n * 8 });
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(hexToBytes(privateKey)), cipher.final()]);
  const keystore = {
    version: 3,
    id: randomUUID(),
    address: privateKeyToAccount(privateKey).address.slice(2).toLowerCase(),
    crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: iv.toString("hex") },
      ciphertext: ciphertext.toString("hex"),
      kdf: "scrypt",
      kdfparams,
      mac: macOf(derived, ciphertext).toString("hex"),
    },
  };
  return `${JSON.stringify(keystore, null, 2)}\n`;
}

const macOf = (derived: Buffer, ciphertext: Buffer): Buffer =>
  Buffer.from(keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext]), "bytes"));

/** Opens a version 3 keystore. */
export function decryptKeystore(json: string, password: string): Hex {
  const parsed = keystoreSchema.safeParse(parseJson(json));
  if (!parsed.success) {
    throw problem(
      "NodeKeystoreInvalid",
      `the key file is not a version 3 keystore (${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message})`,
      "Export the key again, or make a new file with `publica-node init`.",
    );
  }
  const { cipherparams, ciphertext, mac, kdf, kdfparams } = parsed.data.crypto;
  const { salt, dklen, n = 2 ** 18, r = 8, p = 1, c = 262_144 } = kdfparams;
  const derived =
    kdf === "scrypt"
      ? scryptSync(password, bytes(salt), dklen, { N: n, r, p, maxmem: 256 * n * r })
      : pbkdf2Sync(password, bytes(salt), c, dklen, "sha256");
  const expected = macOf(derived, bytes(ciphertext));
  if (expected.length !== bytes(mac).length || !timingSafeEqual(expected, bytes(mac))) {
    throw problem("NodeKeystorePassword", "the password does not open the key file", "Check the password file.");
  }
  const decipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), bytes(cipherparams.iv));
  return bytesToHex(Buffer.concat([decipher.update(bytes(ciphertext)), decipher.final()]));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Where an operator's key lives; exactly one of the three. */
export const keySourceSchema = z.union([
  z.strictObject({
    keystore: z.string().min(1).describe("path of a version 3 keystore file"),
    passwordFile: z.string().min(1).describe("path of a file holding its password"),
  }),
  z.strictObject({ environment: z.string().min(1).describe("name of a variable holding the private key") }),
  z.strictObject({
    remote: z.url().describe("JSON-RPC address of an external signer that knows eth_signTransaction"),
    address: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/)
      .describe("the account it signs for"),
  }),
]);
export type KeySource = z.infer<typeof keySourceSchema>;

/** The private key of a file or environment source; a remote signer gives none away. */
export function readPrivateKey(source: Exclude<KeySource, { remote: string }>): Hex {
  if ("environment" in source) {
    const value = process.env[source.environment] ?? "";
    if (!/^0x[0-9a-f]{64}$/i.test(value)) {
      throw problem(
        "NodeKeyMissing",
        `the variable ${source.environment} holds no private key`,
        "Set it to 0x and 64 hex digits, or use a keystore file.",
      );
    }
    return value as Hex;
  }
  return decryptKeystore(readText(source.keystore), readText(source.passwordFile).replace(/\r?\n$/, ""));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw problem("NodeKeyMissing", `cannot read ${path} (${reasonOf(error)})`, "Check the path and who may read it.");
  }
}

/** Makes a signer of a key source. */
export function openSigner(source: KeySource): OperatorSigner {
  return "remote" in source
    ? remoteSigner(source.remote, getAddress(source.address))
    : localSigner(readPrivateKey(source));
}

export function localSigner(privateKey: Hex): OperatorSigner {
  const account = privateKeyToAccount(privateKey);
  return { address: account.address, signTransaction: (transaction) => account.signTransaction(transaction) };
}

/** An external signer (web3signer and the like). What it returns is checked before it is used. */
export function remoteSigner(url: string, address: Address, timeoutMs = 10_000): OperatorSigner {
  return {
    address,
    async signTransaction(transaction) {
      const quantity = (value: bigint | number | undefined): Hex => `0x${BigInt(value ?? 0).toString(16)}`;
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        signal: AbortSignal.timeout(timeoutMs),
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "eth_signTransaction",
          params: [
            {
              from: address,
              to: transaction.to,
              data: transaction.data ?? "0x",
              value: quantity(transaction.value),
              gas: quantity(transaction.gas),
              nonce: quantity(transaction.nonce),
              maxFeePerGas: quantity(transaction.maxFeePerGas),
              maxPriorityFeePerGas: quantity(transaction.maxPriorityFeePerGas),
              chainId: quantity(transaction.chainId),
            },
          ],
        }),
      });
      const body = (await response.json()) as { result?: unknown; error?: { message?: string } };
      // Geth answers with an object, web3signer with the bytes.
      const result =
        typeof body.result === "object" && body.result !== null && "raw" in body.result ? body.result.raw : body.result;
      if (typeof result !== "string" || !result.startsWith("0x02")) {
        throw problem(
          "NodeSignerRefused",
          `the external signer refused (${body.error?.message ?? `HTTP ${response.status}`})`,
          `Check that it holds the key of ${address} and allows this chain.`,
        );
      }
      const raw = result as `0x02${string}`;
      const signed = parseTransaction(raw);
      const sender = await recoverTransactionAddress({ serializedTransaction: raw });
      const same =
        sender === address &&
        signed.to?.toLowerCase() === transaction.to?.toLowerCase() &&
        (signed.data ?? "0x") === (transaction.data ?? "0x") &&
        (signed.value ?? 0n) === (transaction.value ?? 0n) &&
        (signed.nonce ?? 0) === transaction.nonce &&
        signed.gas === transaction.gas &&
        signed.maxFeePerGas === transaction.maxFeePerGas &&
        (signed.maxPriorityFeePerGas ?? 0n) === (transaction.maxPriorityFeePerGas ?? 0n) &&
        signed.chainId === transaction.chainId;
      if (!same) {
        throw problem(
          "NodeSignerMismatch",
          "the external signer signed something else than it was asked to",
          "Check what stands between the node and the signer; nothing was sent.",
        );
      }
      return raw;
    },
  };
}
