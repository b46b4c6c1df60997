import {
  claimFixed,
  type DeviceStatus,
  drawFromService,
  drawPanel,
  escalateOrder,
  type FaultKind,
  faultKindIndex,
  inspectRepair,
  disputeRepair,
  nominateRepair,
  openOrder,
  type OrderStep,
  orderStepFunctions,
  payDisputeBond,
  proveRepair,
  type ResidentSubject,
  residentSubjects,
  ruleOrder,
  sayAboutDevice,
  settleOrder,
  type SignedReading,
  stepOrder,
  voteOnDispute,
} from "@publica/sdk/community";
import type { WriteClient } from "@publica/sdk";
import { residentForumAbi, serviceContractAbi, workOrdersAbi } from "@publica/sdk/abi";
import { type Address, type Hash, type Hex, isAddressEqual, parseEventLogs } from "viem";
import { CliError } from "../lib/errors.ts";
import type { Plan, PlanOptions, SentStep } from "../lib/sending.ts";
import { duration } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import { agreementOf, type Block, deviceOf, isOpen, type OrderKey, orderOf, requireOrder, seatName } from "./block.ts";
import { codeText } from "./status.ts";

export interface Prepared {
  readonly plan: Plan;
  readonly afterwards?: NonNullable<PlanOptions["afterwards"]>;
}

/** What anyone or the assignee does with an order that takes nothing but the order. */
export type OrderAction = OrderStep | "escalate" | "settle" | "nominate" | "inspect" | "rule";

const WORDS: Readonly<Record<OrderAction, string>> = {
  accept: "accept",
  decline: "decline, for a rota point and the rest of the shift,",
  arrive: "say that you are on site for",
  start: "begin work on",
  hold: "wait for parts for",
  resume: "go on with",
  escalate: "do what the clock says about",
  settle: "close and settle",
  nominate: "let the lot decide on an inspection of",
  inspect: "hand to a panel",
  rule: "carry out the panel's verdict on",
};

const others = {
  escalate: escalateOrder,
  settle: settleOrder,
  nominate: nominateRepair,
  inspect: inspectRepair,
  rule: ruleOrder,
} as const;

const isStep = (action: OrderAction): action is OrderStep => action in orderStepFunctions;

const named = ({ device, kind }: OrderKey, number: number): string => `order ${number} of device ${device} (${kind})`;

/** One action on one order. */
export async function planAction(block: Block, sender: Address, key: OrderKey, action: OrderAction): Promise<Prepared> {
  const order = await requireOrder(block, key);
  if (isStep(action) && !isAddressEqual(order.assignee, sender)) {
    throw new CliError(
      `${named(key, order.number)} waits for ${order.assignee} (level ${order.level}, ${seatName(order.seat)}), not for ${sender}`,
      "Send from that account, or let the order escalate.",
    );
  }
  const functionName = isStep(action) ? orderStepFunctions[action] : action;
  const send = (from: WriteClient): Promise<Hash> =>
    isStep(action)
      ? stepOrder(from, { orders: block.orders, ...key, step: action })
      : others[action](from, { orders: block.orders, ...key });
  return {
    plan: {
      facts: [["state", `${order.state}, level ${order.level}`]],
      data: { ...key, number: order.number, state: order.state },
      steps: [
        {
          what: `${WORDS[action]} ${named(key, order.number)}`,
          simulate: () =>
            block.context.client.simulateContract({
              address: block.orders,
              abi: workOrdersAbi,
              functionName,
              args: [key.device, faultKindIndex(key.kind)],
              account: sender,
            }),
          send,
        },
      ],
    },
    afterwards: () => nowIs(block, key),
  };
}

/** Opens an order for a fault that is known already. */
export async function planOpening(block: Block, sender: Address, key: OrderKey): Promise<Prepared> {
  const device = await deviceOf(block, key.device);
  return {
    plan: {
      facts: [["device", `${key.device}, ${device.status}`]],
      data: { ...key, status: device.status satisfies DeviceStatus },
      steps: [
        {
          what: `open an order for ${key.kind} of device ${key.device}`,
          simulate: () =>
            block.context.client.simulateContract({
              address: block.orders,
              abi: workOrdersAbi,
              functionName: "open",
              args: [key.device, faultKindIndex(key.kind)],
              account: sender,
            }),
          send: (from) => openOrder(from, { orders: block.orders, ...key }),
        },
      ],
    },
    afterwards: () => nowIs(block, key),
  };
}

/** Claims that a device is repaired. */
export async function planClaim(
  block: Block,
  sender: Address,
  key: OrderKey,
  claim: { readonly code: number; readonly evidenceRoot: Hex },
): Promise<Prepared> {
  const order = await requireOrder(block, key);
  const terms = await block.context.client.readContract({
    address: block.orders,
    abi: workOrdersAbi,
    functionName: "termsOf",
    args: [order.crew],
  });
  return {
    plan: {
      facts: [
        ["code", codeText(claim.code)],
        [
          "proof",
          `${terms.verifyCount} good readings over ${duration(terms.verifySpan)}, within ${duration(terms.verifyWindow)}`,
        ],
      ],
      data: { ...key, number: order.number, ...claim },
      steps: [
        {
          what: `claim that ${named(key, order.number)} is repaired`,
          simulate: () =>
            block.context.client.simulateContract({
              address: block.orders,
              abi: workOrdersAbi,
              functionName: "claimRepaired",
              args: [key.device, faultKindIndex(key.kind), claim.code, claim.evidenceRoot],
              account: sender,
            }),
          send: (from) => claimFixed(from, { orders: block.orders, ...key, ...claim }),
        },
      ],
    },
    afterwards: () => nowIs(block, key),
  };
}

/** Proves a repair by the device's own readings, and its partner's where it is critical. */
export async function planProof(
  block: Block,
  sender: Address,
  key: OrderKey,
  run: readonly SignedReading[],
  partnerRun: readonly SignedReading[],
): Promise<Prepared> {
  const order = await requireOrder(block, key);
  return {
    plan: {
      facts: [
        ["readings", `${run.length}${partnerRun.length === 0 ? "" : `, and ${partnerRun.length} of the partner`}`],
      ],
      data: { ...key, number: order.number, readings: run.length, partnerReadings: partnerRun.length },
      steps: [
        {
          what: `prove ${named(key, order.number)} by the device's readings`,
          simulate: () =>
            block.context.client.simulateContract({
              address: block.orders,
              abi: workOrdersAbi,
              functionName: "proveRepair",
              args: [key.device, faultKindIndex(key.kind), run, partnerRun],
              account: sender,
            }),
          send: (from) => proveRepair(from, { orders: block.orders, ...key, run, partnerRun }),
        },
      ],
    },
    afterwards: () => nowIs(block, key),
  };
}

/** Says as a resident that a device is broken, or that it works again. */
export async function planWord(
  block: Block,
  sender: Address,
  device: number,
  subject: ResidentSubject,
): Promise<Prepared> {
  const { client } = block.context;
  const { parties, status } = await deviceOf(block, device);
  const needed = await client.readContract({
    address: block.forum,
    abi: residentForumAbi,
    functionName: "CONFIRMATIONS",
  });
  return {
    plan: {
      facts: [
        ["device", `${device}, ${status}`],
        ["community", block.context.label(parties.owner)],
        ["needed", `${needed} residents within a day, all of them where there are fewer`],
      ],
      data: { device, subject, community: parties.owner, needed },
      steps: [
        {
          what: subject === "fault" ? `report device ${device} broken` : `confirm that device ${device} works again`,
          simulate: () =>
            client.simulateContract({
              address: block.forum,
              abi: residentForumAbi,
              functionName: "say",
              args: [device, residentSubjects.indexOf(subject)],
              account: sender,
            }),
          send: (from) => sayAboutDevice(from, { forum: block.forum, device, subject }),
        },
      ],
    },
    afterwards: async (sent) => {
      const logs = logsOf(sent);
      const [said] = parseEventLogs({ abi: residentForumAbi, eventName: "ResidentSaid", logs });
      const agreed = parseEventLogs({ abi: residentForumAbi, eventName: "ResidentsAgreed", logs }).length > 0;
      const then =
        subject === "fault" ? "publica community open --fault reported opens the order" : "the order can settle";
      return {
        facts: [["so far", `${said?.args.count} said so${agreed ? `: enough, ${then}` : ""}`]],
        data: { count: said?.args.count, agreed },
      };
    },
  };
}

/** Disputes a repair, with the forum's bond. */
export async function planDispute(block: Block, sender: Address, key: OrderKey): Promise<Prepared> {
  const { client } = block.context;
  const order = await requireOrder(block, key);
  const bond = await client.readContract({ address: block.forum, abi: residentForumAbi, functionName: "disputeBond" });
  const [shown, balance] = [money(bond, ETHER), await client.getBalance({ address: sender })];
  if (balance < bond)
    throw new CliError(`${sender} has ${money(balance, ETHER)}, the bond is ${shown}`, "Send it more ETH first.");
  return {
    plan: {
      facts: [["bond", `${shown}, back when the panel agrees, else the community's`]],
      data: { ...key, number: order.number, bond },
      steps: [
        {
          what: `dispute ${named(key, order.number)} with ${shown}`,
          simulate: () =>
            client.simulateContract({
              address: block.orders,
              abi: workOrdersAbi,
              functionName: "dispute",
              args: [key.device, faultKindIndex(key.kind)],
              value: bond,
              account: sender,
            }),
          send: (from) => disputeRepair(from, { orders: block.orders, ...key, bond }),
        },
      ],
    },
    afterwards: () => nowIs(block, key),
  };
}

export type PanelAction = "draw" | "uphold" | "reject" | "pay";

/** What belongs to a dispute: its panel, a vote, its bond. */
export async function planPanel(block: Block, sender: Address, key: OrderKey, action: PanelAction): Promise<Prepared> {
  const { client } = block.context;
  const { dispute, number } = await requireOrder(block, key);
  const { forum } = block;
  const call = { address: forum, abi: residentForumAbi, account: sender } as const;
  const uphold = action === "uphold";
  const steps = {
    draw: {
      what: `draw the panel for ${named(key, number)}`,
      simulate: () => client.simulateContract({ ...call, functionName: "drawPanel", args: [dispute] }),
      send: (from: WriteClient) => drawPanel(from, { forum, dispute }),
    },
    pay: {
      what: `pay the bond of the dispute about ${named(key, number)}`,
      simulate: () => client.simulateContract({ ...call, functionName: "payBond", args: [dispute] }),
      send: (from: WriteClient) => payDisputeBond(from, { forum, dispute }),
    },
    vote: {
      what: `vote ${uphold ? "against" : "for"} the repair of ${named(key, number)}`,
      simulate: () => client.simulateContract({ ...call, functionName: "vote", args: [dispute, uphold] }),
      send: (from: WriteClient) => voteOnDispute(from, { forum, dispute, uphold }),
    },
  };
  const step = steps[action === "draw" || action === "pay" ? action : "vote"];
  return { plan: { facts: [["dispute", dispute]], data: { ...key, number, dispute, action }, steps: [step] } };
}

/** Draws what an agreement owes the sender: fees; after the end, escrow or bond. */
export async function planDrawing(block: Block, sender: Address, crew: number): Promise<Prepared> {
  const { client } = block.context;
  const agreement = await agreementOf(block, crew);
  if (agreement === undefined)
    throw new CliError(`crew ${crew} has no agreement`, "publica community status lists them.");
  return {
    plan: {
      facts: [
        ["due", `${money(agreement.contractorDue, agreement.token)} to the contractor`],
        ["", `${money(agreement.backupDue, agreement.token)} to the backup`],
      ],
      data: { crew, contractorDue: agreement.contractorDue, backupDue: agreement.backupDue },
      steps: [
        {
          what: `draw what the agreement of crew ${crew} owes ${sender}`,
          simulate: () =>
            client.simulateContract({
              address: block.service,
              abi: serviceContractAbi,
              functionName: "draw",
              args: [block.orders, crew],
              account: sender,
            }),
          send: (from) => drawFromService(from, { service: block.service, orders: block.orders, crew }),
        },
      ],
    },
    afterwards: async (sent) => {
      const [paid] = parseEventLogs({ abi: serviceContractAbi, eventName: "ServicePaid", logs: logsOf(sent) });
      const amount = paid?.args.amount ?? 0n;
      return { facts: [["drawn", money(amount, agreement.token)]], data: { amount } };
    },
  };
}

const ETHER = { address: "0x0000000000000000000000000000000000000000", symbol: "ETH", decimals: 18 } as const;

async function nowIs(block: Block, key: { readonly device: number; readonly kind: FaultKind }) {
  const order = await orderOf(block, key);
  if (order === undefined) return { facts: [], data: {} };
  const { state, level, seat, assignee, number } = order;
  const waiting = isOpen(order) ? `, level ${level}, ${seatName(seat)} ${assignee}` : "";
  return {
    facts: [["now", `order ${number} is ${state}${waiting}`]] as const,
    data: { order: { number, state, level, seat, assignee } },
  };
}

const logsOf = (sent: readonly SentStep[]) => sent.flatMap(({ receipt }) => receipt.logs);
