import {
  getClaimBond,
  getHeirLoss,
  getSealedAt,
  getShareHealth,
  getVault,
  getWill,
  type GetWillReturnType,
  type HeirLossState,
  testatorOf,
} from "@publica/sdk/wills";
import { formatEther, type Hex } from "viem";
import { requestFailure } from "../lib/chain.ts";
import { chainNow, firstBlockSince } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import type { Office } from "./office.ts";

const DAY = 86_400;
/** Who has not signed for so long may be gone: a yearly check, and a month to make it. */
const HEALTH_DAYS = 400;
/** So long before a heartbeat is due, it is time. */
const NOTICE_DAYS = 14;

/** Where a will stands, what comes next, and what must not wait: then the exit code is 3. */
export async function willStatus(office: Office, willId: Hex, minLive?: number): Promise<Report> {
  const { registry, heirLoss, context } = office;
  const { client } = context;
  const will = await getWill(client, { registry, willId });
  if (will.state === "none")
    throw new CliError(`the chain has no will ${willId}`, "Check the id; it begins with the testator's address.");
  const { terms, accepted, leaked, published, version } = will;
  if (minLive !== undefined && minLive > terms.guardians)
    throw new UsageError(`--min-live ${minLive} is more than the ${terms.guardians} guardians there are`);
  const [now, { vault, exists }, bond] = await Promise.all([
    chainNow(client),
    getVault(client, { registry, willId }),
    getClaimBond(client, { registry }),
  ]);
  const loss = terms.escrow ? await getHeirLoss(client, { heirLoss, willId }) : undefined;
  const live = isOver(will) ? undefined : await liveGuardians(office, willId, will, now);
  // One more than is needed, so that there is time to act; all of them where all are needed.
  const needed = minLive ?? Math.min(terms.guardians, terms.threshold + 1);
  const dueAt = will.lastBeat + terms.intervalDays * DAY;
  const alarms = alarmsOf(will, now, dueAt, live, needed);
  const of = (indices: readonly number[], all: number): string =>
    `${indices.length} of ${all}${indices.length === 0 ? "" : ` (${indices.join(", ")})`}`;
  const text = pairs([
    ["will", willId],
    ["testator", testatorOf(willId)],
    ["state", will.state],
    ["version", version === 0 ? undefined : String(version)],
    ["accepted", version === 0 ? undefined : `${of(accepted, terms.heirs)}, needed ${terms.acceptances}`],
    ["last sign of life", version === 0 ? undefined : `${utc(will.lastBeat)}, ${dueText(will, dueAt, now)}`],
    ["window ends", will.windowEnd === 0 ? undefined : `${utc(will.windowEnd)}, ${relative(will.windowEnd, now)}`],
    [
      "guardians live",
      live === undefined
        ? undefined
        : Array.isArray(live)
          ? `${of(live, terms.guardians)}, wanted ${needed}`
          : "unknown",
    ],
    ["published", version === 0 ? undefined : `${of(published, terms.guardians)}, needed ${terms.threshold}`],
    ["leaked", leaked.length === 0 ? undefined : of(leaked, terms.guardians)],
    ["lost heir", loss === undefined || loss.heir === 0 ? undefined : lossText(loss, now)],
    ["vault", `${vault}${exists ? "" : " (not made yet)"}`],
    ["bond of a claim", `${formatEther(bond)} ETH`],
    ["next", nextStep(will, now, dueAt)],
    ...alarms.map((alarm) => ["ALARM", alarm] as const),
  ]);
  const guardiansLive = Array.isArray(live) ? live : null;
  return {
    data: { willId, ...will, dueAt, vault, vaultExists: exists, bond, heirLoss: loss, guardiansLive, alarms },
    text,
    exitCode: alarms.length === 0 ? 0 : 3,
  };
}

const isOver = ({ state }: GetWillReturnType): boolean => ["executed", "lapsed", "revoked"].includes(state);
const isLiving = ({ state }: GetWillReturnType): boolean => ["sealed", "active", "claimed"].includes(state);

/**
 * Guardians whose share did not leak and who gave a sign of life lately: a health check, the publication itself, or the
 * sealing, for which their keys had to be bound. An error when the endpoint does not give the events.
 */
async function liveGuardians(
  { registry, evidence, context }: Office,
  willId: Hex,
  { version, terms, leaked, published }: GetWillReturnType,
  now: number,
): Promise<number[] | Error> {
  const since = now - HEALTH_DAYS * DAY;
  try {
    const fromBlock = await firstBlockSince(context, "WillRegistry", since);
    const [{ guardians }, sealedAt] = await Promise.all([
      getShareHealth(context.client, { evidence, willId, version, fromBlock }),
      getSealedAt(context.client, { registry, willId, version, fromBlock }),
    ]);
    const lastSign = (index: number): number => Math.max(sealedAt ?? 0, guardians.get(index) ?? 0);
    return Array.from({ length: terms.guardians }, (_, at) => at + 1).filter(
      (index) => published.includes(index) || (!leaked.includes(index) && lastSign(index) >= since),
    );
  } catch (error) {
    return new Error(requestFailure(error));
  }
}

function alarmsOf(
  will: GetWillReturnType,
  now: number,
  dueAt: number,
  live: readonly number[] | Error | undefined,
  needed: number,
): string[] {
  const alarms: string[] = [];
  const redeal = "publica will create --supersede";
  if (will.state === "claimed")
    alarms.push(
      now < will.windowEnd
        ? `a death is claimed: a testator who lives vetoes ${relative(will.windowEnd, now)} at the latest`
        : "a death is claimed and the window is over: a testator who lives vetoes before somebody releases the will",
    );
  else if (isLiving(will) && now >= dueAt) alarms.push("the sign of life is overdue: an executor may claim the death");
  else if (isLiving(will) && now >= dueAt - NOTICE_DAYS * DAY) alarms.push("the next sign of life is due soon");
  if (isLiving(will) && will.leaked.length > 0)
    alarms.push(`the share of guardian ${will.leaked.join(", ")} leaked: the testator deals anew, ${redeal}`);
  if (live instanceof Error)
    alarms.push(`guardians cannot be watched: the endpoint does not give the events (${live.message})`);
  else if (live !== undefined && live.length < needed)
    alarms.push(
      isLiving(will)
        ? `${live.length} guardians live, ${needed} wanted: they sign with publica will health, or the testator deals anew, ${redeal}`
        : `${live.length} guardians live, ${needed} wanted`,
    );
  return alarms;
}

function dueText({ state }: GetWillReturnType, dueAt: number, now: number): string {
  if (!["sealed", "active"].includes(state)) return "the last";
  return now < dueAt ? `the next is due ${relative(dueAt, now)}` : `the next was due ${relative(dueAt, now)}`;
}

function lossText({ heir, confirmed, confirmAt, published }: HeirLossState, now: number): string {
  if (confirmed) return `${heir}, confirmed; ${published.length} guardians published their share of the escrow key`;
  const when = now < confirmAt ? `from ${utc(confirmAt)}, ${relative(confirmAt, now)}` : "now";
  return `${heir}, proposed; guardians may confirm ${when}`;
}

function nextStep(will: GetWillReturnType, now: number, dueAt: number): string {
  const missing = will.terms.acceptances - will.accepted.length;
  switch (will.state) {
    case "sealed":
      return `${missing} more heir${missing === 1 ? "" : "s"}: publica will accept`;
    case "active":
      return now >= dueAt
        ? "overdue: the testator beats, or an executor claims"
        : "the testator: publica will beat, in time";
    case "claimed":
      return now < will.windowEnd
        ? "if the testator lives: publica will veto"
        : "anyone: publica will publish releases it";
    case "released":
      return will.published.length < will.terms.threshold
        ? "guardians: publica will publish"
        : "heirs: publica will share and open; one is lost: publica will lost";
    case "opened":
      return "the estate is paid out by its vault";
    default:
      return "nothing";
  }
}
