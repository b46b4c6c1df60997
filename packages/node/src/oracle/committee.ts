import { attestedFeedAbi } from "@publica/sdk/abi";
import {
  assembleReport,
  combinePartials,
  type CommitteeAttestation,
  type CommitteeContext,
  type CommitteeKey,
  committeeMember,
  type CommitteeReport,
  type CommitteeSigner,
  createCosigningSession,
  decodeReport,
  encodeAttestation,
  encodeEndorsements,
  type FeedId,
  hashAttestation,
  median,
  type NonceCommitment,
  PublicaError,
  type SignedReading,
  type SigningNonce,
  verifyPartial,
  verifyReading,
} from "@publica/sdk/foundation";
import {
  compactSignatureToSignature,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  parseCompactSignature,
  recoverAddress,
} from "viem";
import { z } from "zod";
import type { HttpReply, HttpRequest, Routes } from "../runtime/http.ts";
import type { Logger } from "../runtime/log.ts";
import { reasonOf } from "../runtime/problem.ts";
import type { FeedState } from "./registry.ts";

/** A feed's committee as of a final block. */
export interface CommitteeState {
  readonly context: CommitteeContext;
  /** Signatures an attestation needs. */
  readonly quorum: number;
  /** How far a value may be from what devices say. */
  readonly tolerance: bigint;
  /** The members' keys by index; undefined: slashed. */
  readonly keys: readonly (CommitteeKey | undefined)[];
}

/** The three things a member is asked. */
export type Question = "nonce" | "part" | "endorsement";

/** Asks one peer; undefined when it does not answer well. */
export type AskMember = (peer: string, question: Question, body: unknown) => Promise<unknown>;

export interface CommitteeOptions {
  /** This node's key, by feed. */
  readonly signers: ReadonlyMap<FeedId, CommitteeSigner>;
  readonly peers: readonly string[];
  readonly ask: AskMember;
  /** Takes readings a peer showed, checked; see `Rounds.adopt`. */
  readonly adopt: (state: FeedState, source: string, readings: readonly SignedReading[]) => Promise<unknown>;
  /** The checked readings of a round this node holds. */
  readonly held: (state: FeedState, round: number) => readonly SignedReading[];
  readonly log: Logger;
  readonly now?: () => number;
}

/** What a report becomes on its way to the chain. */
export interface Submission {
  readonly to: Hex;
  readonly data: Hex;
}

export interface Committee {
  /** As the round's leader: has the committee sign the readings' median; undefined when too few members help. */
  lead(state: FeedState, readings: readonly SignedReading[]): Promise<Submission | undefined>;
  /** As a member: what other nodes ask. */
  readonly routes: Routes;
}

/** Nonces given out and not used are forgotten after this long, and with them what they were for. */
const NONCE_LIFE_MS = 30_000;
/** More open nonces than this are not given out, so that a flood costs it nothing but refusals. */
const MAX_NONCES = 256;
/** How often the two rounds are tried again without those who failed, before one signature each is asked for. */
const ATTEMPTS = 2;

const hex = (bytes: number) => z.templateLiteral(["0x", z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))]);
const proposal = z.object({ feed: hex(32), epoch: z.number().int(), report: z.templateLiteral(["0x", z.string()]) });
const commitment = z.object({ index: z.number().int().min(0).max(254), first: hex(33), second: hex(33) });
const partRequest = proposal.extend({ nonces: z.array(commitment).min(1).max(255) });
const nonceReply = commitment;
const partReply = z.object({ part: hex(32) });
const endorsementReply = z.object({ index: z.number().int().min(0).max(254), signature: hex(64) });

type Proposal = z.infer<typeof proposal>;

/** A committee member beside the node's rounds: it leads when it is this node's turn and signs when others lead. */
export function createCommittee(options: CommitteeOptions, feed: (id: FeedId) => FeedState | undefined): Committee {
  const { signers, peers, ask, adopt, held, log, now = Date.now } = options;
  /** Nonces given out, by their first point; never written anywhere. */
  const open = new Map<Hex, { readonly nonce: SigningNonce; readonly digest: Hex; readonly until: number }>();

  interface Lane {
    readonly state: FeedState;
    readonly committee: CommitteeState;
    readonly signer: CommitteeSigner;
    readonly index: number;
  }

  function laneOf(id: FeedId): Lane | undefined {
    const state = feed(id);
    const signer = signers.get(id);
    const committee = state?.committee;
    if (state === undefined || committee === undefined || signer === undefined) return undefined;
    const index = committee.keys.findIndex((key) => key?.x === signer.key.x && key.y === signer.key.y);
    return index < 0 ? undefined : { state, committee, signer, index };
  }

  /**
   * Whether this member can stand behind a report, and what it would sign: a quorum of devices signed it, it is of this time,
   * and all that this node holds of the round does not speak against its median.
   */
  async function judge(
    { state, committee }: Lane,
    { epoch, report }: Proposal,
    source: string,
  ): Promise<CommitteeAttestation> {
    if (epoch !== committee.context.epoch) throw new Refusal(`the committee's epoch is ${committee.context.epoch}`);
    const { head, readings } = decodeReport(report);
    if (head.epoch !== state.context.epoch) throw new Refusal(`the devices' epoch is ${state.context.epoch}`);
    const timely = head.observedAt === head.round * state.settings.round && head.observedAt <= now() / 1_000 + 30;
    if (!timely) throw new Refusal("the round is not of this time");
    if (readings.length < state.config.quorum) throw new Refusal("too few devices signed");
    if (new Set(readings.map(({ sensor }) => sensor)).size !== readings.length) throw new Refusal("a device twice");
    for (const reading of readings) {
      const key = state.sensors[reading.sensor];
      if (key === undefined || !(await verifyReading(state.context, key, reading)))
        throw new Refusal(`device ${reading.sensor} did not sign this`);
    }
    await adopt(state, source, readings);
    const value = median(readings.map((reading) => reading.value));
    const all = held(state, head.round);
    const mine = all.length === 0 ? value : median(all.map((reading) => reading.value));
    const distance = mine > value ? mine - value : value - mine;
    if (distance > committee.tolerance) throw new Refusal(`this node holds ${mine}, the report says ${value}`);
    return { round: head.round, observedAt: head.observedAt, value };
  }

  async function answer<T extends Proposal>(
    schema: z.ZodType<T>,
    { body }: HttpRequest,
    work: (lane: Lane, request: T, digest: Hex) => Promise<unknown>,
  ): Promise<HttpReply> {
    try {
      const request = schema.parse(JSON.parse(body.toString("utf8")));
      const lane = laneOf(request.feed as FeedId);
      if (lane === undefined) return { status: 404, body: { error: "this node is no member of that committee" } };
      const attestation = await judge(lane, request, "committee");
      return { status: 200, body: await work(lane, request, hashAttestation(lane.committee.context, attestation)) };
    } catch (error) {
      const expected = error instanceof Refusal || error instanceof PublicaError || error instanceof z.ZodError;
      if (!expected && !(error instanceof SyntaxError)) throw error;
      log.info({ reason: reasonOf(error) }, "did not sign for the committee");
      return { status: 409, body: { error: reasonOf(error) } };
    }
  }

  function forget(): void {
    for (const [key, { until }] of open) if (until <= now()) open.delete(key);
  }

  const routes: Routes = {
    "POST /v1/committee/nonce": (request) =>
      answer(proposal, request, async ({ signer, index }, _, digest) => {
        forget();
        if (open.size >= MAX_NONCES) throw new Refusal("too many signatures are under way");
        const nonce = signer.createNonce();
        open.set(nonce.commitment.first, { nonce, digest, until: now() + NONCE_LIFE_MS });
        return { index, ...nonce.commitment };
      }),
    "POST /v1/committee/part": (request) =>
      answer(partRequest, request, async ({ committee, signer, index }, { nonces }, digest) => {
        forget();
        const mine = nonces.find((entry) => entry.index === index);
        const given = mine && open.get(mine.first);
        if (mine === undefined || given === undefined || given.digest !== digest)
          throw new Refusal("this nonce was not given for this value, or has been used");
        open.delete(mine.first);
        const session = createCosigningSession(committee.keys, digest, toMap(nonces));
        return { part: toWord(signer.cosign(session, given.nonce)) };
      }),
    "POST /v1/committee/endorsement": (request) =>
      answer(proposal, request, async ({ signer, index }, _, digest) => ({
        index,
        signature: await signer.endorse(digest),
      })),
  };

  /** Asks all these peers at once; only well-formed answers count. */
  async function askAll<T>(
    list: readonly string[],
    question: Question,
    body: unknown,
    schema: z.ZodType<T>,
  ): Promise<Map<string, T>> {
    const answers = new Map<string, T>();
    await Promise.all(
      list.map(async (peer) => {
        const parsed = schema.safeParse(await ask(peer, question, body));
        if (parsed.success) answers.set(peer, parsed.data);
      }),
    );
    return answers;
  }

  /** The two rounds; undefined with the peers to leave out when somebody did not keep to them. */
  async function together(
    { committee, signer, index }: Lane,
    request: Proposal,
    attestation: CommitteeAttestation,
    helpers: readonly string[],
  ): Promise<{ report: CommitteeReport } | { failed: readonly string[] }> {
    const digest = hashAttestation(committee.context, attestation);
    const own = signer.createNonce();
    const nonces = new Map<number, NonceCommitment>([[index, own.commitment]]);
    const memberOf = new Map<string, number>();
    for (const [peer, reply] of await askAll(helpers, "nonce", request, nonceReply)) {
      if (committee.keys[reply.index] === undefined || nonces.has(reply.index)) continue;
      nonces.set(reply.index, { first: reply.first, second: reply.second });
      memberOf.set(peer, reply.index);
    }
    if (nonces.size < committee.quorum) return { failed: [] };
    const session = createCosigningSession(committee.keys, digest, nonces);
    const list = [...nonces].map(([member, given]) => ({ index: member, ...given }));
    const parts = new Map<number, bigint>([[index, signer.cosign(session, own)]]);
    const asked = [...memberOf.keys()];
    const replies = await askAll(asked, "part", { ...request, nonces: list }, partReply);
    const failed = asked.filter((peer) => {
      const member = memberOf.get(peer) as number;
      const part = BigInt(replies.get(peer)?.part ?? "0x00");
      if (!verifyPartial(session, member, part)) return true;
      parts.set(member, part);
      return false;
    });
    if (failed.length > 0) return { failed };
    return {
      report: encodeAttestation(committee.context, attestation, session, combinePartials(session, parts)),
    };
  }

  /** One signature of each: dearer, but nobody has to wait for anybody. */
  async function oneByOne(
    { committee, signer, index }: Lane,
    request: Proposal,
    attestation: CommitteeAttestation,
  ): Promise<CommitteeReport | undefined> {
    const digest = hashAttestation(committee.context, attestation);
    const endorsements = new Map<number, Hex>([[index, await signer.endorse(digest)]]);
    for (const reply of (await askAll(peers, "endorsement", request, endorsementReply)).values()) {
      const key = committee.keys[reply.index];
      if (key !== undefined && (await isEndorsement(key, digest, reply.signature)))
        endorsements.set(reply.index, reply.signature);
    }
    if (endorsements.size < committee.quorum) return undefined;
    return encodeEndorsements(committee.context, attestation, committee.quorum, endorsements);
  }

  return {
    routes,
    async lead(state, readings) {
      const lane = laneOf(state.context.feed);
      if (lane === undefined) return undefined;
      const { context } = lane.committee;
      const devices = assembleReport(state.context, state.config.quorum, readings);
      const request: Proposal = { feed: context.feed, epoch: context.epoch, report: devices.data };
      const attestation = { round: devices.round, observedAt: devices.observedAt, value: devices.value };
      let helpers = [...peers];
      let report: CommitteeReport | undefined;
      for (let attempt = 0; attempt < ATTEMPTS && report === undefined; attempt++) {
        const outcome = await together(lane, request, attestation, helpers);
        if ("report" in outcome) report = outcome.report;
        else if (outcome.failed.length === 0) break;
        else {
          log.warn({ peers: outcome.failed, round: attestation.round }, "members did not keep to the two rounds");
          helpers = helpers.filter((peer) => !outcome.failed.includes(peer));
        }
      }
      report ??= await oneByOne(lane, request, attestation);
      if (report === undefined) {
        log.warn({ feed: state.settings.name, round: attestation.round }, "too few members of the committee sign");
        return undefined;
      }
      const data = encodeFunctionData({
        abi: attestedFeedAbi,
        functionName: "submit",
        args: [report.feed, report.data],
      });
      return { to: context.address, data };
    },
  };
}

/** Why a member does not sign; told to who asked. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

const toMap = (nonces: readonly { index: number; first: Hex; second: Hex }[]): Map<number, NonceCommitment> =>
  new Map(nonces.map(({ index, first, second }) => [index, { first, second }]));

const toWord = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

async function isEndorsement(key: CommitteeKey, digest: Hex, signature: Hex): Promise<boolean> {
  try {
    const full = compactSignatureToSignature(parseCompactSignature(signature));
    return isAddressEqual(await recoverAddress({ hash: digest, signature: full }), committeeMember(key));
  } catch {
    return false; // not a signature of anybody
  }
}
