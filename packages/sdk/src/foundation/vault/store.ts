import { sha256 } from "@noble/hashes/sha2.js";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import * as Digest from "multiformats/hashes/digest";
import { type Hex, hexToBytes, toHex } from "viem";
import { equalBytes } from "../bytes.ts";
import { PublicaError } from "../errors.ts";

/** Multihash code of sha-256. */
const SHA2_256 = 0x12;

/** Where sealed files are kept. Only ciphertext goes in; a name is the CID of the bytes, so reading verifies. */
export interface CiphertextStore {
  /** Keeps the bytes and returns their CID. Putting the same bytes again is harmless. */
  put(bytes: Uint8Array): Promise<string>;
  get(cid: string): Promise<Uint8Array>;
  has(cid: string): Promise<boolean>;
  /** Only where the back end really deletes. */
  delete?(cid: string): Promise<void>;
  /** Whether the back end promises to keep the file, for networks where that is not a matter of course. */
  pinStatus?(cid: string): Promise<"pinned" | "queued" | "missing">;
}

/** The CID (version 1, raw, sha-256) of a digest; the chain stores only the digest. */
export function cidOfDigest(digest: Hex): string {
  return CID.createV1(raw.code, Digest.create(SHA2_256, hexToBytes(digest))).toString();
}

/** The CID of `bytes`. */
export function cidOf(bytes: Uint8Array): string {
  return cidOfDigest(toHex(sha256(bytes)));
}

/** The sha-256 digest inside a CID; refuses other hashes and codecs. */
export function digestOfCid(cid: string): Hex {
  let parsed: CID;
  try {
    parsed = CID.parse(cid);
  } catch (cause) {
    throw malformed(cid, cause);
  }
  if (parsed.code !== raw.code || parsed.multihash.code !== SHA2_256) throw malformed(cid);
  return toHex(parsed.multihash.digest);
}

/** Fails unless `bytes` are what `cid` names. */
export function verifyCid(cid: string, bytes: Uint8Array): void {
  if (!equalBytes(hexToBytes(digestOfCid(cid)), sha256(bytes)))
    throw new PublicaError(
      "SdkStoreAltered",
      `What the store returned for ${cid} is something else.`,
      "Fetch the file from another store; this one is damaged or lies.",
      [cid],
    );
}

export function notStored(cid: string): PublicaError {
  return new PublicaError("SdkStoreMissing", `The store does not hold ${cid}.`, "Ask another store, or an heir.", [
    cid,
  ]);
}

/** The same store with every read verified, and every write checked to have got the right name. */
export function verifiedStore(store: CiphertextStore): CiphertextStore {
  return {
    ...(store.delete === undefined ? {} : { delete: store.delete.bind(store) }),
    ...(store.pinStatus === undefined ? {} : { pinStatus: store.pinStatus.bind(store) }),
    has: (cid) => store.has(cid),
    async put(bytes) {
      const cid = await store.put(bytes);
      verifyCid(cid, bytes);
      return cid;
    },
    async get(cid) {
      const bytes = await store.get(cid);
      verifyCid(cid, bytes);
      return bytes;
    },
  };
}

/** Keeps files in memory: for tests and for pages that hand the file to the person. */
export function memoryStore(files: Map<string, Uint8Array> = new Map()): CiphertextStore {
  return verifiedStore({
    async put(bytes) {
      const cid = cidOf(bytes);
      files.set(cid, Uint8Array.from(bytes));
      return cid;
    },
    async get(cid) {
      const bytes = files.get(cid);
      if (bytes === undefined) throw notStored(cid);
      return bytes;
    },
    has: async (cid) => files.has(cid),
    async delete(cid) {
      files.delete(cid);
    },
  });
}

function malformed(cid: string, cause?: unknown): PublicaError {
  return new PublicaError(
    "SdkCidMalformed",
    `${cid} is not the CID of a sealed file.`,
    "Sealed files have CIDs of version 1, raw, sha-256.",
    [cid],
    cause,
  );
}
