import { addressOf } from "@publica/sdk";
import {
  disputeIdOf,
  type FaultKind,
  faultKinds,
  getAgreement,
  type GetAgreementReturnType,
  getDevice,
  type GetDeviceReturnType,
  getOrder,
  type GetOrderReturnType,
  orderId,
  ROTA_SEATS,
} from "@publica/sdk/community";
import { equipmentRegisterAbi, workOrdersAbi } from "@publica/sdk/abi";
import { type Address, type Hex, zeroAddress } from "viem";
import type { DeployedContext } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import { readToken, type Token } from "../lib/tokens.ts";

/** The community contracts of a deployment. */
export interface Block {
  readonly context: DeployedContext;
  readonly register: Address;
  readonly forum: Address;
  readonly service: Address;
  readonly orders: Address;
}

export function blockOf(context: DeployedContext): Block {
  const { deployment } = context.found;
  return {
    context,
    register: addressOf(deployment, "EquipmentRegister"),
    forum: addressOf(deployment, "ResidentForum"),
    service: addressOf(deployment, "ServiceContract"),
    orders: addressOf(deployment, "WorkOrders"),
  };
}

/** The order people mean: a device and what is wrong with it. */
export interface OrderKey {
  readonly device: number;
  readonly kind: FaultKind;
}

/** A device that exists. */
export async function deviceOf(block: Block, device: number): Promise<GetDeviceReturnType> {
  const found = await getDevice(block.context.client, { register: block.register, device });
  if (found.status !== "none") return found;
  const count = await deviceCount(block);
  throw new CliError(
    `there is no device ${device}`,
    count === 0 ? "None is installed yet." : `Devices are numbered from 1 to ${count}.`,
  );
}

export function deviceCount({ context, register }: Block): Promise<number> {
  return context.client.readContract({ address: register, abi: equipmentRegisterAbi, functionName: "deviceCount" });
}

export function crewCount({ context, orders }: Block): Promise<number> {
  return context.client.readContract({ address: orders, abi: workOrdersAbi, functionName: "crewCount" });
}

/** An order with its name and whom it waits for. */
export interface KnownOrder extends GetOrderReturnType, OrderKey {
  readonly id: bigint;
  readonly dispute: Hex;
  readonly assignee: Address;
}

/** The present or last order of a device and kind; undefined when there never was one. */
export async function orderOf({ context, orders }: Block, key: OrderKey): Promise<KnownOrder | undefined> {
  const order = await getOrder(context.client, { orders, ...key });
  if (order.number === 0) return undefined;
  const id = orderId(key.device, key.kind, order.number);
  const [assignee] = await context.client.readContract({
    address: orders,
    abi: workOrdersAbi,
    functionName: "seatOf",
    args: [order.crew, order.seat],
  });
  return { ...order, ...key, id, dispute: disputeIdOf(orders, id), assignee };
}

/** As {@link orderOf}, for commands that act on one. */
export async function requireOrder(block: Block, key: OrderKey): Promise<KnownOrder> {
  await deviceOf(block, key.device);
  const order = await orderOf(block, key);
  if (order !== undefined) return order;
  throw new CliError(
    `device ${key.device} never had an order for ${key.kind}`,
    `publica community status --device ${key.device} shows what it has; kinds are ${faultKinds.join(", ")}.`,
  );
}

/** Every order of a device, of whatever kind. */
export async function ordersOf(block: Block, device: number): Promise<KnownOrder[]> {
  const all = await Promise.all(faultKinds.map((kind) => orderOf(block, { device, kind })));
  return all.filter((order) => order !== undefined);
}

/** An order that still needs somebody or some time. */
export function isOpen({ state }: Pick<KnownOrder, "state">): boolean {
  return state !== "closed" && state !== "selfCleared";
}

const SEAT_NAMES: Readonly<Record<number, string>> = {
  [ROTA_SEATS.lead]: "lead",
  [ROTA_SEATS.principal]: "principal",
  [ROTA_SEATS.backup]: "backup",
};

export function seatName(seat: number): string {
  return SEAT_NAMES[seat] ?? `seat ${seat}`;
}

/** An agreement with the currency it is in. */
export interface Priced extends GetAgreementReturnType {
  readonly crew: number;
  readonly token: Token;
}

/** A crew's agreement; undefined when none was ever offered. */
export async function agreementOf({ context, orders, service }: Block, crew: number): Promise<Priced | undefined> {
  const agreement = await getAgreement(context.client, { service, orders, crew });
  if (agreement.owner === zeroAddress) return undefined;
  const { token: address } = agreement.terms;
  const ether = { address, symbol: "ETH", decimals: 18 };
  return {
    ...agreement,
    crew,
    token: address === zeroAddress ? ether : await readToken(context.client, address),
  };
}
