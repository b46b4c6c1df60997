import {
  addressOf,
  type FeedId,
  type FeedRound,
  isFeedDue,
  isSuspect,
  PublicaError,
  readFeedConfig,
  readFeedRound,
  readFeedSensors,
  tryReadFeed,
} from "@publica/sdk";
import { sensorFeedsAbi } from "@publica/sdk/abi";
import pc from "picocolors";
import { type Address, decodeEventLog, type Hex, slice, toEventSelector } from "viem";
import { chainNow, type DeployedContext, firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { findLogs } from "../lib/logs.ts";
import { decimal, duration, heading, indent, pairs, relative, sparkline, table, utc } from "../lib/text.ts";

export interface InspectFeedOptions {
  /** Id or part of the name; undefined lists all feeds. */
  readonly feed: string | undefined;
  readonly rounds: number;
  /** Would a report of this value be due? Default: of the latest value. */
  readonly value: bigint | undefined;
}

interface KnownFeed {
  readonly id: FeedId;
  readonly name: string;
  readonly unit: string;
}

const CREATED = toEventSelector(
  sensorFeedsAbi.find((item) => item.type === "event" && item.name === "FeedCreated") as Extract<
    (typeof sensorFeedsAbi)[number],
    { type: "event"; name: "FeedCreated" }
  >,
);

/** One feed: what it measures, who signs, what it last said; or the list of feeds. */
export async function inspectFeed(context: DeployedContext, options: InspectFeedOptions): Promise<Report> {
  const address = addressOf(context.found.deployment, "SensorFeeds");
  const known = await listFeeds(
    context,
    address,
    /^0x[0-9a-fA-F]{64}$/.test(options.feed ?? "") ? options.feed : undefined,
  );
  if (options.feed === undefined) return feedList(context, address, known);
  const feed = choose(known, options.feed);

  const { client } = context;
  const [config, sensors, { round: latest, fresh }, now] = await Promise.all([
    readFeedConfig(client, { address, feed: feed.id }),
    readFeedSensors(client, { address, feed: feed.id }),
    tryReadFeed(client, { address, feed: feed.id }),
    chainNow(client),
  ]);
  const asked = options.value ?? latest?.value ?? 0n;
  const due = await isFeedDue(client, { address, feed: feed.id, value: asked });
  const numbers = latest === undefined ? [] : lastNumbers(latest.round, Math.min(options.rounds, config.historySize));
  const rounds = await Promise.all(numbers.map((round) => roundOrGap(context, address, feed.id, round)));
  const present = rounds.filter((round) => round !== undefined);

  const data = {
    feed: feed.id,
    address,
    chainId: context.chainId,
    name: feed.name || undefined,
    unit: feed.unit || undefined,
    config,
    sensors: sensors.inForce.map((key) => key ?? null),
    scheduled: sensors.scheduled.map((key) => key ?? null),
    latest,
    fresh,
    due,
    rounds: present,
  };
  const show = (value: bigint): string => decimal(value, config.decimals);
  const parts = [
    pairs([
      ["feed", feed.id],
      ["measures", feed.name === "" ? undefined : `${feed.name} (${feed.unit})`],
      ["rule", `${config.quorum} of ${config.sensors} sensors, set ${config.epoch}`],
      [
        "next set",
        config.nextEpochAt === 0 ? undefined : `${utc(config.nextEpochAt)}, ${relative(config.nextEpochAt, now)}`,
      ],
      ["heartbeat", duration(config.heartbeat)],
      ["deviation", config.deviationBps === 0 ? "any change" : `${config.deviationBps / 100} %`],
      ["plausible", `${show(config.minPlausible)} … ${show(config.maxPlausible)}`],
      ["history", `${config.historySize} rounds`],
      [
        "latest",
        latest && `${show(latest.value)} in round ${latest.round}, observed ${relative(latest.observedAt, now)}`,
      ],
      ["freshness", latest === undefined ? pc.yellow("no data yet") : fresh ? pc.green("fresh") : pc.red("stale")],
      ["a report is", due ? pc.yellow(`due (of ${show(asked)})`) : `not due (of ${show(asked)})`],
    ]),
    heading("Sensors"),
    indent(
      pairs(
        sensors.inForce.map((key, index) => [
          String(index),
          key === undefined
            ? pc.red("ejected")
            : key.curve === 0
              ? `secp256k1  ${slice(key.x, 12)}`
              : `P-256      ${key.x}${key.y.slice(2)}`,
        ]),
      ),
    ),
  ];
  if (present.length > 0) {
    parts.push(
      heading(`Last ${present.length} rounds`),
      indent(sparkline(rounds.map((round) => (round === undefined ? undefined : Number(round.value))))),
      indent(
        table(
          ["round", "value", "observed", "stored after", ""],
          present
            .toReversed()
            .map((round) => [
              String(round.round),
              show(round.value),
              utc(round.observedAt),
              duration(round.updatedAt - round.observedAt),
              isSuspect(round) ? pc.red("suspect") : "",
            ]),
          [0, 1, 3],
        ),
      ),
    );
  }
  return { data, text: parts.join("\n") };
}

async function feedList(context: DeployedContext, address: Address, known: readonly KnownFeed[]): Promise<Report> {
  const feeds = await Promise.all(
    known.map(async (feed) => ({ ...feed, ...(await tryReadFeed(context.client, { address, feed: feed.id })) })),
  );
  const rows = feeds.map(({ id, name, unit, round, fresh }) => [
    id,
    `${name} (${unit})`,
    round === undefined ? "" : String(round.round),
    round === undefined ? "no data" : fresh ? "fresh" : "stale",
  ]);
  const text =
    rows.length === 0
      ? `${context.label(address)} has no feeds yet.`
      : table(["feed", "measures", "round", "state"], rows, [2]);
  return { data: { address, chainId: context.chainId, feeds }, text };
}

/** The feeds created, or the one with this id. */
async function listFeeds(context: DeployedContext, address: Address, id?: string): Promise<KnownFeed[]> {
  const toBlock = await context.client.getBlockNumber();
  const topics = id === undefined ? [CREATED] : [CREATED, id.toLowerCase() as Hex];
  const logs = await findLogs(context.client, {
    address,
    topics,
    fromBlock: firstBlock(context, "SensorFeeds"),
    toBlock,
  });
  return logs.map(({ topics: found, data }) => {
    const { args } = decodeEventLog({
      abi: sensorFeedsAbi,
      eventName: "FeedCreated",
      topics: found as [Hex, ...Hex[]],
      data,
    });
    return { id: args.feed, name: args.description.name, unit: args.description.unit };
  });
}

function choose(known: readonly KnownFeed[], text: string): KnownFeed {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) {
    const id = text.toLowerCase() as FeedId;
    return known.find((feed) => feed.id === id) ?? { id, name: "", unit: "" };
  }
  const fitting = known.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const [feed] = fitting;
  if (feed !== undefined && fitting.length === 1) return feed;
  throw new CliError(
    feed === undefined
      ? `no feed is called "${text}"`
      : `"${text}" fits ${fitting.map(({ name }) => name).join(" and ")}`,
    "publica inspect feed lists them all; name one by its id.",
  );
}

function lastNumbers(latest: number, count: number): number[] {
  const first = Math.max(1, latest - count + 1);
  return Array.from({ length: latest - first + 1 }, (_, index) => first + index);
}

async function roundOrGap(
  { client }: DeployedContext,
  address: Address,
  feed: FeedId,
  round: number,
): Promise<FeedRound | undefined> {
  try {
    return await readFeedRound(client, { address, feed, round });
  } catch (error) {
    if (error instanceof PublicaError && error.code === "FeedRoundUnavailable") return undefined;
    throw error;
  }
}
