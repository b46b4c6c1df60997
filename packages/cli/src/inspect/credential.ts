import { addressOf, type CredentialType, credentialType, getCredential, isCredentialValid } from "@publica/sdk";
import { credentialRegistryAbi } from "@publica/sdk/abi";
import pc from "picocolors";
import { type Address, type Hex, toHex, zeroAddress } from "viem";
import { decodeLog } from "../lib/abi.ts";
import { chainNow, type DeployedContext, firstBlock } from "../lib/context.ts";
import type { Report } from "../lib/io.ts";
import { findLogs } from "../lib/logs.ts";
import { heading, indent, pairs, relative, utc } from "../lib/text.ts";

export interface InspectCredentialOptions {
  /** A published name such as `publica.technician`, or the 32-byte type. */
  readonly type: string;
  readonly subject: Address;
}

interface Authority {
  readonly id: number;
  readonly holder: Address;
  /** Undefined when a later authority of the same holder has taken its place. */
  readonly standing: boolean | undefined;
  readonly depth: number | undefined;
}

/** One credential: whether it holds, until when, and the authorities it comes from. */
export async function inspectCredential(
  context: DeployedContext,
  { type, subject }: InspectCredentialOptions,
): Promise<Report> {
  const { client } = context;
  const address = addressOf(context.found.deployment, "CredentialRegistry");
  const id = /^0x[0-9a-fA-F]{64}$/.test(type) ? (type.toLowerCase() as Hex) : credentialType(type);
  const [credential, valid, now] = await Promise.all([
    getCredential(client, { address, credentialType: id, subject }),
    isCredentialValid(client, { address, credentialType: id, subject }),
    chainNow(client),
  ]);
  const exists = credential.id !== 0n;
  const state = !exists
    ? "none"
    : credential.suspended
      ? "suspended"
      : valid
        ? "valid"
        : now < credential.from
          ? "not yet valid"
          : "expired";
  const chain = exists ? await issuerChain(context, address, id, Number(credential.id >> 32n)) : [];
  const keeper = exists ? await holderOf(context, address, credential.keeper) : undefined;

  const data = {
    registry: address,
    chainId: context.chainId,
    credentialType: id,
    subject,
    state,
    valid,
    ...(exists
      ? {
          id: credential.id,
          from: credential.from,
          until: credential.until,
          attributes: toHex(credential.attributes, { size: 8 }),
          keeper: { id: credential.keeper, holder: keeper },
          issuers: chain,
        }
      : {}),
  };
  const parts = [
    pairs([
      ["type", `${id === type ? "" : `${type}  `}${id}`],
      ["subject", context.label(subject)],
      ["state", valid ? pc.green(state) : pc.red(state)],
      ["from", exists ? `${utc(credential.from)}, ${relative(credential.from, now)}` : undefined],
      ["until", exists ? `${utc(credential.until)}, ${relative(credential.until, now)}` : undefined],
      ["attributes", exists ? data.attributes : undefined],
      ["grant", exists ? String(credential.id) : undefined],
      ["kept by", keeper && `authority ${credential.keeper}, ${keeper}`],
    ]),
  ];
  if (chain.length > 0) {
    parts.push(heading("Granted by"));
    for (const [level, { id: authority, holder, standing, depth }] of chain.entries()) {
      const is = standing === undefined ? pc.yellow("replaced") : standing ? pc.green("stands") : pc.red("ended");
      const root = level === chain.length - 1 ? ", appointed by the AccessManager" : "";
      const may = depth === undefined || depth === 0 ? "" : `, may delegate ${depth} deep`;
      parts.push(indent(`authority ${authority}  ${context.label(holder)}  ${is}${may}${root}`, 2 + 2 * level));
    }
  }
  if (!exists) {
    parts.push(pc.dim("The registry holds nothing here: never granted, revoked, or another type is meant."));
  }
  return { data, text: parts.join("\n") };
}

function holderOf({ client }: DeployedContext, address: Address, id: number): Promise<Address> {
  return client.readContract({ address, abi: credentialRegistryAbi, functionName: "holderOf", args: [id] });
}

/** From the granting authority up to the issuer at the root. */
async function issuerChain(
  context: DeployedContext,
  address: Address,
  type: CredentialType,
  first: number,
): Promise<Authority[]> {
  const chain: Authority[] = [];
  for (let id = first; id !== 0 && !chain.some((known) => known.id === id);) {
    const holder = await holderOf(context, address, id);
    if (holder === zeroAddress) break;
    const [latest, parent, depth, standing] = await context.client.readContract({
      address,
      abi: credentialRegistryAbi,
      functionName: "authorityOf",
      args: [type, holder],
    });
    if (latest === id) {
      chain.push({ id, holder, standing, depth });
      id = parent;
    } else {
      // Zero: it ended; another: the holder was appointed anew.
      chain.push({ id, holder, standing: latest === 0 ? false : undefined, depth: undefined });
      id = await parentByEvent(context, address, id);
    }
  }
  return chain;
}

/** The parent of an authority that was replaced since: only the event of its delegation still tells. */
async function parentByEvent(context: DeployedContext, address: Address, id: number): Promise<number> {
  const { client } = context;
  const toBlock = await client.getBlockNumber();
  const topics = [null, null, null, toHex(id, { size: 32 })];
  const logs = await findLogs(client, {
    address,
    topics,
    fromBlock: firstBlock(context, "CredentialRegistry"),
    toBlock,
  });
  for (const log of logs) {
    const event = decodeLog(log, "CredentialRegistry");
    if (event?.name !== "CredentialAuthorityDelegated") continue;
    return Number(event.args.find(({ name }) => name === "parent")?.value ?? 0);
  }
  return 0;
}
