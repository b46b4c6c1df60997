import { inRanges } from "@publica/sdk";
import { replayBook, type Settlement, type ZoneResult } from "@publica/sdk/energy";
import { energyExchangeAbi } from "@publica/sdk/abi";
import { firstBlock } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { pairs, sparkline, table } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import { type Market, showEnergy, showPrice, slotDay, slotTime } from "./market.ts";

const STATUS = ["open", "settled from the committed book", "settled after the fallback deadline", "void"] as const;
export const VOID = 3;

/** How a book was closed; it must be. */
export async function closedBook({ context, exchange }: Market, firstSlot: number) {
  const [closed] = await inRanges(context.client, firstBlock(context, "EnergyExchange"), (range) =>
    context.client.getContractEvents({
      ...{ address: exchange, abi: energyExchangeAbi, eventName: "BookClosed", args: { firstSlot } },
      ...{ strict: true, ...range },
    } as const),
  );
  if (closed === undefined)
    throw new CliError(
      `no book that begins ${slotDay(firstSlot)} ${slotTime(firstSlot)} UTC is closed`,
      "publica energy settle settles it once its gate has closed.",
    );
  return closed;
}

/** Replays a closed book from chain data and compares it with what the exchange stored. */
export async function verifyBook(market: Market, firstSlot: number): Promise<Report> {
  const { context, exchange, accounts, large } = market;
  const closed = await closedBook(market, firstSlot);
  const status = STATUS[closed.args.status] ?? "unknown";
  const facts: [string, string][] = [
    ["book", `${slotDay(firstSlot)} ${slotTime(firstSlot)} UTC, ${closed.args.count} slots`],
    ["outcome", status],
    ["orders", String(closed.args.orders)],
    ["to the network", money(closed.args.networkMicro, market.token)],
    ["transaction", closed.transactionHash],
  ];
  if (closed.args.status === VOID) return { data: { ...closed.args, matches: true }, text: pairs(facts) };
  const addresses = { accounts, exchange, large, fromBlock: firstBlock(context, "LargeBooks") };
  const { settlement, matches } = await replayBook(context.client, addresses, closed.transactionHash);
  const zones = settlement.clearings[0]?.zones.length ?? 0;
  const series = Array.from({ length: zones }, (_, z) => {
    const prices = settlement.clearings.map(({ zones: all }) => priceOf(all[z]));
    return [`zone ${z}`, sparkline(prices)] as const;
  });
  return {
    data: { ...closed.args, matches, slots: slotsOf(settlement) },
    text: [
      pairs([
        ...facts,
        ...series,
        ["replay", matches ? "every fill agrees" : "DIFFERENT from what the exchange stored"],
      ]),
      table(["slot", "zone", "price/kWh", "kWh", "outcome"], rowsOf(settlement), [1, 2, 3]),
    ].join("\n\n"),
    exitCode: matches ? 0 : 1,
  };
}

const priceOf = (zone: ZoneResult | undefined): number | undefined =>
  zone === undefined || zone.outcome === "NoTrade" ? undefined : zone.tick;

function slotsOf({ clearings, firstSlot }: Settlement) {
  return clearings.flatMap(({ zones }, t) =>
    zones.map((zone, z) => ({
      ...{ slot: firstSlot + t, zone: z, outcome: zone.outcome, soldWh: zone.soldWh },
      tick: priceOf(zone) ?? null,
    })),
  );
}

/** Slots that traded. */
function rowsOf(settlement: Settlement): string[][] {
  return slotsOf(settlement)
    .filter(({ tick }) => tick !== null)
    .map(({ slot, zone, tick, soldWh, outcome }) => [
      ...[slotTime(slot), String(zone), showPrice(tick ?? 0), showEnergy(soldWh), outcome],
    ]);
}
