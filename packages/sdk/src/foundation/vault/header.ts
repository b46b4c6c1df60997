import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { CIPHER_NUMBER, type VaultCipher } from "./aead.ts";

/** "PBLV" ‖ version ‖ cipher ‖ log2 of the chunk size ‖ 0 ‖ salt (32) ‖ key commitment (32). */
export const HEADER_BYTES = 72;
export const CHUNK_LOG2 = 16;
export const CHUNK_BYTES = 2 ** CHUNK_LOG2;
const MAGIC = Uint8Array.of(0x50, 0x42, 0x4c, 0x56);
const VERSION = 1;

/** What the content key and the header give: the file's own key, its commitment, and what every chunk is bound to. */
export interface FileKeys {
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
  readonly binding: Uint8Array;
}

/** The fixed part of a header. */
export function prefix(cipher: VaultCipher, salt: Uint8Array): Uint8Array {
  return concatBytes(MAGIC, Uint8Array.of(VERSION, CIPHER_NUMBER[cipher], CHUNK_LOG2, 0), salt);
}

/**
 * HKDF-SHA256 over the content key, salted per file, bound to the header and to `aad`. The commitment makes a wrong key
 * (or a wrong `aad`) recognisable before anything is decrypted, and pins the ciphertext to exactly one key.
 */
export function fileKeys(contentKey: Uint8Array, head: Uint8Array, aad: Uint8Array): FileKeys {
  if (contentKey.length !== 32) throw new RangeError("a content key has 32 bytes");
  const binding = sha256(concatBytes(head, aad));
  const both = hkdf(sha256, contentKey, binding, new TextEncoder().encode("publica/vault/v1"), 64);
  return { key: both.slice(0, 32), commitment: both.slice(32), binding };
}

export interface Header {
  readonly cipher: VaultCipher;
  readonly head: Uint8Array;
  readonly commitment: Uint8Array;
}

/** Reads a header; refuses what is not one of ours. */
export function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < HEADER_BYTES) throw truncated(bytes.length);
  const known = MAGIC.every((byte, at) => bytes[at] === byte) && bytes[4] === VERSION && bytes[6] === CHUNK_LOG2;
  const cipher = (Object.keys(CIPHER_NUMBER) as VaultCipher[]).find((name) => CIPHER_NUMBER[name] === bytes[5]);
  if (!known || cipher === undefined)
    throw new PublicaError(
      "SdkVaultNotAVault",
      "The file is not a sealed file of a version this SDK knows.",
      "Check the file's name; a sealed file starts with PBLV.",
    );
  return { cipher, head: bytes.slice(0, 40), commitment: bytes.slice(40, HEADER_BYTES) };
}

export function truncated(length: number): PublicaError {
  return new PublicaError(
    "SdkVaultTruncated",
    `The sealed file ends too early, after ${length} bytes.`,
    "Fetch the file again; the original is untouched.",
    [length],
  );
}
