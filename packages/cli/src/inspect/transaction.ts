import { revertData } from "@publica/sdk";
import pc from "picocolors";
import { type Address, getAddress, type Hex, TransactionNotFoundError, TransactionReceiptNotFoundError } from "viem";
import { type Decoded, decodeCall, decodeLog, embeddedCalls, shown } from "../lib/abi.ts";
import type { ChainContext } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Report } from "../lib/io.ts";
import { explainRevert, type RevertReport } from "../lib/revert.ts";
import { decimal, heading, indent, pairs, utc } from "../lib/text.ts";
import { money, transfersIn } from "../lib/tokens.ts";

/** What went wrong, and how it was found out. */
interface FoundRevert extends RevertReport {
  readonly foundBy: "trace" | "call";
}

/** A call as the tracer of geth, Hardhat, anvil and others tells it. */
interface CallTrace {
  readonly type: string;
  readonly to?: Address;
  readonly input?: Hex;
  readonly output?: Hex;
  readonly error?: string;
  readonly calls?: readonly CallTrace[];
}

/** A call somewhere inside that failed by itself, not because one below it did. */
interface InnerFailure extends RevertReport {
  readonly in: Address | undefined;
  readonly call: Decoded | undefined;
}

interface SentCall {
  readonly from: Address;
  readonly to: Address | null;
  readonly data: Hex;
  readonly value: bigint;
  readonly gas: bigint;
}

/** One transaction: what was called, what it changed, and why it failed if it did. */
export async function inspectTransaction(context: ChainContext, hash: Hex): Promise<Report> {
  const { client } = context;
  const transaction = await client.getTransaction({ hash }).catch((error: unknown) => {
    if (!(error instanceof TransactionNotFoundError)) throw error;
    throw new CliError(
      `there is no transaction ${hash} on chain ${context.chainId}`,
      "Compare the hash, and name the endpoint of the chain it was sent to with --rpc.",
    );
  });
  const receipt = await client.getTransactionReceipt({ hash }).catch((error: unknown) => {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  });
  const block = receipt && (await client.getBlock({ blockNumber: receipt.blockNumber }));

  const from = getAddress(transaction.from);
  const to = transaction.to === null ? undefined : getAddress(transaction.to);
  const logs = receipt?.logs ?? [];
  const trace = receipt && (await traceOf(context, hash));
  const inside = trace === undefined ? [] : flat(trace).slice(1);
  const created =
    receipt?.status === "success"
      ? [receipt.contractAddress, ...inside.filter(isCreation).map((frame) => frame.to)]
      : [];
  const creates = created.flatMap((address) => (address ? [getAddress(address)] : []));
  await context.recognise([
    ...(to === undefined ? [] : [to]),
    ...creates,
    ...logs.map(({ address }) => address),
    ...inside.filter(failed).flatMap((frame) => frame.to ?? []),
  ]);
  const { nameOf } = context;
  const contract = to && nameOf(to);
  const isCall = to !== undefined && transaction.input !== "0x";
  const call = isCall ? decodeCall(transaction.input, contract, nameOf) : undefined;
  const relayed = isCall && call === undefined ? embeddedCalls(transaction.input.slice(10), undefined, nameOf) : [];
  const events = logs.map((log) => ({
    address: getAddress(log.address),
    event: decodeLog(log, nameOf(log.address), nameOf),
    raw: { topics: log.topics, data: log.data },
  }));
  const transfers = await transfersIn(client, logs);
  const sent = {
    from: transaction.from,
    to: transaction.to,
    data: transaction.input,
    value: transaction.value,
    gas: transaction.gas,
  };
  const revert =
    receipt?.status === "reverted" ? await findRevert(context, trace, sent, receipt.blockNumber) : undefined;
  const failures = inside
    .filter((frame) => failed(frame) && !(frame.calls ?? []).some(failed))
    .map(({ to: at, input = "0x", output = "0x" }): InnerFailure => ({
      ...explainRevert(output),
      in: at && getAddress(at),
      call: decodeCall(input, at && nameOf(at), nameOf),
    }));
  const status = receipt === undefined ? "pending" : receipt.status;
  const fee = receipt && receipt.gasUsed * receipt.effectiveGasPrice;

  const data = {
    hash,
    chainId: context.chainId,
    status,
    block: receipt?.blockNumber,
    time: block && Number(block.timestamp),
    from,
    to,
    contract,
    creates: creates.map((address) => ({ address, contract: nameOf(address) })),
    value: transaction.value,
    gasUsed: receipt?.gasUsed,
    gasLimit: transaction.gas,
    fee,
    input: transaction.input,
    call,
    relayed,
    events: events.map(({ address, event, raw }) => ({
      address,
      ...(event ?? raw),
    })),
    transfers: transfers.map(({ token, ...transfer }) => ({ token: token.address, symbol: token.symbol, ...transfer })),
    revert,
    failures,
  };

  const parts = [
    pairs([
      ["transaction", hash],
      ["status", status === "success" ? pc.green(status) : status === "reverted" ? pc.red(status) : pc.yellow(status)],
      ["block", receipt && block && `${receipt.blockNumber} at ${utc(block.timestamp)}`],
      ["from", context.label(from)],
      ["to", to && context.label(to)],
      ["creates", creates.length === 0 ? undefined : creates.map((address) => context.label(address)).join("\n")],
      ["value", transaction.value === 0n ? undefined : `${decimal(transaction.value, 18)} ETH`],
      ["gas", receipt && `${decimal(receipt.gasUsed, 0)} of ${decimal(transaction.gas, 0)}`],
      ["fee", fee === undefined ? undefined : `${decimal(fee, 18)} ETH`],
    ]),
  ];
  if (isCall) {
    parts.push(heading("Call"), indent(call === undefined ? rawCall(transaction.input) : decodedText(call, context)));
  }
  if (relayed.length > 0) {
    parts.push(heading("Calls it carries"), ...relayed.map((one) => indent(decodedText(one, context))));
  }
  if (revert !== undefined) parts.push(heading("Reverted"), indent(revertText(revert)));
  if (status === "reverted" && revert === undefined) {
    parts.push(
      heading("Reverted"),
      indent(
        "Called again, it does not fail: it depended on transactions before it in its block, or on its gas.\nAn endpoint with debug_traceTransaction tells more.",
      ),
    );
  }
  // One that fails with the same data is where the whole transaction's failure comes from.
  for (const { in: at, call: inner, ...failure } of failures) {
    const where = at === undefined ? "a creation" : context.label(at);
    parts.push(
      heading(`Failed in ${where}`),
      ...(inner === undefined ? [] : [indent(decodedText(inner, context))]),
      ...(failure.data === revert?.data ? [] : [indent(revertText(failure))]),
    );
  }
  if (events.length > 0) {
    parts.push(heading("Events"));
    for (const { address, event, raw } of events) {
      parts.push(indent(event === undefined ? rawLog(address, raw) : decodedText(event, context, address)));
    }
  }
  if (transfers.length > 0) {
    parts.push(heading("Token transfers"));
    for (const { token, from: giver, to: receiver, amount, tokenId } of transfers) {
      const what = amount === undefined ? `${token.symbol} no. ${tokenId}` : money(amount, token);
      parts.push(indent(`${what}  ${context.label(getAddress(giver))} → ${context.label(getAddress(receiver))}`));
    }
  }
  return { data, text: parts.join("\n") };
}

/** The calls of a transaction, where the endpoint can tell them. */
async function traceOf({ client }: ChainContext, hash: Hex): Promise<CallTrace | undefined> {
  return client
    .request<{ Method: "debug_traceTransaction"; Parameters: [Hex, { tracer: string }]; ReturnType: CallTrace }>({
      method: "debug_traceTransaction",
      params: [hash, { tracer: "callTracer" }],
    })
    .catch(() => undefined);
}

/** A call and all below it, in the order they were made. */
const flat = (frame: CallTrace): CallTrace[] => [frame, ...(frame.calls ?? []).flatMap(flat)];
const failed = ({ error }: CallTrace): boolean => error !== undefined;
const isCreation = (frame: CallTrace): boolean => frame.type.startsWith("CREATE") && !failed(frame);

/** The revert data of a failed transaction: from its trace where the endpoint has one, else by calling again. */
async function findRevert(
  { client }: ChainContext,
  trace: CallTrace | undefined,
  { from, to, data, value, gas }: SentCall,
  block: bigint,
): Promise<FoundRevert | undefined> {
  if (trace?.output !== undefined) return { ...explainRevert(trace.output), foundBy: "trace" };
  // The block itself has the right time and number; the one before has the right state where others follow in it.
  for (const blockNumber of [block, block - 1n]) {
    const error = await client
      .call({ account: from, to, data, value, gas, blockNumber })
      .then(() => undefined)
      .catch((thrown: unknown) => thrown);
    if (error === undefined) continue;
    const found = revertData(error);
    return { ...explainRevert(found ?? "0x"), foundBy: "call" };
  }
  return undefined;
}

/** An event or call with its arguments, one a line. */
export function decodedText(item: Decoded, context: ChainContext, address?: Address): string {
  const calls = item.calls.map((call) => indent(`${pc.dim("carries")} ${decodedText(call, context)}`));
  const where = address === undefined ? item.contract : (context.nameOf(address) ?? `${item.contract}? at ${address}`);
  const title = `${pc.cyan(where)}.${pc.bold(item.name)}${item.certain || address !== undefined ? "" : pc.dim("  (guessed from the selector)")}`;
  const args = item.args.map(({ name, type, value }): [string, string] => [
    name,
    type === "address" && typeof value === "string" ? context.label(getAddress(value)) : shown(value),
  ]);
  return [title, ...(args.length === 0 ? [] : [indent(pairs(args))]), ...calls].join("\n");
}

function revertText({ code, message, remedy, data }: RevertReport): string {
  return pairs([
    ["error", pc.red(code)],
    ["why", message],
    ["remedy", remedy],
    ["data", data === "0x" ? undefined : data],
  ]);
}

function rawCall(input: Hex): string {
  const words = (input.slice(10).match(/.{1,64}/g) ?? []).map((word, index): [string, string] => [String(index), word]);
  return `${pc.dim("not a function of the suite, selector")} ${input.slice(0, 10)}${words.length === 0 ? "" : `\n${indent(pairs(words))}`}`;
}

function rawLog(address: Address, { topics, data }: { topics: readonly Hex[]; data: Hex }): string {
  const rows = [
    ...topics.map((topic, index): [string, string] => [`topic ${index}`, topic]),
    ["data", data] as [string, string],
  ];
  return `${pc.dim("not an event of the suite, from")} ${address}\n${indent(pairs(rows))}`;
}
