import { getClaimBond, getHeirLoss, getVault, getWill, type GetWillReturnType, testatorOf } from "@publica/sdk/wills";
import { formatEther, type Hex } from "viem";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import type { Office } from "./office.ts";

const DAY = 86_400;

/** Where a will stands, and what comes next. */
export async function willStatus(office: Office, willId: Hex): Promise<Report> {
  const { registry, heirLoss, context } = office;
  const { client } = context;
  const will = await getWill(client, { registry, willId });
  if (will.state === "none")
    throw new CliError(`the chain has no will ${willId}`, "Check the id; it begins with the testator's address.");
  const [now, { vault, exists }, bond] = await Promise.all([
    chainNow(client),
    getVault(client, { registry, willId }),
    getClaimBond(client, { registry }),
  ]);
  const loss = will.terms.escrow ? await getHeirLoss(client, { heirLoss, willId }) : undefined;
  const { terms, accepted, leaked, published, version } = will;
  const of = (indices: readonly number[], all: number): string =>
    `${indices.length} of ${all}${indices.length === 0 ? "" : ` (${indices.join(", ")})`}`;
  const dueAt = will.lastBeat + terms.intervalDays * DAY;
  const text = pairs([
    ["will", willId],
    ["testator", testatorOf(willId)],
    ["state", will.state],
    ["version", String(version)],
    ["accepted", `${of(accepted, terms.heirs)}, needed ${terms.acceptances}`],
    ["last sign of life", `${utc(will.lastBeat)}, the next is due ${relative(dueAt, now)}`],
    ["window ends", will.windowEnd === 0 ? undefined : `${utc(will.windowEnd)}, ${relative(will.windowEnd, now)}`],
    ["published", `${of(published, terms.guardians)}, needed ${terms.threshold}`],
    ["leaked", leaked.length === 0 ? undefined : of(leaked, terms.guardians)],
    [
      "lost heir",
      loss === undefined || loss.heir === 0
        ? undefined
        : `${loss.heir}${loss.confirmed ? ", confirmed" : ", proposed"}`,
    ],
    ["vault", `${vault}${exists ? "" : " (not made yet)"}`],
    ["bond of a claim", `${formatEther(bond)} ETH`],
    ["next", nextStep(will, now, dueAt)],
  ]);
  return { data: { willId, ...will, dueAt, vault, vaultExists: exists, bond, heirLoss: loss }, text };
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
        : "heirs: publica will open";
    case "opened":
      return "the estate is paid out by its vault";
    default:
      return "nothing";
  }
}
