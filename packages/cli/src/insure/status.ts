import { PublicaError } from "@publica/sdk";
import {
  getPoliciesOf,
  getPolicy,
  getSeries,
  getSeriesCount,
  getSeriesOutcomes,
  type GetSeriesOutcomesReturnType,
  type GetSeriesReturnType,
  indexKinds,
  previewSeries,
  type SeriesOutcome,
  type SeriesState,
  unpackTiers,
} from "@publica/sdk/insurance";
import pc from "picocolors";
import { type Address, isAddressEqual, zeroAddress } from "viem";
import { chainNow, firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { heading, indent, pairs, relative, table, utc } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import { type Office, type OpenPool, openPool } from "./office.ts";

const percent = (bps: number | bigint): string => `${Number(bps) / 100} %`;

/** The pool and all its series. */
export async function overallStatus(office: Office, named?: Address): Promise<Report> {
  const { client } = office.context;
  const [pool, count] = await Promise.all([openPool(office, named), getSeriesCount(client, { book: office.book })]);
  const numbers = Array.from({ length: Number(count) }, (_, index) => BigInt(index + 1));
  const all = await Promise.all(
    numbers.map(async (series) => ({ series, ...(await getSeries(client, { book: office.book, series })) })),
  );
  const series = all.filter(({ terms }) => isAddressEqual(terms.pool, pool.address));
  const outcomes = await outcomesOf(office, series);
  const now = await chainNow(client);
  const data = {
    pool: poolData(pool),
    series: series.map(({ terms, ...rest }) => ({
      ...rest,
      start: terms.start,
      end: terms.end,
      outcome: outcomes.get(rest.series),
    })),
  };
  const rows = series.map((one) => [
    String(one.series),
    one.name,
    stateText(one, now),
    money(one.exposure, pool.token),
    one.state === "settled" ? "all" : `${one.settled}/${one.policies}`,
    outcomeText(outcomes.get(one.series)),
  ]);
  const text = [
    poolText(office, pool),
    heading("Series"),
    indent(
      rows.length === 0
        ? "none yet"
        : table(["no.", "name", "state", "at stake", "settled", "outcome"], rows, [0, 3, 4, 5]),
    ),
  ];
  return { data, text: text.join("\n") };
}

/** One series: its terms, where it stands, and what it would pay as its feed stands. */
export async function seriesStatus(office: Office, series: bigint): Promise<Report> {
  const { client } = office.context;
  const [one, now] = await Promise.all([getSeries(client, { book: office.book, series }), chainNow(client)]);
  const pool = await openPool(office, one.terms.pool);
  const { terms } = one;
  const outcome = (await outcomesOf(office, [{ series, state: one.state }])).get(series);
  const decided = outcome && (await client.getBlock({ blockNumber: outcome.blockNumber }));
  const preview = one.state === "open" && now >= terms.start ? await tryPreview(office, series) : undefined;
  const kind = indexKinds[terms.index.kind];
  const data = { series, ...one, outcome, preview: preview instanceof PublicaError ? { code: preview.code } : preview };
  const text = pairs([
    ["series", `${series}  ${one.name}`],
    ["state", stateText(one, now)],
    ["window", `${utc(terms.start)} to ${utc(terms.end)}, ${dataText(terms)}`],
    ["sales", `end ${utc(terms.start - terms.leadTime)}, ${relative(terms.start - terms.leadTime, now)}`],
    ["feed", terms.feed],
    ["index", /Above|Below/.test(kind ?? "") ? `${kind}, threshold ${terms.index.threshold}` : kind],
    ["pays", payoutText(terms.index)],
    ["policies", one.state === "settled" ? "all settled" : `${one.policies}, ${one.settled} of them settled`],
    ["at stake", `${money(one.exposure, pool.token)} of at most ${money(terms.capacity, pool.token)}`],
    ["premiums", one.state === "settled" ? undefined : money(one.premium, pool.token)],
    ["floor", `${percent(terms.floorBps)} of the sum insured`],
    ["decided", decided && `${utc(Number(decided.timestamp))}: ${outcomeText(outcome)}`],
    ["now", previewText(preview)],
    ["pool", office.context.label(pool.address)],
  ]);
  return { data, text };
}

/** One policy, and the series it belongs to. */
export async function policyStatus(office: Office, policyId: bigint): Promise<Report> {
  const policy = await getPolicy(office.context.client, { book: office.book, policyId });
  if (policy.holder === zeroAddress) {
    throw new CliError(`there is no policy ${policyId}`, "It was cancelled or never sold; compare the id.");
  }
  const series = await seriesStatus(office, policy.series);
  const [{ terms }] = [await getSeries(office.context.client, { book: office.book, series: policy.series })];
  const { token } = await openPool(office, terms.pool);
  const text = [
    pairs([
      ["policy", `${policyId}, number ${policy.index} of its series`],
      ["holder", policy.holder],
      ["sum insured", money(policy.sumInsured, token)],
      ["premium", money(policy.premium, token)],
    ]),
    heading("Its series"),
    indent(series.text),
  ];
  return { data: { policyId, ...policy, ofSeries: series.data }, text: text.join("\n") };
}

/** The policies an account holds now. */
export async function holderStatus(office: Office, holder: Address): Promise<Report> {
  const { context, book } = office;
  const { client } = context;
  const policies = await getPoliciesOf(client, { book, holder, fromBlock: firstBlock(context, "PolicyBook") });
  const held = await Promise.all(
    policies.map(async ({ policyId, series, sumInsured, premium }) => {
      const { name, state, terms } = await getSeries(client, { book, series });
      return { policyId, series, name, state, sumInsured, premium, pool: terms.pool };
    }),
  );
  const outcomes = await outcomesOf(office, held);
  const rows = await Promise.all(
    held.map(async (policy) => {
      const { token } = await openPool(office, policy.pool);
      const { policyId, series, name, state, sumInsured } = policy;
      return [String(policyId), name, state, money(sumInsured, token), outcomeText(outcomes.get(series))];
    }),
  );
  const text =
    rows.length === 0
      ? `${holder} holds no policy.`
      : table(["policy", "series", "state", "sum insured", "outcome"], rows, [3, 4]);
  const data = held.map((policy) => ({ ...policy, outcome: outcomes.get(policy.series) }));
  return { data: { holder, policies: data }, text };
}

/** How those of the series that are decided were decided. */
async function outcomesOf(
  { context, book }: Office,
  all: readonly { readonly series: bigint; readonly state: SeriesState }[],
): Promise<GetSeriesOutcomesReturnType> {
  const series = all.filter(({ state }) => state !== "open").map(({ series: number }) => number);
  if (series.length === 0) return new Map();
  return getSeriesOutcomes(context.client, { book, series, fromBlock: firstBlock(context, "PolicyBook") });
}

function poolData({ token, ...pool }: OpenPool) {
  return { ...pool, symbol: token.symbol };
}

function poolText({ context }: Office, pool: OpenPool): string {
  return pairs([
    ["pool", context.label(pool.address)],
    ["capital", money(pool.totalAssets, pool.token)],
    ["free", money(pool.freeAssets, pool.token)],
    ["locked", money(pool.locked, pool.token)],
    ["reserved", money(pool.reserved, pool.token)],
    ["unearned", money(pool.unearned, pool.token)],
    ["waiting", `${pool.queueTail - pool.queueHead} requests to leave`],
  ]);
}

function dataText({ seasonValues, firstRound, lastRound }: GetSeriesReturnType["terms"]): string {
  if (seasonValues > 0) return `a season of ${seasonValues} values, attested in round ${firstRound}`;
  return firstRound === lastRound ? `round ${firstRound}` : `rounds ${firstRound} to ${lastRound}`;
}

/** Where the payout starts and where it is whole, in units of the feed or in days. */
function payoutText({ attachment, exit, tiers }: GetSeriesReturnType["terms"]["index"]): string {
  if (tiers === 0n)
    return attachment === exit ? `all from ${exit} up` : `from ${attachment} on, all at ${exit}, evenly between`;
  const way = exit >= attachment ? "up" : "down";
  return unpackTiers(tiers)
    .map(({ bound, bps }) => `${percent(bps)} from ${bound} ${way}`)
    .join(", ");
}

function stateText({ state, terms }: Pick<GetSeriesReturnType, "state" | "terms">, now: number): string {
  if (state !== "open") return state;
  if (now < terms.start - terms.leadTime) return pc.green("on sale");
  if (now < terms.start) return "sales ended";
  return now <= terms.end ? pc.yellow("at risk") : pc.yellow("to be decided");
}

/** What a decided series does for its policies; nothing while it is open. */
function outcomeText(outcome: SeriesOutcome | undefined): string {
  if (outcome === undefined) return "";
  return outcome.kind === "refund" ? "premium back" : `pays ${percent(outcome.payoutBps)}`;
}

async function tryPreview({ context, book }: Office, series: bigint) {
  try {
    return await previewSeries(context.client, { book, series });
  } catch (error) {
    if (error instanceof PublicaError && !error.code.startsWith("Sdk")) return error;
    throw error;
  }
}

function previewText(preview: Awaited<ReturnType<typeof tryPreview>> | undefined): string | undefined {
  if (preview === undefined) return undefined;
  if (preview instanceof PublicaError) return `cannot be decided yet: ${preview.message}`;
  return `the index is ${preview.index}, it would pay ${percent(preview.payoutBps)}`;
}
