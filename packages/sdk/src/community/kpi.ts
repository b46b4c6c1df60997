import { type FaultKind, parseOrderId, type RepairOutcome, repairOutcomes } from "./types.ts";

/** One event of WorkOrders or ServiceContract with the time of its block. */
export interface CommunityEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** One line of an order's life. */
export interface OrderMoment {
  readonly timestamp: number;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Everything the events say about one order. */
export interface OrderHistory {
  readonly id: bigint;
  readonly device: number;
  readonly kind: FaultKind;
  readonly number: number;
  readonly redo: boolean;
  readonly openedAt: number;
  /** When it ended: the claim that was proven, or the moment it cleared itself. */
  endedAt?: number;
  level: number;
  failures: number;
  outcome?: RepairOutcome;
  /** Base units of the agreement's currency. */
  fee: bigint;
  penalty: bigint;
  readonly moments: OrderMoment[];
}

/** The figures of one device, as ServiceContract keeps them. */
export interface DeviceKpis {
  readonly device: number;
  coveredSince: number;
  lastUp: number;
  downSeconds: number;
  repairSeconds: number;
  repairs: number;
  falseAlarms: number;
  redos: number;
  feesPaid: bigint;
  penalties: bigint;
}

/** Orders and figures rebuilt from nothing but events. */
export interface CommunityView {
  readonly orders: ReadonlyMap<bigint, OrderHistory>;
  readonly devices: ReadonlyMap<number, DeviceKpis>;
}

/** Rebuilds every order and every device's figures from the events of WorkOrders and ServiceContract, in chain order. */
export function rebuildCommunity(events: readonly CommunityEvent[]): CommunityView {
  const orders = new Map<bigint, OrderHistory>();
  const devices = new Map<number, DeviceKpis>();
  for (const event of events) {
    const { name, args, timestamp } = event;
    if (name === "DeviceCovered") {
      const device = Number(args.device);
      devices.set(device, {
        device,
        coveredSince: timestamp,
        lastUp: timestamp,
        downSeconds: 0,
        repairSeconds: 0,
        repairs: 0,
        falseAlarms: 0,
        redos: 0,
        feesPaid: 0n,
        penalties: 0n,
      });
      continue;
    }
    const id = args.order;
    if (typeof id !== "bigint") continue;
    if (name === "OrderOpened") {
      const { device, kind, number } = parseOrderId(id);
      orders.set(id, {
        id,
        device,
        kind,
        number,
        redo: Boolean(args.redo),
        openedAt: timestamp,
        level: Number(args.level),
        failures: 0,
        fee: 0n,
        penalty: 0n,
        moments: [],
      });
    }
    const order = orders.get(id);
    if (order === undefined) continue;
    order.moments.push({ timestamp, name, args });
    if (name === "OrderReassigned") order.level = Number(args.level);
    if (name === "FixFailed") order.failures = Number(args.failures);
    // A stamp is at least one second after the opening, as on chain.
    if (name === "OrderRestored") order.endedAt = Math.max(Number(args.restoredAt), order.openedAt + 1);
    if (name === "OrderSelfCleared") order.endedAt = Math.max(timestamp, order.openedAt + 1);
    if (name === "RepairSettled") settle(order, devices.get(order.device), args);
  }
  return { orders, devices };
}

function settle(order: OrderHistory, kpis: DeviceKpis | undefined, args: Readonly<Record<string, unknown>>): void {
  order.outcome = repairOutcomes[Number(args.outcome)] as RepairOutcome;
  order.fee = args.fee as bigint;
  order.penalty = args.penalty as bigint;
  if (kpis === undefined || order.endedAt === undefined) return;
  const from = Math.max(order.openedAt, kpis.lastUp);
  if (order.endedAt > from) {
    kpis.downSeconds += order.endedAt - from;
    kpis.lastUp = order.endedAt;
  }
  if (order.outcome === "selfCleared") kpis.falseAlarms += 1;
  if (order.outcome === "repaired") {
    kpis.repairs += 1;
    kpis.repairSeconds += order.endedAt - order.openedAt;
  }
  if (order.redo) kpis.redos += 1;
  kpis.feesPaid += order.fee;
  kpis.penalties += order.penalty;
}

/** Mean time to repair and between failures, seconds, and availability in 1/10,000, at `now`; as on chain. */
export function performance(
  kpis: DeviceKpis,
  now: number,
): { mttrSeconds: number; mtbfSeconds: number; availabilityBp: number } {
  const covered = now - kpis.coveredSince;
  const up = covered - kpis.downSeconds;
  return {
    mttrSeconds: kpis.repairs === 0 ? 0 : Math.floor(kpis.repairSeconds / kpis.repairs),
    mtbfSeconds: kpis.repairs === 0 ? up : Math.floor(up / kpis.repairs),
    availabilityBp: covered === 0 ? 10_000 : Math.floor((up * 10_000) / covered),
  };
}
