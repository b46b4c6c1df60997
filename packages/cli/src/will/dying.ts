import { randomBytes } from "node:crypto";
import { type EncryptionKey, openEnvelope, sealEnvelope, type Share, verifyShare } from "@publica/sdk/crypto";
import {
  claimDeath,
  claimOverdue,
  finaliseWill,
  getClaimBond,
  getEscrowShares,
  getHeirLoss,
  getPublishedShares,
  openGuardianShares,
  openHeirShare,
  openingCommitment,
  openingSalt,
  openWill,
  publishEscrowShare,
  publishShare,
  recordOpening,
  unlockWill,
  vetoByKey,
  vetoClaim,
  willDigest,
  willTypedData,
} from "@publica/sdk/wills";
import {
  type Address,
  bytesToHex,
  concat,
  formatEther,
  type Hex,
  hexToBytes,
  keccak256,
  type PublicClient,
  recoverAddress,
  toHex,
} from "viem";
import { z } from "zod";
import { chainNow, firstBlock } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io, Report } from "../lib/io.ts";
import { pairs, relative } from "../lib/text.ts";
import type { Wallet } from "../lib/wallet.ts";
import type { KeyOptions, Prepared } from "./living.ts";
import {
  type LoadedWill,
  type Office,
  placeOf,
  readBytes,
  readJson,
  requireFree,
  sign,
  step,
  withFile,
  writeNew,
} from "./office.ts";
import { encryptionKeyOf, type Person } from "./people.ts";
import { openStore } from "./stores.ts";

const hex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})+$/)
  .transform((text) => text as Hex);

const certificateSchema = z.object({
  format: z.literal("publica/death-certificate/1"),
  willId: hex,
  version: z.int(),
  claim: z.int(),
  evidenceHash: hex,
  /** Opens the hash to whoever has the document; never goes on chain. */
  salt: hex,
  timeOfDeath: z.int(),
  signer: hex,
  signature: hex,
});
type Certificate = z.infer<typeof certificateSchema>;

function readCertificate(io: Io, file: string): Certificate {
  const parsed = certificateSchema.safeParse(readJson(io, file, "certificate"));
  if (parsed.success) return parsed.data;
  throw new CliError(`${file} is no signed certificate; it may be cut off`, "Ask the registrar for it again.");
}

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
  writeNew(io, out, `${JSON.stringify(certificate, null, 2)}\n`);
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
  options: KeyOptions & { readonly manifest: string; readonly escrow?: true | undefined },
): Promise<Prepared> {
  const { manifest } = loaded;
  const { registry, heirLoss } = office;
  await requireFinal(office.context.client, registry, manifest.willId, loaded.will.state);
  const guardians = manifest.guardians.map((guardian) => guardian.wallet);
  const index = placeOf(guardians, wallet.address, "guardian");
  const suite = manifest.guardians[index - 1]?.suite ?? "x25519";
  const key = await encryptionKeyOf(io, wallet, suite, options.encryptionKey, options.encryptionPasswordFile);
  const shares = await openGuardianShares(manifest, index, key).catch((error: unknown) => {
    throw withFile(options.manifest, error);
  });
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

/** A chain that reorganises could undo the release, but not the publication. */
export async function requireFinal(
  client: PublicClient,
  registry: Address,
  willId: Hex,
  latest: LoadedWill["will"]["state"],
): Promise<void> {
  if (latest !== "released" && latest !== "opened")
    throw new CliError(`the will is ${latest}, not released`, "publica will status tells what comes next.");
  const { willRegistryAbi } = await import("@publica/sdk/abi");
  const state = await client
    .readContract({
      address: registry,
      abi: willRegistryAbi,
      functionName: "stateOf",
      args: [willId],
      blockTag: "finalized",
    })
    .catch(() => 0);
  const [RELEASED, OPENED] = [4, 5];
  if (state !== RELEASED && state !== OPENED)
    throw new CliError("the release is not final yet", "Wait until its block is finalised, then publish.");
}

const deliverySchema = z.object({
  format: z.literal("publica/share-delivery/1"),
  willId: hex,
  version: z.int(),
  index: z.int().min(1).max(16),
  to: hex,
  /** The share and the sender's signature over its delivery, sealed for the heir it goes to. */
  envelope: hex,
});

const deliveryInfo = (willId: Hex, version: number, index: number, to: Address): Uint8Array =>
  hexToBytes(
    keccak256(
      concat([toHex("publica/share-delivery/1"), willId, toHex(version, { size: 4 }), toHex(index, { size: 1 }), to]),
    ),
  );

/** Hands the own share to another heir, sealed for that heir and signed, so that a false one can be proven. */
export async function handOver(
  io: Io,
  office: Office,
  wallet: Wallet,
  loaded: LoadedWill,
  options: KeyOptions & { readonly manifest: string; readonly to: Person; readonly out: string },
): Promise<Report> {
  const { manifest } = loaded;
  requireFree(io, options.out);
  if (!["released", "opened"].includes(loaded.will.state))
    throw new CliError(`the will is ${loaded.will.state}`, "Keep the share until the will is released.");
  const { index, share } = await ownShare(io, wallet, loaded, options);
  const to = options.to.wallet;
  placeOf(
    manifest.heirs.map((heir) => heir.wallet),
    to,
    "heir",
  );
  const evidence = office.context.found.deployment.contracts.WillEvidence?.address ?? office.registry;
  const fields = { id: manifest.willId, version: manifest.version, index, to, share: share.scalar };
  const signature = await sign(wallet, willTypedData(manifest.chainId, evidence, "ShareDelivery", fields));
  const { willId, version } = manifest;
  const envelope = await sealEnvelope({
    suite: options.to.suite,
    publicKey: options.to.publicKey,
    plaintext: hexToBytes(concat([toHex(share.scalar, { size: 32 }), signature])),
    info: deliveryInfo(willId, version, index, to),
  });
  const delivery = { format: "publica/share-delivery/1", willId, version, index, to, envelope };
  writeNew(io, options.out, `${JSON.stringify(delivery, null, 2)}\n`);
  return {
    data: { file: options.out, from: index, to },
    text: pairs([
      ["share of", `heir ${index}`],
      ["sealed for", to],
      ["written to", options.out],
    ]),
  };
}

async function ownShare(
  io: Io,
  wallet: Wallet,
  { manifest }: LoadedWill,
  options: KeyOptions & { readonly manifest: string },
): Promise<{ readonly index: number; readonly share: Share; readonly key: EncryptionKey }> {
  const wallets = manifest.heirs.map((heir) => heir.wallet);
  const index = placeOf(wallets, wallet.address, "heir");
  const suite = manifest.heirs[index - 1]?.suite ?? "x25519";
  const key = await encryptionKeyOf(io, wallet, suite, options.encryptionKey, options.encryptionPasswordFile);
  const share = await openHeirShare(manifest, index, key).catch((error: unknown) => {
    throw withFile(options.manifest, error);
  });
  return { index, share, key };
}

export interface OpenOptions extends KeyOptions {
  readonly manifest: string;
  readonly share: readonly string[];
  readonly file?: string | undefined;
  readonly store: string;
  readonly out: string;
  /** Where to write the own signature over what was opened. */
  readonly attest?: string | undefined;
}

/** Opens the will with the own share, those other heirs handed over, and what guardians published. */
export async function openDocument(
  io: Io,
  office: Office,
  wallet: Wallet,
  loaded: LoadedWill,
  options: OpenOptions,
): Promise<Report> {
  const { manifest } = loaded;
  const { context, registry, heirLoss } = office;
  requireFree(io, options.out);
  if (options.attest !== undefined) requireFree(io, options.attest);
  const { share, key } = await ownShare(io, wallet, loaded, options);
  const heirShares: Share[] = [share];
  for (const file of options.share) heirShares.push(await openDelivery(io, wallet, loaded, key, file, office));
  const { willId, version } = manifest;
  const fromBlock = firstBlock(context, "WillRegistry");
  const guardianShares = await getPublishedShares(context.client, { registry, willId, fromBlock });
  const loss = await getHeirLoss(context.client, { heirLoss, willId });
  const escrowShares = loss.confirmed
    ? await getEscrowShares(context.client, { heirLoss, willId, version, fromBlock })
    : undefined;
  const from = options.file ?? `${manifest.cid} in ${options.store}`;
  const sealed =
    options.file === undefined
      ? await openStore(io, options.store).get(manifest.cid)
      : readBytes(io, options.file, "sealed file");
  const shares = { manifest, heirShares, guardianShares, ...(escrowShares === undefined ? {} : { escrowShares }) };
  const document = await openWill({ ...shares, file: [sealed] }).catch((error: unknown) => {
    throw /^SdkVault/.test((error as { code?: string }).code ?? "") ? withFile(from, error) : error;
  });
  const contentKey = unlockWill(shares);
  const commitment = openingCommitment(document, openingSalt(contentKey));
  contentKey.fill(0);
  writeNew(io, options.out, document);
  if (options.attest !== undefined) {
    const typedData = willTypedData(manifest.chainId, registry, "Opened", { willId, version, commitment });
    const attested = { format: "publica/opening/1", willId, version, commitment, signer: wallet.address };
    const signature = await sign(wallet, typedData);
    writeNew(io, options.attest, `${JSON.stringify({ ...attested, signature }, null, 2)}\n`);
  }
  return {
    data: { willId, version, bytes: document.length, file: options.out, commitment },
    text: pairs([
      ["will", `${willId}, version ${version}`],
      ["opened", `${document.length} bytes, written to ${options.out} for your eyes only`],
      ["commitment", commitment],
    ]),
  };
}

async function openDelivery(
  io: Io,
  wallet: Wallet,
  { manifest }: LoadedWill,
  key: EncryptionKey,
  file: string,
  office: Office,
): Promise<Share> {
  const parsed = deliverySchema.safeParse(readJson(io, file, "share"));
  if (!parsed.success)
    throw new CliError(`${file} is no delivered share; it may be cut off`, "Ask the heir for it again.");
  const { willId, version, index, to, envelope } = parsed.data;
  if (willId !== manifest.willId || version !== manifest.version)
    throw new CliError(`${file} is of another will or version`, "Ask the heir for the share of this version.");
  const plain = await openEnvelope({ key, envelope, info: deliveryInfo(willId, version, index, to as Address) }).catch(
    (error: unknown) => {
      throw withFile(file, error);
    },
  );
  const share = { index, scalar: BigInt(bytesToHex(plain.subarray(0, 32))) };
  const evidence = office.context.found.deployment.contracts.WillEvidence?.address ?? office.registry;
  const fields = { id: willId, version, index, to: wallet.address, share: share.scalar };
  const hash = willDigest(willTypedData(manifest.chainId, evidence, "ShareDelivery", fields));
  const signer = await recoverAddress({ hash, signature: bytesToHex(plain.subarray(32)) }).catch(() => undefined);
  if (!verifyShare(share, manifest.heirCommitments))
    throw new CliError(
      `${file} holds a false share of heir ${index}`,
      signer?.toLowerCase() === manifest.heirs[index - 1]?.wallet.toLowerCase()
        ? "The heir signed it: proveFalseDelivery convicts the sender on chain."
        : "It is not signed by the heir; ask for it again.",
    );
  return share;
}

const openingSchema = z.object({
  format: z.literal("publica/opening/1"),
  willId: hex,
  version: z.int(),
  commitment: hex,
  signer: hex,
  signature: hex,
});

/** Records on chain what the heirs opened, from their signatures. */
export function planOpeningRecord(
  io: Io,
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  files: readonly string[],
): Prepared {
  const signatures = new Map<number, Hex>();
  let commitment: Hex | undefined;
  for (const file of files) {
    const parsed = openingSchema.safeParse(readJson(io, file, "opening"));
    if (!parsed.success || parsed.data.willId !== manifest.willId || parsed.data.version !== manifest.version)
      throw new CliError(`${file} is no opening of this will and version`, "Ask the heir for it again.");
    if (commitment !== undefined && commitment !== parsed.data.commitment)
      throw new CliError(`${file} is about another text than ${files[0]}`, "Open the same sealed file.");
    commitment = parsed.data.commitment;
    const wallets = manifest.heirs.map((heir) => heir.wallet);
    signatures.set(placeOf(wallets, parsed.data.signer as Address, "heir"), parsed.data.signature);
  }
  if (commitment === undefined) throw new UsageError("name the openings");
  const opened = { registry: office.registry, manifest, commitment, signatures };
  return {
    plan: {
      facts: [["will", manifest.willId]],
      data: { willId: manifest.willId, commitment, heirs: [...signatures.keys()] },
      steps: [step(office, sender, "record that the will was opened", (from) => recordOpening(from, opened))],
    },
  };
}
