import { bytesToHex, type Hex, hexToBytes, keccak256, stringToBytes } from "viem";
import { concatBytes, fromBigEndian } from "../foundation/bytes.ts";
import { type EncryptionKey, openEnvelope } from "../foundation/envelope/index.ts";
import { PublicaError } from "../foundation/errors.ts";
import {
  type Commitment,
  committedAddress,
  reconstruct,
  type Share,
  verifyShare,
} from "../foundation/threshold/index.ts";
import { type ByteStream, collect, digestOf, openVault } from "../foundation/vault/index.ts";
import { contentKey, envelopeInfo, openEscrow } from "./seal.ts";
import { manifestRoot, setupHash } from "./tree.ts";
import { type Manifest, manifestSchema } from "./types.ts";

/** Reads a manifest file; says which field is wrong. */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PublicaError(
      "SdkManifestUnreadable",
      "The manifest is not JSON; it may be cut off.",
      "Ask another heir or guardian for the manifest.",
      [],
      cause,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PublicaError(
      "SdkManifestUnreadable",
      `The manifest is damaged at ${issue?.path.join(".") || "its top"}: ${issue?.message}.`,
      "Ask another heir or guardian for the manifest.",
      [issue?.path.join(".")],
    );
  }
  return parsed.data;
}

/** The manifest as a file. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`;
}

/**
 * Checks a manifest against what the chain says, and against itself: the root, the version, and that every account in it
 * lies on the committed polynomials. Heirs do this before they accept.
 */
export function checkManifest(
  manifest: Manifest,
  onChain: { readonly version: number; readonly manifestRoot: Hex },
): void {
  if (manifest.version !== onChain.version)
    throw new PublicaError(
      "SdkManifestVersion",
      `The manifest is of version ${manifest.version}; the chain has version ${onChain.version}.`,
      "Use the manifest of the current version.",
      [manifest.version, onChain.version],
    );
  if (manifestRoot(manifest) !== onChain.manifestRoot.toLowerCase())
    throw new PublicaError(
      "SdkManifestAltered",
      "The manifest is not the one the chain commits to.",
      "Ask another heir or guardian for the manifest.",
      [manifestRoot(manifest), onChain.manifestRoot],
    );
  const wrong = offPolynomial(manifest);
  if (wrong !== undefined)
    throw new PublicaError(
      "SdkManifestDealFaulty",
      `The share of ${wrong} is not on the committed polynomial.`,
      "Do not accept; ask the testator to seal the will again. disputeHeirShare and disputeGuardianShare prove it.",
      [wrong],
    );
}

function offPolynomial(manifest: Manifest): string | undefined {
  const { terms, heirs, guardians, heirCommitments, guardianCommitments, escrowCommitments, escrow } = manifest;
  const sizes =
    heirs.length === terms.heirs &&
    guardians.length === terms.guardians &&
    heirCommitments.length === terms.heirs &&
    guardianCommitments.length === terms.threshold &&
    escrowCommitments.length === (terms.escrow ? terms.threshold : 0);
  if (!sizes) return "somebody: the lists do not fit the terms";
  for (const [at, { share }] of heirs.entries())
    if (committedAddress(heirCommitments, at + 1) !== share) return `heir ${at + 1}`;
  for (const [at, { share, escrowShare }] of guardians.entries()) {
    if (committedAddress(guardianCommitments, at + 1) !== share) return `guardian ${at + 1}`;
    if (terms.escrow && committedAddress(escrowCommitments, at + 1) !== escrowShare)
      return `guardian ${at + 1} (escrow)`;
  }
  if (terms.escrow && committedAddress(heirCommitments, terms.heirs + 1) !== escrow.share) return "the escrow";
  return undefined;
}

/** Opens heir `index`'s envelope and checks the share in it. */
export async function openHeirShare(manifest: Manifest, index: number, key: EncryptionKey): Promise<Share> {
  const [scalar] = await openScalars(manifest, "heir", index, key);
  return checked({ index, scalar: scalar as bigint }, manifest.heirCommitments, `heir ${index}`);
}

/** Opens guardian `index`'s envelope and checks the release share and, where there is one, the escrow share. */
export async function openGuardianShares(
  manifest: Manifest,
  index: number,
  key: EncryptionKey,
): Promise<{ readonly release: Share; readonly escrow: Share | undefined }> {
  const [release, escrow] = await openScalars(manifest, "guardian", index, key);
  return {
    release: checked({ index, scalar: release as bigint }, manifest.guardianCommitments, `guardian ${index}`),
    escrow:
      escrow === undefined
        ? undefined
        : checked({ index, scalar: escrow }, manifest.escrowCommitments, `guardian ${index} (escrow)`),
  };
}

async function openScalars(
  manifest: Manifest,
  role: "heir" | "guardian",
  index: number,
  key: EncryptionKey,
): Promise<bigint[]> {
  const holder = (role === "heir" ? manifest.heirs : manifest.guardians)[index - 1];
  if (holder === undefined)
    throw new PublicaError(
      "SdkHolderUnknown",
      `The manifest has no ${role} ${index}.`,
      "Indices run from 1 in the manifest's order.",
      [role, index],
    );
  const info = envelopeInfo(manifest, role, index, setupHash(manifest));
  const plain = await openEnvelope({ key, envelope: holder.envelope, info });
  const scalars: bigint[] = [];
  for (let at = 0; at + 32 <= plain.length; at += 32) scalars.push(fromBigEndian(plain.subarray(at, at + 32)));
  const expected = role === "guardian" && manifest.terms.escrow ? 2 : 1;
  if (scalars.length !== expected || plain.length !== expected * 32) throw dealFaulty(`${role} ${index}`);
  return scalars;
}

function checked(share: Share, commitments: readonly Commitment[], who: string): Share {
  if (!verifyShare(share, commitments)) throw dealFaulty(who);
  return share;
}

function dealFaulty(who: string): PublicaError {
  return new PublicaError(
    "SdkManifestDealFaulty",
    `The envelope of ${who} holds something else than its share.`,
    "Do not accept; ask the testator to seal the will again.",
    [who],
  );
}

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

/** Opens a will, or names the file or the share at fault. */
export async function openWill(parameters: OpenWillParameters): Promise<Uint8Array> {
  const { manifest, file, heirShares, guardianShares, escrowShares } = parameters;
  const sealed = await collect(file);
  const releaseKey = named("guardian", () => reconstruct(guardianShares, manifest.guardianCommitments));
  const all = [...heirShares];
  if (escrowShares !== undefined) {
    const escrowKey = named("escrow", () => reconstruct(escrowShares, manifest.escrowCommitments));
    all.push(openEscrow(manifest, manifest.escrow.blob, escrowKey, manifest.terms.heirs + 1));
  }
  const heirKey = named("heir", () => reconstruct(all, manifest.heirCommitments));
  const key = contentKey(manifest, heirKey, releaseKey);
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
      `Shares of ${kind}s: ${error.message}`,
      error.remedy,
      [kind, ...error.values],
      error,
    );
  }
}
