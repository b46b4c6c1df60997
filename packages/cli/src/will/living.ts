import {
  type EncryptionKey,
  encryptionKeyHash,
  type EnvelopeSuite,
  isEncryptionKeyCurrent,
  setEncryptionKey,
  signWithShare,
} from "@publica/sdk/crypto";
import {
  type Acceptance,
  acceptanceTypedData,
  acceptWill,
  createWill,
  formatManifest,
  manifestRoot,
  relayHeartbeats,
  revokeWill,
  type SealWillReturnType,
  sealWill,
  sendHeartbeat,
  type SignedBeat,
  supersedeWill,
  willDigest,
  willIdOf,
  willTypedData,
  getWill,
} from "@publica/sdk/wills";
import { type Address, type Hex, zeroAddress } from "viem";
import { z } from "zod";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import type { Wallet } from "../lib/wallet.ts";
import { bequestText, readDraft } from "./draft.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  position,
  type Prepared,
  readBytes,
  readJson,
  readSignedOf,
  requireFree,
  sign,
  signedSchema,
  step,
  writeNew,
  writeSigned,
} from "./office.ts";
import { encryptionKeyOf, type Person, writeKeyFile } from "./people.ts";
import { type ManifestKeyOptions, ownShare } from "./shares.ts";
import { openStore } from "./stores.ts";

export interface MakeKeyOptions {
  readonly suite: EnvelopeSuite;
  readonly out: string;
  readonly generate?: string | undefined;
  readonly encryptionPasswordFile?: string | undefined;
}

/** A person's encryption key: its public half in a file to hand out, its hash on chain. */
export async function planKey(
  io: Io,
  office: Office,
  wallet: Wallet,
  generated: EncryptionKey | undefined,
  options: MakeKeyOptions,
): Promise<Prepared> {
  const { suite, out, generate } = options;
  requireFree(io, out);
  if (generate !== undefined) requireFree(io, generate);
  const key = generated ?? (await encryptionKeyOf(io, wallet, suite, undefined, undefined));
  const keyHash = encryptionKeyHash(suite, key.publicKey);
  const { client } = office.context;
  const current = await isEncryptionKeyCurrent(client, { registry: office.keys, account: wallet.address, keyHash });
  const person: Person = { format: "publica/person/1", wallet: wallet.address, suite, publicKey: key.publicKey };
  return {
    plan: {
      facts: [
        ["suite", suite],
        ["key hash", keyHash],
        ["hand out", out],
        ...(generate === undefined ? [] : [["back up", `${generate}, and its password`] as const]),
      ],
      data: { suite, keyHash, publicKey: key.publicKey, file: out },
      steps: current
        ? []
        : [
            step(office, wallet.address, "bind the account to the key", (from) =>
              setEncryptionKey(from, { registry: office.keys, keyHash }),
            ),
          ],
    },
    before: async () => {
      if (generate !== undefined) await writeKeyFile(io, generate, key, options.encryptionPasswordFile);
      writeNew(io, out, `${JSON.stringify(person, null, 2)}\n`);
    },
  };
}

export interface CreateOptions {
  readonly draft: string;
  readonly document: string;
  readonly out: string;
  readonly store: string;
  readonly cipher: "xchacha20-poly1305" | "aes-256-gcm";
  readonly durable?: true | undefined;
  readonly supersede?: true | undefined;
}

/** Seals a document as a draft says. What is written holds no secret but the sealed file itself. */
export async function planCreation(io: Io, office: Office, wallet: Wallet, options: CreateOptions): Promise<Prepared> {
  const { registry, context } = office;
  const draft = readDraft(io, options.draft);
  const document = readBytes(io, options.document, "document");
  requireFree(io, options.out);
  await requireBound(office, [...draft.heirs, ...draft.guardians]);
  const willId = willIdOf(wallet.address, draft.number);
  const { version, state } = await getWill(context.client, { registry, willId });
  if (options.supersede ? version === 0 : version !== 0)
    throw new CliError(
      options.supersede ? "there is no will to supersede" : `will ${draft.number} exists already (${state})`,
      options.supersede ? "Leave --supersede out." : "Add --supersede for a new version, or choose another number.",
    );
  const { manifest, file }: SealWillReturnType = await sealWill({
    context: { chainId: context.chainId, registry, willId, version: version + 1 },
    terms: draft.terms,
    heirs: draft.heirs,
    guardians: draft.guardians,
    executors: draft.executors,
    vetoKey: draft.vetoKey,
    plan: draft.plan,
    document: [document],
    cipher: options.cipher,
    now: await chainNow(context.client),
  });
  const size = document.length;
  document.fill(0);
  const store = openStore(io, options.store);
  const act = options.supersede ? supersedeWill : createWill;
  const facts: [string, string][] = [
    ["will", willId],
    ["version", String(manifest.version)],
    ["heirs", `${manifest.terms.heirs}${manifest.terms.escrow ? ", one may be lost" : ", all are needed"}`],
    ["guardians", `${manifest.terms.threshold} of ${manifest.terms.guardians}`],
    ["executors", `${draft.plan.executorThreshold} of ${draft.executors.length}`],
    ["bequests", draft.plan.bequests.map(bequestText).join("\n")],
    [
      "residue",
      draft.plan.residue === zeroAddress ? "none: what an heir never claims stays for ever" : draft.plan.residue,
    ],
    ["document", `${size} bytes, sealed ${file.length}`],
    ["sealed file", `${manifest.cid} in ${options.store}`],
    ["manifest", `${options.out}: give it to every heir, guardian and executor`],
  ];
  return {
    plan: {
      facts,
      data: {
        willId,
        version: manifest.version,
        manifestRoot: manifestRoot(manifest),
        cid: manifest.cid,
        manifest: options.out,
      },
      steps: [
        step(office, wallet.address, options.supersede ? "seal the new version" : "seal the will", (from) =>
          act(from, { registry, manifest, durable: options.durable ?? false }),
        ),
      ],
    },
    // Both are safe before the will is sent; a will on chain without them would be lost.
    before: async () => {
      await store.put(file);
      writeNew(io, options.out, formatManifest(manifest));
    },
  };
}

async function requireBound({ context, keys }: Office, people: readonly Person[]): Promise<void> {
  for (const { wallet, suite, publicKey } of people) {
    const keyHash = encryptionKeyHash(suite, publicKey);
    if (!(await isEncryptionKeyCurrent(context.client, { registry: keys, account: wallet, keyHash })))
      throw new CliError(
        `${wallet} is not bound to the encryption key in its file`,
        "Ask the person to run publica will key --yes, and for the file it writes.",
      );
  }
}

const acceptanceSchema = signedSchema("publica/acceptance/1", {
  index: position,
  walletSignature: hex,
  share: z.object({ r: hex, vs: hex }),
});

/** An heir's acceptance: opens the envelope, checks the share, signs with wallet and share. */
export async function signAcceptance(
  io: Io,
  wallet: Wallet,
  { manifest }: LoadedWill,
  options: ManifestKeyOptions,
): Promise<Acceptance> {
  const { index, share } = await ownShare(io, wallet, manifest, options);
  const typedData = acceptanceTypedData(manifest, manifestRoot(manifest), index, wallet.address);
  return {
    index,
    walletSignature: await sign(wallet, typedData),
    share: signWithShare(share.scalar, willDigest(typedData)),
  };
}

export function writeAcceptance(io: Io, file: string, { manifest }: LoadedWill, acceptance: Acceptance): void {
  const { willId, version } = manifest;
  writeSigned(io, file, { format: "publica/acceptance/1", willId, version, ...acceptance });
}

/** Acceptances from files, for who relays them. */
export function readAcceptances(io: Io, files: readonly string[], { manifest }: LoadedWill): Acceptance[] {
  return files.map((file) => readSignedOf(manifest, io, file, acceptanceSchema, "acceptance", "the heir"));
}

export function planAcceptance(
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  acceptances: readonly Acceptance[],
): Prepared {
  const who = acceptances.map(({ index }) => index).join(", ");
  return {
    plan: {
      facts: [["will", `${manifest.willId}, version ${manifest.version}`]],
      data: { willId: manifest.willId, version: manifest.version, heirs: acceptances.map(({ index }) => index) },
      steps: [
        step(office, sender, `record the acceptance of heir ${who}`, (from) =>
          acceptWill(from, { registry: office.registry, manifest, acceptances }),
        ),
      ],
    },
  };
}

const beatSchema = z.object({ format: z.literal("publica/beat/1"), id: hex, beatAt: z.int(), signature: hex });

export function planBeat(office: Office, wallet: Wallet, willId: Hex): Prepared {
  return {
    plan: {
      facts: [["will", willId]],
      data: { willId },
      steps: [
        step(office, wallet.address, "give a sign of life", (from) =>
          sendHeartbeat(from, { registry: office.registry, willId }),
        ),
      ],
    },
  };
}

/** A sign of life for somebody else to relay. */
export async function writeBeat(
  io: Io,
  office: Office,
  wallet: Wallet,
  willId: Hex,
  file: string,
): Promise<SignedBeat> {
  requireFree(io, file);
  const { context, registry } = office;
  const beatAt = await chainNow(context.client);
  const typedData = willTypedData(context.chainId, registry, "Beat", { willId, beatAt });
  const beat = { id: willId, beatAt, signature: await sign(wallet, typedData) };
  writeSigned(io, file, { format: "publica/beat/1", ...beat });
  return beat;
}

export function planRelayedBeats(io: Io, office: Office, sender: Address, files: readonly string[]): Prepared {
  const beats = files.map((file) => {
    const parsed = beatSchema.safeParse(readJson(io, file, "heartbeat"));
    if (!parsed.success)
      throw new CliError(`${file} is no signed heartbeat; it may be cut off`, "Ask the testator for it again.");
    return parsed.data;
  });
  return {
    plan: {
      facts: [["wills", beats.map(({ id }) => id).join(", ")]],
      data: { wills: beats.map(({ id }) => id) },
      steps: [
        step(office, sender, `relay ${beats.length} heartbeat${beats.length === 1 ? "" : "s"}`, (from) =>
          relayHeartbeats(from, { registry: office.registry, beats }),
        ),
      ],
    },
  };
}

/** Ends a will for ever; its number is not used again. */
export function planRevocation(office: Office, sender: Address, willId: Hex): Prepared {
  return {
    plan: {
      facts: [
        ["will", willId],
        ["for ever", "its number cannot be used again; for another text, create --supersede"],
      ],
      data: { willId, revoke: true },
      steps: [
        step(office, sender, "revoke the will", (from) => revokeWill(from, { registry: office.registry, willId })),
      ],
    },
  };
}
