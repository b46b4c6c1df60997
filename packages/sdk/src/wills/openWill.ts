import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, type Hex, hexToBytes, keccak256, stringToBytes } from "viem";
import { concatBytes } from "../foundation/bytes.ts";
import { PublicaError } from "../foundation/errors.ts";
import { reconstruct, type Share } from "../foundation/threshold/index.ts";
import { type ByteStream, collect, digestOf, openVault } from "../foundation/vault/index.ts";
import { contentKey, openEscrow } from "./sealWill.ts";
import { setupHash } from "./tree.ts";
import type { Manifest } from "./types.ts";

export interface OpenWillParameters {
  readonly manifest: Manifest;
  /** The sealed file. */
  readonly file: ByteStream;
  /** Shares of heirs, from the heirs themselves. */
  readonly heirShares: readonly Share[];
  /** Release shares, as guardians published them. */
  readonly guardianShares: readonly Share[];
  /** Escrow shares, as guardians published them after `HeirLost`; only then N−1 heirs are enough. */
  readonly escrowShares?: readonly Share[];
}

/** The document, byte for byte. */
export type OpenWillReturnType = Uint8Array;
export type OpenWillErrorType = PublicaError;

/** Opens a will, or names the file or the share at fault. */
export async function openWill(parameters: OpenWillParameters): Promise<OpenWillReturnType> {
  const { manifest, file } = parameters;
  const sealed = await collect(file);
  const key = unlockWill(parameters);
  const aad = hexToBytes(setupHash(manifest));
  // The stream's own checks first: they say what is wrong with the file and where.
  const document = await collect(openVault({ contentKey: key, file: [sealed], aad }));
  key.fill(0);
  if (bytesToHex(await digestOf([sealed])) !== manifest.ciphertextHash.toLowerCase())
    throw new PublicaError(
      "SdkVaultOther",
      "The sealed file is not the one the manifest names.",
      "Fetch the file the manifest names.",
      [manifest.cid],
    );
  return document;
}

export type UnlockWillParameters = Omit<OpenWillParameters, "file">;

/** The content key, from the shares alone. Forget it as soon as it has been used. */
export function unlockWill(parameters: UnlockWillParameters): Uint8Array {
  const { manifest, heirShares, guardianShares, escrowShares } = parameters;
  const releaseKey = named("guardian", () => reconstruct(guardianShares, manifest.guardianCommitments));
  const all = [...heirShares];
  if (escrowShares !== undefined) {
    const escrowKey = named("escrow", () => reconstruct(escrowShares, manifest.escrowCommitments));
    all.push(openEscrow(manifest, manifest.escrow.blob, escrowKey, manifest.terms.heirs + 1));
  }
  const heirKey = named("heir", () => reconstruct(all, manifest.heirCommitments));
  return contentKey(manifest, heirKey, releaseKey);
}

/** The salt of the commitment: whoever opened the will computes the same, nobody else can. */
export function openingSalt(key: Uint8Array): Hex {
  return bytesToHex(hkdf(sha256, key, undefined, stringToBytes("publica/will/opening-salt/1"), 32));
}

/** The salted hash heirs commit to when they have opened the will. */
export function openingCommitment(document: Uint8Array, salt: Hex): Hex {
  return keccak256(
    concatBytes(stringToBytes("publica/will/opened/1"), hexToBytes(salt), hexToBytes(keccak256(document))),
  );
}

function named<T>(kind: "heir" | "guardian" | "escrow", action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof PublicaError)) throw error;
    throw new PublicaError(
      error.code,
      `Shares of ${kind === "escrow" ? "the escrow key" : `${kind}s`}: ${error.message}`,
      error.remedy,
      [kind, ...error.values],
      error,
    );
  }
}
