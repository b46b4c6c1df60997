import { revertData } from "@publica/sdk";
import pc from "picocolors";
import { type Address, getAddress, type Hex, TransactionNotFoundError, TransactionReceiptNotFoundError } from "viem";
import { type Decoded, decodeCall, decodeLog, shown } from "../lib/abi.ts";
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

interface CallTrace {
  readonly output?: Hex;
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
  const contract = to && context.nameOf(to);
  const call = to === undefined || transaction.input === "0x" ? undefined : decodeCall(transaction.input, contract);
  const logs = receipt?.logs ?? [];
  const events = logs.map((log) => ({
    address: getAddress(log.address),
    event: decodeLog(log, context.nameOf(log.address)),
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
    receipt?.status === "reverted" ? await findRevert(context, hash, sent, receipt.blockNumber) : undefined;
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
    creates: receipt?.contractAddress ?? undefined,
    value: transaction.value,
    gasUsed: receipt?.gasUsed,
    gasLimit: transaction.gas,
    fee,
    input: transaction.input,
    call,
    events: events.map(({ address, event, raw }) => ({
      address,
      ...(event ?? raw),
    })),
    transfers: transfers.map(({ token, ...transfer }) => ({ token: token.address, symbol: token.symbol, ...transfer })),
    revert,
  };

  const parts = [
    pairs([
      ["transaction", hash],
      ["status", status === "success" ? pc.green(status) : status === "reverted" ? pc.red(status) : pc.yellow(status)],
      ["block", receipt && block && `${receipt.blockNumber} at ${utc(block.timestamp)}`],
      ["from", context.label(from)],
      ["to", to && context.label(to)],
      ["creates", receipt?.contractAddress ? context.label(getAddress(receipt.contractAddress)) : undefined],
      ["value", transaction.value === 0n ? undefined : `${decimal(transaction.value, 18)} ETH`],
      ["gas", receipt && `${decimal(receipt.gasUsed, 0)} of ${decimal(transaction.gas, 0)}`],
      ["fee", fee === undefined ? undefined : `${decimal(fee, 18)} ETH`],
    ]),
  ];
  if (to !== undefined && transaction.input !== "0x") {
    parts.push(heading("Call"), indent(call === undefined ? rawCall(transaction.input) : decodedText(call, context)));
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

/** The revert data of a failed transaction: from its trace where the endpoint has one, else by calling again. */
async function findRevert(
  { client }: ChainContext,
  hash: Hex,
  { from, to, data, value, gas }: SentCall,
  block: bigint,
): Promise<FoundRevert | undefined> {
  const traced = await client
    .request<{ Method: "debug_traceTransaction"; Parameters: [Hex, { tracer: string }]; ReturnType: CallTrace }>({
      method: "debug_traceTransaction",
      params: [hash, { tracer: "callTracer" }],
    })
    .catch(() => undefined);
  if (traced?.output !== undefined) return { ...explainRevert(traced.output), foundBy: "trace" };
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
  const where = address === undefined ? item.contract : (context.nameOf(address) ?? `${item.contract}? at ${address}`);
  const title = `${pc.cyan(where)}.${pc.bold(item.name)}${item.certain || address !== undefined ? "" : pc.dim("  (guessed from the selector)")}`;
  const args = item.args.map(({ name, type, value }): [string, string] => [
    name,
    type === "address" && typeof value === "string" ? context.label(getAddress(value)) : shown(value),
  ]);
  return args.length === 0 ? title : `${title}\n${indent(pairs(args))}`;
}

function revertText({ code, message, remedy, data }: FoundRevert): string {
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
