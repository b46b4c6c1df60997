// Who may do what: read from the AccessManager's events and confirmed by its state.
import { type Deployment, inRanges } from "@publica/sdk";
import * as abis from "@publica/sdk/abi";
import { accessManagerAbi } from "@publica/sdk/abi";
import { addressOf } from "@publica/sdk/foundation";
import { type Abi, type Address, getAddress, toFunctionSelector, toFunctionSignature } from "viem";
import { getCode, getContractEvents, readContract, waitForTransactionReceipt } from "viem/actions";
import { isImmediate } from "../../deploy/lib/permit.ts";
import type { Connection } from "./chain.ts";

export interface Role {
  /** Number in the AccessManager. */
  readonly id: string;
  readonly name: string;
  /** `Contract.function(types)`. */
  readonly functions: readonly string[];
  readonly members: readonly {
    readonly account: Address;
    /** Seconds between announcing a call and making it. */
    readonly delay: number;
  }[];
}

/** A hand-over that cannot be done, with what to do. */
export class HandOverProblem extends Error {}

const ADMIN = 0n;
const PUBLIC = 2n ** 64n - 1n;
const ADMINISTERS = ["AccessManager: grants, delays, targets", "every restricted function that no other role has"];

/** `Contract.function(types)` of a selector on a contract of the deployment. */
function functionName(deployment: Deployment, target: Address, selector: string): string {
  const entry = Object.entries(deployment.contracts).find(([, { address }]) => address === getAddress(target));
  if (entry === undefined) return `${target}.${selector}`;
  const [name] = entry;
  const key = `${name.charAt(0).toLowerCase()}${name.slice(1)}Abi`;
  const abi = (abis as unknown as Record<string, Abi | undefined>)[key] ?? [];
  const item = abi.find((candidate) => candidate.type === "function" && toFunctionSelector(candidate) === selector);
  return `${name}.${item?.type === "function" ? toFunctionSignature(item) : selector}`;
}

/** Every role that was ever used, in the order of their numbers. */
export async function readRoles(connection: Connection, deployment: Deployment): Promise<Role[]> {
  const client = await connection.viem.getPublicClient();
  const address = addressOf(deployment, "AccessManager");
  const fromBlock = BigInt(deployment.contracts.AccessManager?.block ?? 0);
  const events = await inRanges(client, fromBlock, (range) =>
    getContractEvents(client, { address, abi: accessManagerAbi, ...range }),
  );
  const labels = new Map<bigint, string>([
    [ADMIN, "administrator"],
    [PUBLIC, "everybody"],
  ]);
  const functions = new Map<bigint, Set<string>>();
  const members = new Map<bigint, Set<Address>>();
  const roleOf = new Map<string, bigint>();
  for (const event of events) {
    if (event.eventName === "RoleLabel" && event.args.roleId !== undefined)
      labels.set(event.args.roleId, event.args.label ?? "");
    if (event.eventName === "RoleGranted" && event.args.roleId !== undefined && event.args.account !== undefined) {
      const accounts = members.get(event.args.roleId) ?? new Set();
      members.set(event.args.roleId, accounts.add(getAddress(event.args.account)));
    }
    if (event.eventName === "TargetFunctionRoleUpdated") {
      const { target, selector, roleId } = event.args;
      if (target === undefined || selector === undefined || roleId === undefined) continue;
      const name = functionName(deployment, target, selector);
      const before = roleOf.get(name);
      if (before !== undefined) functions.get(before)?.delete(name);
      roleOf.set(name, roleId);
      functions.set(roleId, (functions.get(roleId) ?? new Set()).add(name));
    }
  }
  const ids = [...new Set([ADMIN, ...labels.keys(), ...functions.keys(), ...members.keys()])].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const roles: Role[] = [];
  for (const id of ids) {
    if (id === PUBLIC && !functions.has(id)) continue;
    const holders: { account: Address; delay: number }[] = [];
    for (const account of members.get(id) ?? []) {
      const [isMember, delay] = await readContract(client, {
        address,
        abi: accessManagerAbi,
        functionName: "hasRole",
        args: [id, account],
      });
      if (isMember) holders.push({ account, delay });
    }
    roles.push({
      id: String(id),
      name: labels.get(id) ?? `role ${id}`,
      functions: id === ADMIN ? ADMINISTERS : [...(functions.get(id) ?? [])].sort(),
      members: holders,
    });
  }
  return roles;
}

/**
 * Gives every role that the sending account holds to `to` and takes it from the sender, the administrator's role last.
 * What is done already is not done again. Returns what was done, in words.
 */
export async function handOver(
  connection: Connection,
  deployment: Deployment,
  to: Address,
  delay: number,
): Promise<string[]> {
  const client = await connection.viem.getPublicClient();
  const [wallet] = await connection.viem.getWalletClients();
  if (wallet === undefined) throw new HandOverProblem("there is no account to send from");
  const from = getAddress(wallet.account.address);
  if (from === to) throw new HandOverProblem("the roles are already with the sending account; name the multisig");
  const code = await getCode(client, { address: to });
  if (code === undefined || code === "0x")
    throw new HandOverProblem(
      `there is no contract at ${to} on chain ${deployment.chainId}. Deploy the multisig first.`,
    );
  const address = addressOf(deployment, "AccessManager");
  const roles = await readRoles(connection, deployment);
  const held = roles.filter(({ members }) => members.some(({ account }) => account === from));
  const done: string[] = [];
  if (held.length === 0) return done;
  if (!held.some(({ id }) => id === String(ADMIN)))
    throw new HandOverProblem(
      `${from} is not the administrator any more, but still holds ${held.map(({ name }) => name).join(", ")}`,
    );
  const send = async (functionName: "grantRole" | "renounceRole", args: readonly [bigint, Address, number?]) => {
    const hash = await wallet.writeContract({
      address,
      abi: accessManagerAbi,
      functionName,
      args: args as never,
    });
    const receipt = await waitForTransactionReceipt(client, { hash });
    if (receipt.status !== "success") throw new HandOverProblem(`${functionName} of role ${args[0]} reverted`);
  };
  // The administrator's role goes last: until then an interrupted hand-over can be repeated.
  const order = [...held].sort((a, b) => Number(a.id === String(ADMIN)) - Number(b.id === String(ADMIN)));
  for (const { id, name, members } of order) {
    const mine = members.find(({ account }) => account === from);
    const theirs = members.find(({ account }) => account === to);
    // A role that only takes power away (pausing, dismissing) stays quick in other hands, too.
    const wanted = isImmediate(BigInt(id)) ? 0 : Math.max(delay, mine?.delay ?? 0);
    if (theirs === undefined) {
      await send("grantRole", [BigInt(id), to, wanted]);
      done.push(`${name}: granted to ${to}, delay ${wanted} s`);
    }
    const [isMember] = await readContract(client, {
      address,
      abi: accessManagerAbi,
      functionName: "hasRole",
      args: [BigInt(id), to],
    });
    if (!isMember) throw new HandOverProblem(`${name} did not arrive at ${to}; nothing was taken from ${from}`);
    await send("renounceRole", [BigInt(id), from]);
    done.push(`${name}: taken from ${from}`);
  }
  return done;
}
