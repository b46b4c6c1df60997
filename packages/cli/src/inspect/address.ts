import pc from "picocolors";
import { type Abi, type AbiFunction, type Address, getAddress, keccak256, pad, type PublicClient } from "viem";
import { type DecodedValue, decodeLog, plain, shown, suite } from "../lib/abi.ts";
import { type ChainContext, proxied } from "../lib/context.ts";
import { nameIn } from "../lib/deployment.ts";
import type { Report } from "../lib/io.ts";
import { type FoundLog, findLogs } from "../lib/logs.ts";
import { decimal, heading, indent, pairs } from "../lib/text.ts";
import { money, readToken, type Token } from "../lib/tokens.ts";
import { decodedText } from "./transaction.ts";

export interface InspectAddressOptions {
  readonly address: Address;
  /** How many blocks back events are looked for. */
  readonly blocks: number;
  /** How many events are shown at most, the latest. */
  readonly events: number;
}

/** Said of contracts that no addresses file names: whoever wants to can give a contract these functions. */
const BY_ITS_CODE = "by the functions in its code; no addresses file names it";

/** One address: an account or a contract of the deployment, what it has and what happened there. */
export async function inspectAddress(context: ChainContext, options: InspectAddressOptions): Promise<Report> {
  const { client, found } = context;
  const { address } = options;
  const [balance, nonce, code, head] = await Promise.all([
    client.getBalance({ address }),
    client.getTransactionCount({ address }),
    client.getCode({ address }),
    client.getBlockNumber(),
  ]);
  const recorded = found && nameIn(found.deployment, address);
  if (code !== undefined) await context.recognise([address]);
  const name = context.nameOf(address);
  const kind = code === undefined ? "account" : delegateOf(code) === undefined ? "contract" : "delegated account";
  const codeHash = code && keccak256(code);
  const behind = code && proxied(code);
  const recordedHash = recorded === undefined ? undefined : found?.deployment.contracts[recorded]?.codeHash;
  const codeMatches = recordedHash === undefined ? undefined : codeHash === recordedHash;

  const [holdings, state, logs] = await Promise.all([
    tokenBalances(context, address),
    name === undefined || code === undefined ? [] : readState(client, address, suite[name] ?? []),
    recentLogs(context, options, code !== undefined && kind === "contract", head),
  ]);
  await context.recognise(logs.map((log) => log.address));
  const events = logs.map((log) => ({ ...log, event: decodeLog(log, context.nameOf(log.address), context.nameOf) }));

  const data = {
    address,
    chainId: context.chainId,
    kind,
    contract: name,
    balance,
    nonce,
    codeHash,
    codeBytes: code && (code.length - 2) / 2,
    codeMatches,
    recorded: recorded !== undefined,
    proxyOf: behind,
    delegate: code && delegateOf(code),
    tokens: holdings.map(({ token, amount }) => ({ token: token.address, symbol: token.symbol, amount })),
    state: Object.fromEntries(state.map(({ name: field, value }) => [field, value])),
    events: events.map(({ event, topics, data: raw, ...place }) => ({
      ...place,
      ...(event === undefined
        ? { topics, data: raw }
        : { ...event, contract: context.nameOf(place.address) ?? event.contract }),
    })),
  };
  const parts = [
    pairs([
      ["address", address],
      [
        "is",
        name === undefined ? kind : `${pc.cyan(name)} ${recorded === undefined ? BY_ITS_CODE : `of ${found?.path}`}`,
      ],
      ["proxy of", behind && context.label(behind)],
      ["balance", `${decimal(balance, 18)} ETH`],
      ["nonce", kind === "contract" ? undefined : String(nonce)],
      ["acts through", data.delegate],
      ["code", code === undefined ? undefined : `${data.codeBytes} bytes, hash ${codeHash}`],
      ["recorded", codeVerdict(codeMatches, recordedHash)],
    ]),
  ];
  if (recorded !== undefined && code === undefined) {
    parts.push(pc.red("There is no code here: the chain was restarted since. Deploy anew."));
  }
  if (holdings.length > 0) {
    parts.push(
      heading("Tokens"),
      indent(pairs(holdings.map(({ token, amount }) => [token.symbol, money(amount, token)]))),
    );
  }
  if (state.length > 0) {
    parts.push(heading("State"), indent(pairs(state.map(({ name: field, value }) => [field, shown(value)]))));
  }
  parts.push(heading(`Events of the last ${options.blocks} blocks`));
  if (events.length === 0) parts.push(indent(pc.dim("none")));
  for (const { event, block, transaction, address: from, topics } of events) {
    const title = event === undefined ? `${from} ${topics[0] ?? ""}` : decodedText(event, context, from);
    parts.push(indent(`${pc.dim(`block ${block} in ${transaction}`)}\n${title}`));
  }
  return { data, text: parts.join("\n"), exitCode: codeMatches === false ? 1 : 0 };
}

function codeVerdict(matches: boolean | undefined, recorded: string | undefined): string | undefined {
  if (matches === undefined) return undefined;
  return matches ? pc.green("the same code as deployed") : pc.red(`another code than deployed, which was ${recorded}`);
}

/** The contract an EIP-7702 account has handed its code to. */
function delegateOf(code: string): Address | undefined {
  return code.startsWith("0xef0100") && code.length === 48 ? getAddress(`0x${code.slice(8)}`) : undefined;
}

/** What the address holds of the deployment's tokens. */
async function tokenBalances(
  { client, found }: ChainContext,
  holder: Address,
): Promise<{ readonly token: Token; readonly amount: bigint }[]> {
  const tokens = Object.entries(found?.deployment.contracts ?? {}).filter(([name]) =>
    (suite[name] ?? []).some((item) => item.type === "function" && item.name === "balanceOf"),
  );
  const held = await Promise.all(
    tokens.map(async ([name, { address }]) => {
      const [token, amount] = await Promise.all([
        readToken(client, address),
        client
          .readContract({ address, abi: suite[name] ?? [], functionName: "balanceOf", args: [holder] })
          .catch(() => 0n),
      ]);
      return { token, amount: BigInt(amount as bigint) };
    }),
  );
  return held.filter(({ amount }) => amount > 0n);
}

/** Every value the contract gives without being asked for something in particular. */
async function readState(client: PublicClient, address: Address, abi: Abi): Promise<DecodedValue[]> {
  const getters = abi.filter(
    (item): item is AbiFunction =>
      item.type === "function" &&
      item.inputs.length === 0 &&
      item.outputs.length > 0 &&
      (item.stateMutability === "view" || item.stateMutability === "pure"),
  );
  const values = await Promise.all(
    getters.map(async (item) => {
      const result: unknown = await client
        .readContract({ address, abi: [item], functionName: item.name })
        .catch(() => undefined);
      if (result === undefined) return [];
      const [output] = item.outputs;
      const value =
        item.outputs.length === 1 && output !== undefined
          ? plain(result, output)
          : plain(result, { type: "tuple", components: item.outputs });
      return [{ name: item.name, type: item.outputs.map(({ type }) => type).join(","), value }];
    }),
  );
  return values.flat();
}

/** A contract's own latest events, or those of the deployment that name the account. */
async function recentLogs(
  { client, found }: ChainContext,
  { address, blocks, events }: InspectAddressOptions,
  isContract: boolean,
  head: bigint,
): Promise<FoundLog[]> {
  const range = { fromBlock: head > BigInt(blocks) ? head - BigInt(blocks) + 1n : 0n, toBlock: head };
  let logs: FoundLog[];
  if (isContract) logs = await findLogs(client, { address, ...range });
  else {
    const contracts = Object.values(found?.deployment.contracts ?? {}).map((entry) => entry.address);
    if (contracts.length === 0) return [];
    const topic = pad(address);
    const positions = [1, 2, 3].map((position) => [...Array<null>(position).fill(null), topic]);
    const byPosition = await Promise.all(
      positions.map((topics) => findLogs(client, { address: contracts, topics, ...range })),
    );
    const unique = new Map(byPosition.flat().map((log) => [`${log.block}/${log.index}`, log]));
    logs = [...unique.values()].sort((a, b) => a.block - b.block || a.index - b.index);
  }
  return logs.slice(-events).reverse();
}
