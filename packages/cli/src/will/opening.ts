import { type EncryptionKey, openEnvelope, sealEnvelope, type Share, verifyShare } from "@publica/sdk/crypto";
import {
  getEscrowShares,
  getHeirLoss,
  getPublishedShares,
  type Manifest,
  openingCommitment,
  openingSalt,
  openWill,
  recordOpening,
  unlockWill,
  willDigest,
  willTypedData,
} from "@publica/sdk/wills";
import { type Address, bytesToHex, concat, type Hex, hexToBytes, keccak256, recoverAddress, toHex } from "viem";
import { firstBlockSince } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io, Report } from "../lib/io.ts";
import { pairs } from "../lib/text.ts";
import type { Wallet } from "../lib/wallet.ts";
import { requireFinal } from "./finality.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  placeOf,
  position,
  type Prepared,
  readBytes,
  readSignedOf,
  requireFree,
  sign,
  signedSchema,
  step,
  withFile,
  writeNew,
  writeSigned,
} from "./office.ts";
import type { Person } from "./people.ts";
import { type ManifestKeyOptions, ownShare } from "./shares.ts";
import { openStore } from "./stores.ts";

const deliverySchema = signedSchema("publica/share-delivery/1", {
  index: position,
  to: hex,
  /** The share and the sender's signature over its delivery, sealed for the heir it goes to. */
  envelope: hex,
});

/** What the envelope of a delivered share is bound to. */
export const deliveryInfo = (willId: Hex, version: number, index: number, to: Address): Uint8Array =>
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
  options: ManifestKeyOptions & { readonly to: Person; readonly out: string },
): Promise<Report> {
  const { manifest } = loaded;
  requireFree(io, options.out);
  await requireFinal(office.context.client, office.registry, manifest.willId, loaded.will.state);
  const { index, share } = await ownShare(io, wallet, manifest, options);
  const to = options.to.wallet;
  placeOf(
    manifest.heirs.map((heir) => heir.wallet),
    to,
    "heir",
  );
  const fields = { id: manifest.willId, version: manifest.version, index, to, share: share.scalar };
  const signature = await sign(wallet, willTypedData(manifest.chainId, office.evidence, "ShareDelivery", fields));
  const { willId, version } = manifest;
  const envelope = await sealEnvelope({
    suite: options.to.suite,
    publicKey: options.to.publicKey,
    plaintext: hexToBytes(concat([toHex(share.scalar, { size: 32 }), signature])),
    info: deliveryInfo(willId, version, index, to),
  });
  const delivery = { format: "publica/share-delivery/1", willId, version, index, to, envelope };
  writeSigned(io, options.out, delivery);
  return {
    data: { file: options.out, from: index, to },
    text: pairs([
      ["share of", `heir ${index}`],
      ["sealed for", to],
      ["written to", options.out],
    ]),
  };
}

export interface OpenOptions extends ManifestKeyOptions {
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
  const { share, key } = await ownShare(io, wallet, manifest, options);
  const heirShares: Share[] = [share];
  for (const file of options.share) heirShares.push(await openDelivery(io, wallet, manifest, key, file, office));
  const { willId, version } = manifest;
  const fromBlock = await firstBlockSince(context, "WillRegistry", loaded.will.windowEnd);
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
    writeSigned(io, options.attest, { ...attested, signature });
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

/** What another heir handed over: the share it says it is, who sent it, and whether it is false. */
interface Delivery {
  readonly share: Share;
  /** The sender's signature over `ShareDelivery`. */
  readonly signature: Hex;
  /** Whether the heir of that index signed it: then a false share can be proven. */
  readonly isSigned: boolean;
  readonly isFalse: boolean;
}

export async function readDelivery(
  io: Io,
  wallet: Wallet,
  manifest: Manifest,
  key: EncryptionKey,
  file: string,
  office: Office,
): Promise<Delivery> {
  const { willId, version, index, to, envelope } = readSignedOf(
    manifest,
    io,
    file,
    deliverySchema,
    "delivered share",
    "the heir",
  );
  const plain = await openEnvelope({ key, envelope, info: deliveryInfo(willId, version, index, to as Address) }).catch(
    (error: unknown) => {
      throw withFile(file, error);
    },
  );
  const [share, signature] = [
    { index, scalar: BigInt(bytesToHex(plain.subarray(0, 32))) },
    bytesToHex(plain.subarray(32)),
  ];
  const fields = { id: willId, version, index, to: wallet.address, share: share.scalar };
  const hash = willDigest(willTypedData(manifest.chainId, office.evidence, "ShareDelivery", fields));
  const signer = await recoverAddress({ hash, signature }).catch(() => undefined);
  const isSigned = signer?.toLowerCase() === manifest.heirs[index - 1]?.wallet.toLowerCase();
  return { share, signature, isSigned, isFalse: !verifyShare(share, manifest.heirCommitments) };
}

async function openDelivery(...delivered: Parameters<typeof readDelivery>): Promise<Share> {
  const { share, isSigned, isFalse } = await readDelivery(...delivered);
  if (!isFalse) return share;
  const [, , , , file] = delivered;
  throw new CliError(
    `${file} holds a false share of heir ${share.index}`,
    isSigned
      ? `The heir signed it: publica will dispute --delivery ${file} convicts the sender on chain.`
      : "It is not signed by the heir; ask for it again.",
  );
}

const openingSchema = signedSchema("publica/opening/1", { commitment: hex, signer: hex, signature: hex });

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
    const opening = readSignedOf(manifest, io, file, openingSchema, "attested opening", "the heir");
    if (commitment !== undefined && commitment !== opening.commitment)
      throw new CliError(`${file} is about another text than ${files[0]}`, "Open the same sealed file.");
    commitment = opening.commitment;
    const wallets = manifest.heirs.map((heir) => heir.wallet);
    signatures.set(placeOf(wallets, opening.signer as Address, "heir"), opening.signature);
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
