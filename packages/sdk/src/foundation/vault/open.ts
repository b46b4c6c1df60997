import { equalBytes } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { chunkCipher, TAG_BYTES } from "./aead.ts";
import { CHUNK_BYTES, fileKeys, HEADER_BYTES, readHeader, truncated } from "./header.ts";
import type { ByteStream } from "./seal.ts";

export interface OpenVaultParameters {
  readonly contentKey: Uint8Array;
  readonly file: ByteStream;
  readonly aad: Uint8Array;
}

const SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES;

/**
 * Opens a sealed file in constant memory. Pieces come out only after their chunk has been authenticated, but a file may
 * still turn out truncated at its end: whoever writes them to disk keeps them under another name until this returns.
 */
export async function* openVault({ contentKey, file, aad }: OpenVaultParameters): AsyncGenerator<Uint8Array, void> {
  const reader = new Reader(file);
  const head = await reader.take(HEADER_BYTES);
  const { cipher, head: fixed, commitment } = readHeader(head);
  const keys = fileKeys(contentKey, fixed, aad);
  if (!equalBytes(keys.commitment, commitment))
    throw new PublicaError(
      "SdkVaultWrongKey",
      "The key does not open this file, or the file belongs to another version.",
      "Check that shares, manifest and file are of the same version.",
    );
  const aead = await chunkCipher(cipher, keys.key, keys.binding);

  const unpad = new Unpadding();
  for (let number = 0; ; number += 1) {
    const chunk = await reader.take(SEALED_CHUNK);
    const last = await reader.atEnd();
    if (chunk.length <= TAG_BYTES) throw truncated(reader.consumed);
    const plain = await aead.open(number, last, chunk).catch(async (cause: unknown) => {
      // A chunk that is whole but not marked as the last one: something behind it is missing.
      const cut =
        last &&
        (await aead.open(number, false, chunk).then(
          () => true,
          () => false,
        ));
      if (cut) throw truncated(reader.consumed);
      throw new PublicaError(
        "SdkVaultAltered",
        `The sealed file is damaged or altered in its chunk ${number}.`,
        "Fetch the file again; the original is untouched.",
        [number],
        cause,
      );
    });
    yield* unpad.push(plain);
    if (last) break;
  }
  unpad.finish();
  keys.key.fill(0);
}

/** Removes 0x80 00 … 00 from the end of a stream without knowing where the end is. */
class Unpadding {
  #marker = false;
  #zeros = 0;

  *push(plain: Uint8Array): Generator<Uint8Array, void> {
    let end = plain.length;
    while (end > 0 && plain[end - 1] === 0) end -= 1;
    if (end === 0) {
      this.#zeros += plain.length;
      return;
    }
    yield* this.#release();
    this.#zeros = plain.length - end;
    this.#marker = plain[end - 1] === 0x80;
    const content = plain.subarray(0, this.#marker ? end - 1 : end);
    if (content.length > 0) yield content;
  }

  /** What was held back turns out to be content. */
  *#release(): Generator<Uint8Array, void> {
    if (this.#marker) yield Uint8Array.of(0x80);
    for (let left = this.#zeros; left > 0; left -= CHUNK_BYTES) yield new Uint8Array(Math.min(left, CHUNK_BYTES));
    this.#marker = false;
    this.#zeros = 0;
  }

  finish(): void {
    if (!this.#marker)
      throw new PublicaError("SdkVaultPadding", "The sealed file has no padding.", "Ask its author to seal it again.");
  }
}

/** Pieces of any size in, pieces of exactly the size asked for out. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffer = new Uint8Array();
  #done = false;
  consumed = 0;

  constructor(stream: ByteStream) {
    this.#source = (async function* () {
      yield* stream;
    })();
  }

  async #fill(length: number): Promise<void> {
    if (this.#buffer.length >= length || this.#done) return;
    const pieces = [this.#buffer];
    let size = this.#buffer.length;
    while (size < length) {
      const next = await this.#source.next();
      if (next.done) {
        this.#done = true;
        break;
      }
      pieces.push(Uint8Array.from(next.value));
      size += next.value.length;
    }
    const joined = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#buffer = joined;
  }

  /** Up to `length` bytes; fewer only at the end. */
  async take(length: number): Promise<Uint8Array> {
    await this.#fill(length);
    const taken = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    this.consumed += taken.length;
    return taken;
  }

  async atEnd(): Promise<boolean> {
    await this.#fill(1);
    return this.#buffer.length === 0;
  }
}
