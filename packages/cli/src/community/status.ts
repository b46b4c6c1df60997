import {
  getCommunityView,
  getDevicePerformance,
  getDispute,
  type OrderHistory,
  type OrderMoment,
  type OrderState,
  performance,
} from "@publica/sdk/community";
import pc from "picocolors";
import { chainNow, firstBlock } from "../lib/context.ts";
import type { Report } from "../lib/io.ts";
import { duration, heading, indent, pairs, relative, table, utc } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import {
  agreementOf,
  type Block,
  crewCount,
  deviceCount,
  deviceOf,
  isOpen,
  type KnownOrder,
  type OrderKey,
  ordersOf,
  type Priced,
  requireOrder,
  seatName,
} from "./block.ts";

const FOREVER = 2n ** 40n;
const percent = (bp: number): string => `${(bp / 100).toFixed(2)} %`;
const upTo = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

const STATES: Readonly<Record<OrderState, string>> = {
  none: "none",
  open: "open",
  assigned: "assigned",
  accepted: "accepted",
  onSite: "on site",
  working: "at work",
  onHold: "waits for parts",
  verifying: "to be proven",
  restored: "restored",
  disputed: "in dispute",
  closed: "closed",
  selfCleared: "cleared itself",
};

/** Every device of a community, its open repairs and the crews' money. */
export async function overallStatus(block: Block): Promise<Report> {
  const { client } = block.context;
  const [devices, crews, now] = await Promise.all([deviceCount(block), crewCount(block), chainNow(client)]);
  const all = await Promise.all(
    upTo(devices).map(async (number) => ({
      number,
      device: await deviceOf(block, number),
      open: (await ordersOf(block, number)).filter(isOpen),
    })),
  );
  const agreements = (await Promise.all(upTo(crews).map((crew) => agreementOf(block, crew)))).filter(
    (agreement) => agreement !== undefined,
  );
  const rows = all.map(({ number, device, open }) => [
    String(number),
    statusText(device.status),
    device.counter === 0 ? "never" : relative(device.observedAt, now),
    device.profile.crew === 0 ? "none" : String(device.profile.crew),
    device.profile.critical ? `with ${device.profile.partner}` : "",
    open.map((order) => `${order.kind}: ${STATES[order.state]}`).join("\n"),
    open.map(waitsFor).join("\n"),
    open.map((order) => dueText(order, now)).join("\n"),
  ]);
  const heads = ["no.", "status", "last heard", "crew", "critical", "repair", "waits for", "due"];
  const data = {
    devices: all.map(({ number, device, open }) => ({ number, ...device, open })),
    agreements: agreements.map(agreementData),
  };
  const text = [
    pc.bold("Devices"),
    indent(rows.length === 0 ? "none yet" : table(heads, rows, [0])),
    heading("Crews"),
    indent(
      agreements.length === 0 ? "no agreement yet" : agreements.map((one) => agreementText(one, now)).join("\n\n"),
    ),
  ];
  return { data, text: text.join("\n") };
}

/** One device: limits, parties, what ails it, and how it did under its agreement. */
export async function deviceStatus(block: Block, number: number): Promise<Report> {
  const { client } = block.context;
  const [device, orders, now] = await Promise.all([deviceOf(block, number), ordersOf(block, number), chainNow(client)]);
  const { profile, parties } = device;
  const crew = profile.crew;
  const record =
    crew === 0
      ? undefined
      : await getDevicePerformance(client, { service: block.service, orders: block.orders, crew, device: number });
  const covered = record !== undefined && record.coveredSince !== 0 ? record : undefined;
  const rows = orders.map((order) => [
    order.kind,
    String(order.number),
    `${STATES[order.state]}${order.redo ? ", redo" : ""}`,
    isOpen(order) ? waitsFor(order) : "",
    utc(order.openedAt),
    dueText(order, now),
  ]);
  const text = [
    pairs([
      ["device", `${number}, ${statusText(device.status)}`],
      ["last heard", device.counter === 0 ? "never" : `${relative(device.observedAt, now)}, reading ${device.counter}`],
      ["limits", `${profile.low} to ${profile.high}, back by ${profile.band}`],
      ["fault after", faultAfter(profile.holdOff, profile.runLength)],
      ["heartbeat", profile.heartbeatGap === 0 ? "none promised" : `every ${duration(profile.heartbeatGap)}`],
      ["critical", profile.critical ? `yes, with device ${profile.partner}` : "no"],
      ["key", `${device.key} (${profile.p256 ? "P-256" : "secp256k1"})`],
      ["firmware", profile.firmware],
      ["owner", block.context.label(parties.owner)],
      ["installer", block.context.label(parties.installer)],
      ["manufacturer", block.context.label(parties.manufacturer)],
      ["crew", crew === 0 ? "none" : String(crew)],
    ]),
    heading("Repairs, the last of each kind"),
    indent(rows.length === 0 ? "none yet" : table(["kind", "no.", "state", "waits for", "opened", "due"], rows, [1])),
    heading("Record"),
    indent(
      covered === undefined
        ? "not covered by its crew's agreement"
        : pairs([
            ["covered since", utc(covered.coveredSince)],
            ["repairs", `${covered.repairs}, ${covered.redos} of all orders were redos`],
            ["false alarms", String(covered.falseAlarms)],
            ["mean time to repair", duration(covered.mttrSeconds)],
            ["mean time between failures", duration(covered.mtbfSeconds)],
            ["availability", percent(covered.availabilityBp)],
          ]),
    ),
  ];
  return { data: { number, ...device, orders, record: covered }, text: text.join("\n") };
}

/** One order, with its life as the events tell it. */
export async function orderStatus(block: Block, key: OrderKey): Promise<Report> {
  const { client } = block.context;
  const [order, now] = await Promise.all([requireOrder(block, key), chainNow(client)]);
  const [view, dispute, agreement] = await Promise.all([
    communityView(block),
    getDispute(client, { forum: block.forum, dispute: order.dispute }),
    agreementOf(block, order.crew),
  ]);
  const history = view.orders.get(order.id);
  const moments = history?.moments ?? [];
  const paid = (amount: bigint): string => (agreement === undefined ? String(amount) : money(amount, agreement.token));
  const text = [
    pairs([
      ["order", `${order.id}: number ${order.number} of device ${key.device} for ${key.kind}`],
      ["state", `${STATES[order.state]}${order.isFinal ? ", warranty over" : ""}`],
      ["level", `${order.level} of 5`],
      ["waits for", isOpen(order) ? `${waitsFor(order)} ${order.assignee}` : undefined],
      ["due", dueText(order, now) || undefined],
      ["redo", order.redo ? "yes: inside the warranty of the order before, without a fee" : undefined],
      ["failed fixes", order.failures === 0 ? undefined : String(order.failures)],
      ["failure code", order.code === 0 ? undefined : codeText(order.code)],
      ["waited for parts", order.held === 0 ? undefined : duration(order.held * 60)],
      ["dispute", disputeText(dispute)],
      ["settled", history === undefined ? undefined : settledText(history, paid)],
    ]),
    heading("Its life"),
    indent(
      moments.length === 0
        ? "no events in these blocks"
        : table(
            ["time", "after", "what", ""],
            moments.map((moment) => momentRow(moment, order.openedAt)),
          ),
    ),
  ];
  return { data: { ...order, dispute: { id: order.dispute, ...dispute }, history }, text: text.join("\n") };
}

/** Mean times, availability and money of every covered device, rebuilt from events alone. */
export async function kpis(block: Block): Promise<Report> {
  const { client } = block.context;
  const [view, crews, now] = await Promise.all([communityView(block), crewCount(block), chainNow(client)]);
  const agreements = (await Promise.all(upTo(crews).map((crew) => agreementOf(block, crew)))).filter(
    (agreement) => agreement !== undefined,
  );
  const devices = [...view.devices.values()]
    .sort((a, b) => a.device - b.device)
    .map((device) => ({ ...device, ...performance(device, now) }));
  const crewOf = new Map(
    await Promise.all(
      devices.map(async ({ device }) => [device, (await deviceOf(block, device)).profile.crew] as const),
    ),
  );
  const shown = (device: number, amount: bigint): string => {
    const agreement = agreements.find(({ crew }) => crew === crewOf.get(device));
    return agreement === undefined ? String(amount) : money(amount, agreement.token);
  };
  const rows = devices.map((device) => [
    String(device.device),
    String(device.repairs),
    String(device.falseAlarms),
    String(device.redos),
    device.repairs === 0 ? "" : duration(device.mttrSeconds),
    duration(device.mtbfSeconds),
    percent(device.availabilityBp),
    shown(device.device, device.feesPaid),
    shown(device.device, device.penalties),
  ]);
  const heads = ["no.", "repairs", "false", "redos", "MTTR", "MTBF", "available", "fees", "penalties"];
  const text = [
    pc.bold("Devices under an agreement, rebuilt from events"),
    indent(rows.length === 0 ? "none yet" : table(heads, rows, [0, 1, 2, 3, 4, 5, 6, 7, 8])),
    heading("Crews"),
    indent(
      agreements.length === 0 ? "no agreement yet" : agreements.map((one) => agreementText(one, now)).join("\n\n"),
    ),
  ];
  return { data: { at: now, devices, agreements: agreements.map(agreementData) }, text: text.join("\n") };
}

function communityView(block: Block) {
  const { context, orders, service } = block;
  // WorkOrders is made with its address, so it is the older of the two.
  const fromBlock = firstBlock(context, "ServiceContract");
  return getCommunityView(context.client, { orders, service, fromBlock });
}

function statusText(status: string): string {
  if (status === "normal") return pc.green(status);
  return status === "faulty" || status === "offline" ? pc.red(status) : pc.yellow(status);
}

function faultAfter(holdOff: number, runLength: number): string {
  const time = holdOff === 0 ? "the first reading outside" : `${duration(holdOff)} outside`;
  return runLength === 0 ? time : `${time}, or ${runLength} readings`;
}

function waitsFor(order: KnownOrder): string {
  if (order.state === "verifying") return "the device";
  if (order.state === "restored") return "the window";
  if (order.state === "disputed") return "the panel";
  return `level ${order.level}, ${seatName(order.seat)}`;
}

function dueText(order: KnownOrder, now: number): string {
  return isOpen(order) && order.dueAt < FOREVER ? relative(Number(order.dueAt), now) : "";
}

/** Class, mode and cause, as people write them. */
export function codeText(code: number): string {
  return [code >> 16, (code >> 8) & 0xff, code & 0xff].join(".");
}

function disputeText(dispute: Awaited<ReturnType<typeof getDispute>>): string | undefined {
  if (dispute.voteUntil === 0) {
    if (dispute.drawBlock === 0) return undefined;
    if (!dispute.lotKnown) return `nominated for inspection; block ${dispute.drawBlock} decides`;
    return dispute.chosen ? "chosen for inspection" : "the lot passed it by";
  }
  const votes = `${dispute.votesFor} for, ${dispute.votesAgainst} against`;
  if (dispute.decided) return `${dispute.upheld ? "upheld" : "rejected"}: ${votes}`;
  const panel = dispute.drawn
    ? `panel ${dispute.panel.join(", ")}`
    : `panel to be drawn from block ${dispute.drawFrom}`;
  return `${votes}; ${panel}; until ${utc(dispute.voteUntil)}`;
}

function settledText({ outcome, fee, penalty }: OrderHistory, paid: (amount: bigint) => string): string | undefined {
  return outcome === undefined ? undefined : `${outcome}: fee ${paid(fee)}, penalty ${paid(penalty)}`;
}

const MOMENTS: Readonly<Record<string, string>> = {
  OrderOpened: "opened",
  OrderAccepted: "accepted",
  OrderDeclined: "declined",
  OrderReassigned: "handed on",
  OrderArrived: "on site",
  OrderStarted: "work began",
  OrderHeld: "waits for parts",
  OrderResumed: "work goes on",
  FixClaimed: "claimed to be repaired",
  FixFailed: "the repair failed",
  OrderRestored: "proven by the device",
  OrderSelfCleared: "cleared itself",
  OrderDisputed: "before the panel",
  OrderClosed: "closed",
  RepairSettled: "money moved",
};

function momentRow({ timestamp, name, args }: OrderMoment, openedAt: number): string[] {
  const details = [
    args.level === undefined ? undefined : `level ${String(args.level)}`,
    args.seat === undefined ? undefined : seatName(Number(args.seat)),
    args.code === undefined ? undefined : `code ${codeText(Number(args.code))}`,
    args.heldMinutes === undefined ? undefined : `${String(args.heldMinutes)} minutes in all`,
    args.refuted === true ? "refuted" : undefined,
  ].filter((detail) => detail !== undefined);
  return [utc(timestamp), duration(timestamp - openedAt), MOMENTS[name] ?? name, details.join(", ")];
}

function agreementData({ token, ...agreement }: Priced) {
  return { ...agreement, symbol: token.symbol };
}

function agreementText(agreement: Priced, now: number): string {
  const { token, terms } = agreement;
  const state =
    agreement.startedAt === 0
      ? "offered, not accepted"
      : agreement.endsAt === 0
        ? `running since ${utc(agreement.startedAt)}`
        : `ends ${relative(agreement.endsAt, now)}`;
  const arrears = agreement.contractorArrears + agreement.backupArrears;
  return pairs([
    ["crew", `${agreement.crew}: ${state}`],
    ["owner", agreement.owner],
    ["contractor", agreement.contractor],
    ["fee", `${money(terms.fee, token)} a repair, ${money(terms.callOutFee, token)} a call-out`],
    ["retainer", `${money(terms.retainer, token)} for 30 days, paid until ${utc(agreement.retainedUntil)}`],
    ["promise", `${percent(terms.availabilityBp)} available`],
    ["escrow", money(agreement.escrow, token)],
    ["bond", money(agreement.bond, token)],
    ["due", `${money(agreement.contractorDue, token)} contractor, ${money(agreement.backupDue, token)} backup`],
    ["arrears", arrears === 0n ? undefined : money(arrears, token)],
  ]);
}
