import {
  type Address,
  type Hex,
  isAddressEqual,
  parseSignature,
  recoverAddress,
  signatureToCompactSignature,
  zeroHash,
} from "viem";
import { PublicaError } from "../foundation/errors.ts";
import type { ShareSignature } from "../foundation/threshold/index.ts";
import { manifestRoot } from "./tree.ts";
import { acceptanceTypedData, willDigest } from "./typedData.ts";
import type { Manifest } from "./types.ts";

/** One heir's acceptance: the wallet's signature and the share's, over the same digest. */
export interface Acceptance {
  /** 1, 2 … */
  readonly index: number;
  /** By a key in 65 bytes, or whatever a contract account takes (ERC-1271). */
  readonly walletSignature: Hex;
  readonly share: ShareSignature;
}

interface AcceptanceHalves {
  readonly walletR: Hex;
  readonly walletVs: Hex;
  readonly shareR: Hex;
  readonly shareVs: Hex;
}

const NO_ACCEPTANCE: AcceptanceHalves = { walletR: zeroHash, walletVs: zeroHash, shareR: zeroHash, shareVs: zeroHash };

/** The heirs as the contracts take them. */
export const heirList = (manifest: Manifest): { readonly wallet: Address; readonly share: Address }[] =>
  manifest.heirs.map(({ wallet, share }) => ({ wallet, share }));

/** Acceptances as the registry takes them: one for each heir, signatures of contract accounts apart. */
export async function acceptanceArguments(manifest: Manifest, acceptances: readonly Acceptance[]) {
  const root = manifestRoot(manifest);
  const halves: AcceptanceHalves[] = manifest.heirs.map(() => NO_ACCEPTANCE);
  const contracts: Hex[] = [];
  for (const { index, walletSignature, share } of [...acceptances].sort((a, b) => a.index - b.index)) {
    const heir = manifest.heirs[index - 1];
    if (heir === undefined)
      throw new PublicaError("SdkHolderUnknown", `The manifest has no heir ${index}.`, "Indices run from 1.", [index]);
    const hash = willDigest(acceptanceTypedData(manifest, root, index, heir.wallet));
    const signer = await recoverAddress({ hash, signature: walletSignature }).catch(() => undefined);
    const isKey = signer !== undefined && isAddressEqual(signer, heir.wallet);
    if (!isKey) contracts.push(walletSignature);
    const compact = isKey ? signatureToCompactSignature(parseSignature(walletSignature)) : undefined;
    halves[index - 1] = {
      walletR: compact?.r ?? zeroHash,
      walletVs: compact?.yParityAndS ?? zeroHash,
      shareR: share.r,
      shareVs: share.vs,
    };
  }
  return { heirs: heirList(manifest), halves, contracts };
}
