import type { Hex } from "viem";
import { PublicaError } from "../foundation/errors.ts";
import { committedAddress } from "../foundation/threshold/index.ts";
import { manifestRoot } from "./tree.ts";
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
