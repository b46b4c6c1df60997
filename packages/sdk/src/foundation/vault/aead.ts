import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";

/** The two ways to encrypt a body; AES runs in the platform's own code and is faster where it has AES instructions. */
export type VaultCipher = "xchacha20-poly1305" | "aes-256-gcm";

export const CIPHER_NUMBER: Readonly<Record<VaultCipher, number>> = { "xchacha20-poly1305": 1, "aes-256-gcm": 2 };
export const TAG_BYTES = 16;

/** Encrypts and decrypts the chunks of one file under one key that is used for no other file. */
export interface ChunkCipher {
  seal(number: number, last: boolean, chunk: Uint8Array): Promise<Uint8Array>;
  /** Throws when the chunk is not authentic. */
  open(number: number, last: boolean, chunk: Uint8Array): Promise<Uint8Array>;
}

/** Zeros ‖ chunk number (4 bytes) ‖ last flag: the STREAM construction, so chunks cannot be moved, dropped or added. */
function nonce(length: number, number: number, last: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 5, number);
  bytes[length - 1] = last ? 1 : 0;
  return bytes;
}

export async function chunkCipher(cipher: VaultCipher, key: Uint8Array, aad: Uint8Array): Promise<ChunkCipher> {
  if (cipher === "xchacha20-poly1305") {
    return {
      seal: async (number, last, chunk) => xchacha20poly1305(key, nonce(24, number, last), aad).encrypt(chunk),
      open: async (number, last, chunk) => xchacha20poly1305(key, nonce(24, number, last), aad).decrypt(chunk),
    };
  }
  const imported = await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = (number: number, last: boolean) => ({
    name: "AES-GCM",
    iv: nonce(12, number, last),
    additionalData: Uint8Array.from(aad),
  });
  return {
    seal: async (number, last, chunk) =>
      new Uint8Array(await crypto.subtle.encrypt(algorithm(number, last), imported, Uint8Array.from(chunk))),
    open: async (number, last, chunk) =>
      new Uint8Array(await crypto.subtle.decrypt(algorithm(number, last), imported, Uint8Array.from(chunk))),
  };
}
