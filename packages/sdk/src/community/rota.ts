import { encodeAbiParameters, keccak256 } from "viem";

/** Most members of a crew, and shifts in one availability word. */
export const ROTA_LANES = 16;
/** Seats that are not on the rota. */
export const ROTA_SEATS = { lead: 252, principal: 253, backup: 254 } as const;

export interface RotaOrder {
  readonly device: number;
  readonly kind: number;
  /** Number of the order for this device and kind, from 1. */
  readonly number: number;
  /** 0 at opening; seat of the decliner plus 1 afterwards. */
  readonly round: number;
}

export interface RotaCrew {
  /** Open orders of member i in byte i. */
  readonly loads: bigint;
  /** Bit i: seat i is held. */
  readonly active: number;
  readonly size: number;
  readonly shiftLength: number;
  readonly epoch: number;
}

/** Number of the shift that runs at `now`. */
export function shiftAt(crew: Pick<RotaCrew, "shiftLength" | "epoch">, now: number): number {
  return crew.shiftLength === 0 ? 0 : Math.floor((now - crew.epoch) / crew.shiftLength);
}

/** Which availability word holds a shift. */
export function periodOf(shift: number): number {
  return Math.floor(shift / ROTA_LANES);
}

/** Where the search starts for an order. */
export function rotaStart(order: RotaOrder, shift: number, size: number): number {
  if (size === 0) return 0;
  const hash = BigInt(
    keccak256(
      encodeAbiParameters(
        [{ type: "uint32" }, { type: "uint8" }, { type: "uint16" }, { type: "uint8" }],
        [order.device, order.kind, order.number, order.round],
      ),
    ),
  );
  return (Number(hash % BigInt(size)) + (shift % size)) % size;
}

/** The available member with the least load, the first of equals from `first` on; undefined when nobody is available. */
export function rotaPick(available: bigint, loads: bigint, size: number, first: number): number | undefined {
  let least: bigint | undefined;
  let seat: number | undefined;
  for (let i = 0; i < size; i++) {
    const candidate = (first + i) % size;
    if (((available >> BigInt(candidate)) & 1n) === 0n) continue;
    const load = (loads >> BigInt(candidate * 8)) & 0xffn;
    if (least === undefined || load < least) {
      least = load;
      seat = candidate;
    }
  }
  return seat;
}

/**
 * Whom WorkOrders names for an order at `now`: level 1 and a member's seat, or level 2 and the lead.
 * @param availability The availability word of the period that holds the running shift.
 */
export function assign(
  crew: RotaCrew,
  availability: bigint,
  order: RotaOrder,
  now: number,
): { level: number; seat: number } {
  const shift = shiftAt(crew, now);
  const lane = BigInt((shift % ROTA_LANES) * ROTA_LANES);
  const available = (availability >> lane) & BigInt(crew.active);
  const seat = rotaPick(available, crew.loads, crew.size, rotaStart(order, shift, crew.size));
  return seat === undefined ? { level: 2, seat: ROTA_SEATS.lead } : { level: 1, seat };
}
