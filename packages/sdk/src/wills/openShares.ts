import { fromBigEndian } from "../foundation/bytes.ts";
import { type EncryptionKey, openEnvelope } from "../foundation/envelope/index.ts";
import { PublicaError } from "../foundation/errors.ts";
import { type Commitment, type Share, verifyShare } from "../foundation/threshold/index.ts";
import { envelopeInfo } from "./sealWill.ts";
import { setupHash } from "./tree.ts";
import type { Manifest } from "./types.ts";

export type OpenHeirShareErrorType = PublicaError;
export type OpenGuardianSharesErrorType = PublicaError;

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
