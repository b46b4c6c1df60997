import { shareAddress, signWithShare } from "@publica/sdk/crypto";
import { PublicaError } from "@publica/sdk";
import {
  checkManifest,
  disputeGuardianShare,
  disputeHeirShare,
  type Manifest,
  proveFalseDelivery,
  proveLeak,
  recordGuardianHealth,
  recordHeirHealth,
  recordWitness,
  willDigest,
  willTypedData,
  witnessStatement,
} from "@publica/sdk/wills";
import { type Address, hexToBigInt, isAddressEqual, keccak256, stringToHex } from "viem";
import { z } from "zod";
import { chainNow } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import type { Wallet } from "../lib/wallet.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  position,
  type Prepared,
  readSignedOf,
  readText,
  sign,
  signedSchema,
  step,
} from "./office.ts";
import { readDelivery } from "./opening.ts";
import { type ManifestKeyOptions, ownGuardianShares, ownShare } from "./shares.ts";

// ---------------------------------------------------------------- witnesses

const witnessSchema = signedSchema("publica/witness/1", { role: z.string().min(1), witness: hex, signature: hex });
type Testimony = z.infer<typeof witnessSchema>;

/** A witness's or notary's signature over the sealed file and both locks, as the chain has them. */
export async function testify(office: Office, wallet: Wallet, manifest: Manifest, role: string): Promise<Testimony> {
  const { willId, version, chainId } = manifest;
  const message = { willId, version, ...witnessStatement(manifest), roleHash: roleHash(role) };
  const signature = await sign(wallet, willTypedData(chainId, office.evidence, "Witness", message));
  return { format: "publica/witness/1", willId, version, role, witness: wallet.address, signature };
}

export const readTestimony = (io: Io, manifest: Manifest, file: string): Testimony =>
  readSignedOf(manifest, io, file, witnessSchema, "signed testimony", "the witness");

export function planTestimony(
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  testimonies: readonly Testimony[],
): Prepared {
  return {
    plan: {
      facts: [["will", `${manifest.willId}, version ${manifest.version}`]],
      data: { willId: manifest.willId, witnesses: testimonies.map(({ role, witness }) => ({ role, witness })) },
      steps: testimonies.map(({ role, witness, signature }) =>
        step(office, sender, `record the signature of ${witness} as ${role}`, (from) =>
          recordWitness(from, {
            evidence: office.evidence,
            manifest,
            witness: witness as Address,
            roleHash: roleHash(role),
            signature,
          }),
        ),
      ),
    },
  };
}

const roleHash = (role: string) => keccak256(stringToHex(role));

// ---------------------------------------------------------------- health checks

const HOLDERS = { heir: 1, guardian: 2 } as const;
type Holder = keyof typeof HOLDERS;

const healthSchema = signedSchema("publica/health/1", {
  holder: z.enum(["heir", "guardian"]),
  index: position,
  checkedAt: z.int(),
  share: z.object({ r: hex, vs: hex }),
});
type HealthCheck = z.infer<typeof healthSchema>;

/** The share signs the present time, which proves that it is still there without showing it. */
export async function checkHealth(
  io: Io,
  office: Office,
  wallet: Wallet,
  { manifest }: LoadedWill,
  options: ManifestKeyOptions & { readonly as?: Holder | undefined },
): Promise<HealthCheck> {
  const holder = options.as ?? holderOf(manifest, wallet.address);
  const { index, share } =
    holder === "heir"
      ? await ownShare(io, wallet, manifest, options)
      : await guardianShare(io, wallet, manifest, options);
  const { willId, version, chainId } = manifest;
  // A little back: not every node behind an endpoint is at the newest block.
  const checkedAt = (await chainNow(office.context.client)) - 120;
  const message = { willId, version, role: HOLDERS[holder], index, checkedAt };
  const digest = willDigest(willTypedData(chainId, office.evidence, "Health", message));
  const signature = signWithShare(share.scalar, digest);
  return { format: "publica/health/1", willId, version, holder, index, checkedAt, share: signature };
}

async function guardianShare(...own: Parameters<typeof ownGuardianShares>) {
  const { index, release } = await ownGuardianShares(...own);
  return { index, share: release };
}

function holderOf(manifest: Manifest, account: Address): Holder {
  const holds = (list: readonly { readonly wallet: Address }[]): boolean =>
    list.some(({ wallet }) => isAddressEqual(wallet, account));
  const [isHeir, isGuardian] = [holds(manifest.heirs), holds(manifest.guardians)];
  if (isHeir && isGuardian) throw new UsageError("you are heir and guardian: say which share with --as heir|guardian");
  if (!isHeir && !isGuardian)
    throw new CliError(`${account} holds no share of this will`, "Heirs and guardians do; name one's wallet.");
  return isHeir ? "heir" : "guardian";
}

export const readHealth = (io: Io, manifest: Manifest, file: string): HealthCheck =>
  readSignedOf(manifest, io, file, healthSchema, "signed health check", "the holder");

export function planHealth(
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  checks: readonly HealthCheck[],
): Prepared {
  const { evidence } = office;
  return {
    plan: {
      facts: [["will", `${manifest.willId}, version ${manifest.version}`]],
      data: {
        willId: manifest.willId,
        checks: checks.map(({ holder, index, checkedAt }) => ({ holder, index, checkedAt })),
      },
      steps: checks.map(({ holder, index, checkedAt, share }) =>
        step(office, sender, `record that the share of ${holder} ${index} is still there`, (from) =>
          holder === "heir"
            ? recordHeirHealth(from, { evidence, manifest, heir: index, checkedAt, signature: share })
            : recordGuardianHealth(from, { evidence, manifest, guardian: index, checkedAt, signature: share }),
        ),
      ),
    },
  };
}

// ---------------------------------------------------------------- leaks and false shares

/** Proves, without showing it, that a guardian's share came into the sender's hands before the release. */
export function planLeak(
  io: Io,
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  shareFile: string,
): Prepared {
  const text = readText(io, shareFile, "share file").trim();
  if (!/^0x[0-9a-fA-F]{64}$/.test(text))
    throw new CliError(`${shareFile} holds no share`, "A share is 0x and 64 hex digits, alone in its file.");
  const scalar = hexToBigInt(text as `0x${string}`);
  const account = shareAddress(scalar);
  const guardian = 1 + manifest.guardians.findIndex(({ share }) => isAddressEqual(share, account));
  if (guardian === 0)
    throw new CliError(
      `the share in ${shareFile} is no guardian's of version ${manifest.version}`,
      "Shares of the escrow key, of heirs and of other versions cannot be proven to have leaked.",
    );
  const { willId, version, chainId } = manifest;
  const message = { willId, version, guardian, reporter: sender };
  const signature = signWithShare(scalar, willDigest(willTypedData(chainId, office.registry, "Leak", message)));
  return {
    plan: {
      facts: [
        ["will", `${willId}, version ${version}`],
        ["guardian", `${guardian}, who has no vote any more`],
        ["then", "the testator should seal a new version: publica will create --supersede"],
      ],
      data: { willId, guardian },
      steps: [
        step(office, sender, `prove that the share of guardian ${guardian} leaked`, (from) =>
          proveLeak(from, { registry: office.registry, manifest, guardian, signature }),
        ),
      ],
    },
  };
}

/** Convicts the heir who signed the delivery of a false share. */
export async function planDeliveryDispute(
  io: Io,
  office: Office,
  wallet: Wallet,
  { manifest }: LoadedWill,
  options: ManifestKeyOptions & { readonly delivery: string },
): Promise<Prepared> {
  const { key } = await ownShare(io, wallet, manifest, options);
  const { share, signature, isSigned, isFalse } = await readDelivery(
    io,
    wallet,
    manifest,
    key,
    options.delivery,
    office,
  );
  if (!isFalse) throw new CliError(`${options.delivery} holds the right share`, "There is nothing to prove.");
  if (!isSigned)
    throw new CliError(`${options.delivery} is not signed by heir ${share.index}`, "Anybody may have made it.");
  const delivery = { index: share.index, to: wallet.address, share: share.scalar };
  return {
    plan: {
      facts: [["will", `${manifest.willId}, version ${manifest.version}`]],
      data: { willId: manifest.willId, heir: share.index },
      steps: [
        step(office, wallet.address, `prove that heir ${share.index} signed the delivery of a false share`, (from) =>
          proveFalseDelivery(from, { evidence: office.evidence, manifest, delivery, signature }),
        ),
      ],
    },
  };
}

/** Proves that the testator put an account into the manifest that is not on the committed polynomial. */
export function planDealDispute(
  office: Office,
  sender: Address,
  { manifest, will }: LoadedWill,
  file: string,
): Prepared {
  const [, holder, at] = /^(heir|guardian) (\d+)$/.exec(faultOf(manifest, will, file)) ?? [];
  if (at === undefined)
    throw new CliError(`${file} is faulty in a way the chain cannot be shown`, "Do not accept; ask for a new version.");
  const { evidence } = office;
  return {
    plan: {
      facts: [["will", `${manifest.willId}, version ${manifest.version}`]],
      data: { willId: manifest.willId, holder, index: Number(at) },
      steps: [
        step(office, sender, `prove that the share of ${holder} ${at} is off the committed polynomial`, (from) =>
          holder === "heir"
            ? disputeHeirShare(from, { evidence, manifest, heir: Number(at) })
            : disputeGuardianShare(from, { evidence, manifest, guardian: Number(at) }),
        ),
      ],
    },
  };
}

/** Whose share the manifest names wrongly, though it is the manifest the chain commits to. */
function faultOf(manifest: Manifest, will: LoadedWill["will"], file: string): string {
  try {
    checkManifest(manifest, will);
  } catch (error) {
    if (error instanceof PublicaError && error.code === "SdkManifestDealFaulty") return String(error.values[0]);
    throw error;
  }
  throw new CliError(`${file} names every share as it was committed to`, "There is nothing to prove.");
}
