import { signWithShare } from "@publica/sdk/crypto";
import {
  confirmHeirLoss,
  getHeirLoss,
  getHeirLossProposal,
  type HeirLossProposal,
  type HeirLossState,
  objectToHeirLoss,
  proposeHeirLoss,
  willDigest,
  willTypedData,
} from "@publica/sdk/wills";
import type { Address, Hex } from "viem";
import { z } from "zod";
import { chainNow, firstBlockSince } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io, Report } from "../lib/io.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import type { Wallet } from "../lib/wallet.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  placeOf,
  position,
  type Prepared,
  readSignedOf,
  requireFree,
  sign,
  signedSchema,
  step,
  writeSigned,
} from "./office.ts";
import { type ManifestKeyOptions, ownShare } from "./shares.ts";

const walletsOf = (people: readonly { readonly wallet: Address }[]): Address[] => people.map(({ wallet }) => wallet);

/** An executor says that an heir's share is lost. */
export function planLossProposal(office: Office, sender: Address, { manifest }: LoadedWill, heir: number): Prepared {
  placeOf(manifest.executors, sender, "executor");
  const lost = manifest.heirs[heir - 1];
  if (lost === undefined) throw new UsageError(`the will has ${manifest.heirs.length} heirs; ${heir} is none of them`);
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["heir", `${heir}, ${lost.wallet}: has 60 days to object`],
        ["then", "guardians vote: publica will lost --vote FILE"],
      ],
      data: { willId: manifest.willId, heir },
      steps: [
        step(office, sender, `propose that heir ${heir} is lost`, (from) =>
          proposeHeirLoss(from, { heirLoss: office.heirLoss, manifest, heir }),
        ),
      ],
    },
  };
}

/** The proposal that stands now; what it is about is signed by guardians and by the heir. */
async function standing(
  { context, heirLoss }: Office,
  { manifest, will }: LoadedWill,
): Promise<HeirLossProposal & HeirLossState> {
  const { willId, version } = manifest;
  const loss = await getHeirLoss(context.client, { heirLoss, willId });
  if (loss.heir === 0)
    throw new CliError("no heir is proposed as lost", "An executor proposes it: publica will lost --propose NUMBER.");
  // Nothing is proposed before the release, so the search begins at the window's end.
  const fromBlock = await firstBlockSince(context, "HeirLoss", will.windowEnd);
  const proposal = await getHeirLossProposal(context.client, { heirLoss, willId, version, fromBlock });
  if (proposal?.heir !== loss.heir)
    throw new CliError("the endpoint does not give the proposal's event", "Name another endpoint with --rpc.");
  return { ...loss, ...proposal };
}

const voteSchema = signedSchema("publica/heir-lost/1", {
  heir: position,
  proposedAt: z.int(),
  guardian: position,
  signature: hex,
});

/** A guardian's vote that the heir is lost, for who confirms it. */
export async function vote(io: Io, office: Office, wallet: Wallet, loaded: LoadedWill, out: string): Promise<Report> {
  const { manifest } = loaded;
  requireFree(io, out);
  const guardian = placeOf(walletsOf(manifest.guardians), wallet.address, "guardian");
  const { heir, proposedAt, executor, confirmAt } = await standing(office, loaded);
  const { willId, version, chainId } = manifest;
  const facts = { willId, version, heir, proposedAt };
  const signature = await sign(wallet, willTypedData(chainId, office.heirLoss, "HeirLost", facts));
  writeSigned(io, out, { format: "publica/heir-lost/1", ...facts, guardian, signature });
  const now = await chainNow(office.context.client);
  return {
    data: { file: out, heir, guardian, confirmAt },
    text: pairs([
      ["guardian", String(guardian)],
      ["votes", `heir ${heir} is lost, as ${executor} proposed at ${utc(proposedAt)}`],
      ["written to", `${out}: it counts from ${utc(confirmAt)}, ${relative(confirmAt, now)}`],
    ]),
  };
}

/** Enough guardians' votes, after the heir's time to object. */
export async function planLossConfirmation(
  io: Io,
  office: Office,
  sender: Address,
  loaded: LoadedWill,
  files: readonly string[],
): Promise<Prepared> {
  const { manifest } = loaded;
  const { heir, proposedAt } = await standing(office, loaded);
  const votes = new Map<number, Hex>();
  for (const file of files) {
    const found = readSignedOf(manifest, io, file, voteSchema, "signed vote", "the guardian");
    if (found.heir !== heir || found.proposedAt !== proposedAt)
      throw new CliError(`${file} is about another proposal`, "Ask the guardian to vote about this one.");
    if (votes.has(found.guardian))
      throw new CliError(`${file} is a second vote of guardian ${found.guardian}`, "Leave one of the two out.");
    votes.set(found.guardian, found.signature);
  }
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["votes", `guardians ${[...votes.keys()].join(", ")}`],
        ["then", "guardians: publica will publish --escrow, once the block is final"],
      ],
      data: { willId: manifest.willId, heir, guardians: [...votes.keys()] },
      steps: [
        step(office, sender, `confirm that heir ${heir} is lost`, (from) =>
          confirmHeirLoss(from, { heirLoss: office.heirLoss, manifest, votes }),
        ),
      ],
    },
  };
}

const objectionSchema = signedSchema("publica/objection/1", {
  heir: position,
  proposedAt: z.int(),
  share: z.object({ r: hex, vs: hex }),
});

/** The heir's share says that it is there, for somebody else to send. */
export async function signObjection(
  io: Io,
  office: Office,
  wallet: Wallet,
  loaded: LoadedWill,
  options: ManifestKeyOptions & { readonly sign: string },
): Promise<Report> {
  const { manifest } = loaded;
  requireFree(io, options.sign);
  const { index, share } = await ownShare(io, wallet, manifest, options);
  const { heir, proposedAt } = await standing(office, loaded);
  if (index !== heir)
    throw new CliError(`heir ${heir} is said to be lost, not ${index}`, "There is nothing to object to.");
  const { willId, version, chainId } = manifest;
  const facts = { willId, version, heir, proposedAt };
  const digest = willDigest(willTypedData(chainId, office.heirLoss, "Objection", facts));
  writeSigned(io, options.sign, {
    format: "publica/objection/1",
    ...facts,
    share: signWithShare(share.scalar, digest),
  });
  return { data: { file: options.sign, heir }, text: `heir ${heir} objects; written to ${options.sign}` };
}

/** The heir is there: from its wallet, or by the signed objection in a file. */
export function planObjection(
  io: Io,
  office: Office,
  sender: Address,
  { manifest }: LoadedWill,
  file: string | undefined,
): Prepared {
  const objection =
    file === undefined ? undefined : readSignedOf(manifest, io, file, objectionSchema, "signed objection", "the heir");
  const heir = objection?.heir ?? placeOf(walletsOf(manifest.heirs), sender, "heir");
  const signature = objection === undefined ? {} : { signature: objection.share };
  return {
    plan: {
      facts: [["will", manifest.willId]],
      data: { willId: manifest.willId, heir },
      steps: [
        step(office, sender, `object: heir ${heir} is there`, (from) =>
          objectToHeirLoss(from, { heirLoss: office.heirLoss, manifest, ...signature }),
        ),
      ],
    },
  };
}
