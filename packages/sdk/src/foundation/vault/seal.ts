import { sha256 } from "@noble/hashes/sha2.js";
import { type RandomBytes, secureRandom } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { chunkCipher, type VaultCipher } from "./aead.ts";
import { CHUNK_BYTES, fileKeys, prefix } from "./header.ts";
import { paddedLength } from "./padding.ts";

/** Bytes in pieces of any size. */
export type ByteStream = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface SealVaultParameters {
  /** 32 bytes. */
  readonly contentKey: Uint8Array;
  readonly document: ByteStream;
  /** What the file belongs to; opening with anything else fails. */
  readonly aad: Uint8Array;
  readonly cipher?: VaultCipher;
  readonly random?: RandomBytes;
}

/** More chunks than this would not fit the counter in the nonce. */
const MAXIMUM_CHUNKS = 2 ** 32 - 1;

/**
 * Seals a document of any size in constant memory: header, then chunks of 64 KiB each with its own tag. The length is
 * hidden by padding (0x80, then zeros, up to a Padmé length), and the last chunk is marked as such.
 */
export async function* sealVault(parameters: SealVaultParameters): AsyncGenerator<Uint8Array, void, void> {
  const { contentKey, document, aad, cipher = "xchacha20-poly1305", random = secureRandom } = parameters;
  const head = prefix(cipher, random(32));
  const { key, commitment, binding } = fileKeys(contentKey, head, aad);
  const aead = await chunkCipher(cipher, key, binding);
  yield head;
  yield commitment;

  let number = 0;
  let buffer = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let pending: Uint8Array | undefined;
  for await (const piece of padded(document)) {
    for (let at = 0; at < piece.length;) {
      if (pending !== undefined) {
        if (number >= MAXIMUM_CHUNKS)
          throw new PublicaError("SdkVaultTooLarge", "A sealed file holds at most 256 TiB.", "Seal it in parts.");
        yield await aead.seal(number, false, pending);
        number += 1;
        pending = undefined;
      }
      const take = Math.min(CHUNK_BYTES - filled, piece.length - at);
      buffer.set(piece.subarray(at, at + take), filled);
      filled += take;
      at += take;
      if (filled === CHUNK_BYTES) {
        pending = buffer;
        buffer = new Uint8Array(CHUNK_BYTES);
        filled = 0;
      }
    }
  }
  // The last chunk is the only one that may be short, and is never empty: the padding sees to that.
  yield await aead.seal(number, true, pending ?? buffer.subarray(0, filled));
  key.fill(0);
}

async function* padded(document: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  let length = 0;
  for await (const piece of document) {
    length += piece.length;
    yield piece;
  }
  yield Uint8Array.of(0x80);
  const zeros = paddedLength(length + 1) - length - 1;
  for (let left = zeros; left > 0; left -= CHUNK_BYTES) yield new Uint8Array(Math.min(left, CHUNK_BYTES));
}

/** Collects a stream; only for documents that fit into memory. */
export async function collect(stream: ByteStream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The sha-256 of a stream: what the chain commits to and what names the file in a store. */
export async function digestOf(stream: ByteStream): Promise<Uint8Array> {
  const hash = sha256.create();
  for await (const piece of stream) hash.update(piece);
  return hash.digest();
}
