import { randomBytes } from "node:crypto";
import {
  claimDeath,
  claimOverdue,
  extendWindow,
  finaliseWill,
  getClaimBond,
  publishEscrowShare,
  publishShare,
  vetoByKey,
  vetoClaim,
  willTypedData,
} from "@publica/sdk/wills";
import { type Address, bytesToHex, concat, formatEther, type Hex, keccak256 } from "viem";
import { z } from "zod";
import { chainNow } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io, Report } from "../lib/io.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import type { Wallet } from "../lib/wallet.ts";
import { requireFinal, requireFinalLoss } from "./finality.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  placeOf,
  type Prepared,
  readBytes,
  readSigned,
  requireFree,
  sign,
  signedSchema,
  step,
  writeSigned,
} from "./office.ts";
import { type ManifestKeyOptions, ownGuardianShares } from "./shares.ts";

const certificateSchema = signedSchema("publica/death-certificate/1", {
  claim: z.int(),
  evidenceHash: hex,
  /** Opens the hash to whoever has the document; never goes on chain. */
  salt: hex,
  timeOfDeath: z.int(),
  signer: hex,
  signature: hex,
});

const readCertificate = (io: Io, file: string) =>
  readSigned(io, file, certificateSchema, "signed certificate", "the registrar");

export interface CertifyOptions {
  readonly evidence: string;
  /** Unix seconds. */
  readonly died: number;
  /** Another registrar's certificate over the same document: its salt is used again. */
  readonly beside?: string | undefined;
  readonly out: string;
}

/** A registrar's signature that the testator died. The document stays with the registrar; only a salted hash is signed. */
export async function certify(
  io: Io,
  office: Office,
  wallet: Wallet,
  { manifest, will }: LoadedWill,
  { evidence, died, beside, out }: CertifyOptions,
): Promise<Report> {
  requireFree(io, out);
  const other = beside === undefined ? undefined : readCertificate(io, beside);
  const salt = other?.salt ?? bytesToHex(randomBytes(32));
  const evidenceHash = keccak256(concat([salt, keccak256(readBytes(io, evidence, "evidence"))]));
  if (other !== undefined && (other.evidenceHash !== evidenceHash || other.timeOfDeath !== died))
    throw new CliError(`${beside} certifies another document or another time`, "Registrars sign the same facts.");
  const { willId, version } = manifest;
  const facts = { willId, version, claim: will.claims + 1, evidenceHash, timeOfDeath: died };
  const signature = await sign(wallet, willTypedData(office.context.chainId, office.registry, "Death", facts));
  const certificate = { format: "publica/death-certificate/1", ...facts, salt, signer: wallet.address, signature };
  writeSigned(io, out, certificate);
  return {
    data: { file: out, evidenceHash, registrar: wallet.address },
    text: pairs([
      ["signed by", wallet.address],
      ["died", new Date(died * 1000).toISOString()],
      ["written to", `${out}: for the other registrars and for who claims`],
    ]),
  };
}

export function planDeathClaim(
  io: Io,
  office: Office,
  sender: Address,
  loaded: LoadedWill,
  files: readonly string[],
): Prepared {
  const { manifest, will } = loaded;
  const certificates = files.map((file) => {
    const certificate = readCertificate(io, file);
    if (
      certificate.willId !== manifest.willId ||
      certificate.version !== manifest.version ||
      certificate.claim !== will.claims + 1
    )
      throw new CliError(`${file} is of another will, version or claim`, "Ask the registrar to certify again.");
    return certificate;
  });
  const [first] = certificates;
  if (first === undefined) throw new UsageError("name the certificates");
  const differs = certificates.findIndex(
    ({ evidenceHash, timeOfDeath }) => evidenceHash !== first.evidenceHash || timeOfDeath !== first.timeOfDeath,
  );
  if (differs > 0)
    throw new CliError(`${files[differs]} certifies other facts than ${files[0]}`, "Sign the same facts.");
  const { evidenceHash, timeOfDeath } = first;
  const registrars = certificates.map(({ signer, signature }) => ({ signer: signer as Address, signature }));
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["window", `${will.terms.quorumWindowDays} days, in which the testator may veto`],
      ],
      data: { willId: manifest.willId, evidenceHash, timeOfDeath },
      steps: [
        step(office, sender, `claim the death on the word of ${registrars.length} registrars`, (from) =>
          claimDeath(from, {
            registry: office.registry,
            willId: manifest.willId,
            evidenceHash,
            timeOfDeath,
            registrars,
          }),
        ),
      ],
    },
  };
}

export async function planOverdueClaim(
  office: Office,
  sender: Address,
  { manifest, will }: LoadedWill,
): Promise<Prepared> {
  const { registry, context } = office;
  placeOf(manifest.executors, sender, "executor");
  const bond = await getClaimBond(context.client, { registry });
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["bond", `${formatEther(bond)} ETH, lost to the testator if the claim is vetoed`],
        ["window", `${will.terms.overdueWindowDays} days`],
      ],
      data: { willId: manifest.willId, bond },
      steps: [
        step(office, sender, "claim that the heartbeat is overdue", (from) =>
          claimOverdue(from, { registry, manifest, bond }),
        ),
      ],
    },
  };
}

export function planVeto(office: Office, sender: Address, willId: Hex, byKey: LoadedWill | undefined): Prepared {
  const { registry } = office;
  return {
    plan: {
      facts: [["will", willId]],
      data: { willId, byKey: byKey !== undefined },
      steps: [
        step(office, sender, "veto the claim: the testator lives", (from) =>
          byKey === undefined
            ? vetoClaim(from, { registry, willId })
            : vetoByKey(from, { registry, manifest: byKey.manifest }),
        ),
      ],
    },
  };
}

/** A guardian lengthens the window of a pending claim; nobody can shorten it. */
export function planExtension(office: Office, sender: Address, { manifest, will }: LoadedWill): Prepared {
  const { registry } = office;
  const guardians = manifest.guardians.map(({ wallet }) => wallet);
  const guardian = placeOf(guardians, sender, "guardian");
  if (will.state !== "claimed")
    throw new CliError(`the will is ${will.state}: no window runs`, "publica will status tells what comes next.");
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["window", `ends 30 days after ${utc(will.windowEnd)}; each guardian may do so once a claim, three in all`],
      ],
      data: { willId: manifest.willId, guardian },
      steps: [
        step(office, sender, "lengthen the window by 30 days", (from) =>
          extendWindow(from, { registry, manifest, guardian }),
        ),
      ],
    },
  };
}

/** Ends the window; anyone may, and nothing is published yet. */
export async function planFinalising(
  office: Office,
  sender: Address,
  { manifest, will }: LoadedWill,
): Promise<Prepared> {
  const now = await chainNow(office.context.client);
  if (now < will.windowEnd)
    throw new CliError(`the veto window ends ${relative(will.windowEnd, now)}`, "Nothing can be published before.");
  const { willId } = manifest;
  return {
    plan: {
      facts: [
        ["will", willId],
        ["then", "run publica will publish once the block is final"],
      ],
      data: { willId, finalise: true },
      steps: [
        step(office, sender, "release the will", (from) => finaliseWill(from, { registry: office.registry, willId })),
      ],
    },
  };
}

/** Publishes the guardian's share, or with `escrow` its share of the escrow key. */
export async function planPublication(
  io: Io,
  office: Office,
  wallet: Wallet,
  loaded: LoadedWill,
  options: ManifestKeyOptions & { readonly escrow?: true | undefined },
): Promise<Prepared> {
  const { manifest } = loaded;
  const { registry, heirLoss, context } = office;
  await requireFinal(context.client, registry, manifest.willId, loaded.will.state);
  if (options.escrow) await requireFinalLoss(context.client, heirLoss, manifest.willId);
  const { index, ...shares } = await ownGuardianShares(io, wallet, manifest, options);
  const share = options.escrow ? shares.escrow : shares.release;
  if (share === undefined) throw new CliError("the will has no escrowed share", "All heirs open it together.");
  const what = options.escrow ? "share of the escrow key" : "share";
  return {
    plan: {
      facts: [
        ["will", `${manifest.willId}, version ${manifest.version}`],
        ["guardian", String(index)],
        ["for ever", "a published share cannot be taken back"],
      ],
      data: { willId: manifest.willId, guardian: index, escrow: options.escrow ?? false },
      steps: [
        step(office, wallet.address, `publish the ${what} of guardian ${index}`, (from) =>
          options.escrow
            ? publishEscrowShare(from, { heirLoss, manifest, share })
            : publishShare(from, { registry, manifest, share }),
        ),
      ],
    },
  };
}
