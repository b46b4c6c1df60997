import type { EncryptionKey, EnvelopeSuite, Share } from "@publica/sdk/crypto";
import { type Manifest, openGuardianShares, openHeirShare } from "@publica/sdk/wills";
import type { Io } from "../lib/io.ts";
import type { Wallet } from "../lib/wallet.ts";
import { placeOf, withFile } from "./office.ts";
import { encryptionKeyOf } from "./people.ts";

/** Which encryption key opens the caller's envelope. */
interface KeyOptions {
  readonly encryptionKey?: string | undefined;
  readonly encryptionPasswordFile?: string | undefined;
}

export interface ManifestKeyOptions extends KeyOptions {
  readonly manifest: string;
}

interface OwnShare {
  /** 1, 2 … */
  readonly index: number;
  readonly share: Share;
  readonly key: EncryptionKey;
}

/** The share in the envelope of the heir whose wallet this is. */
export async function ownShare(
  io: Io,
  wallet: Wallet,
  manifest: Manifest,
  options: ManifestKeyOptions,
): Promise<OwnShare> {
  const { index, suite } = holder(manifest.heirs, wallet, "heir");
  const key = await encryptionKeyOf(io, wallet, suite, options.encryptionKey, options.encryptionPasswordFile);
  return { index, share: await ofFile(options, openHeirShare(manifest, index, key)), key };
}

/** The shares in the envelope of the guardian whose wallet this is: of the second lock, and of the escrow key. */
export async function ownGuardianShares(
  io: Io,
  wallet: Wallet,
  manifest: Manifest,
  options: ManifestKeyOptions,
): Promise<{ readonly index: number; readonly release: Share; readonly escrow: Share | undefined }> {
  const { index, suite } = holder(manifest.guardians, wallet, "guardian");
  const key = await encryptionKeyOf(io, wallet, suite, options.encryptionKey, options.encryptionPasswordFile);
  return { index, ...(await ofFile(options, openGuardianShares(manifest, index, key))) };
}

function holder(
  holders: readonly { readonly wallet: `0x${string}`; readonly suite: EnvelopeSuite }[],
  wallet: Wallet,
  role: string,
): { readonly index: number; readonly suite: EnvelopeSuite } {
  const wallets = holders.map((one) => one.wallet);
  const index = placeOf(wallets, wallet.address, role);
  return { index, suite: holders[index - 1]?.suite ?? "x25519" };
}

async function ofFile<T>({ manifest }: ManifestKeyOptions, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw withFile(manifest, error);
  }
}
