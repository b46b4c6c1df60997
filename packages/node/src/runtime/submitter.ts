import { type Hex, hexToBigInt, hexToNumber, keccak256, numberToHex } from "viem";
import { bumpFees, type FeePolicy, type Fees, readFees } from "./fees.ts";
import type { Attempt, Journal, Tx } from "./journal.ts";
import type { OperatorSigner } from "./keys.ts";
import type { Logger } from "./log.ts";
import { problem, reasonOf } from "./problem.ts";
import { isQuantity, type Rpc, RpcRefusal } from "./rpc.ts";

/** Points at which a crash must do no harm; tests kill the process at each. */
export type SubmitterEdge =
  "before-sign" | "signed" | "broadcast" | "accepted" | "mined" | "final" | "reopened" | "requeued";

/** Things an operator may want to be woken for. */
export type SubmitterAlert = "foreign-nonce" | "deep-reorg" | "budget" | "fee-cap" | "refused" | "reverted";

export interface SubmitterOptions {
  readonly rpc: Rpc;
  readonly journal: Journal;
  readonly signer: OperatorSigner;
  readonly fees: FeePolicy;
  /** Blocks on top of a transaction's own before it counts as final. */
  readonly finalityDepth: number;
  /** Transactions under way at once. */
  readonly maxInFlight?: number;
  /** Milliseconds after which what is under way is handed to the endpoints again. */
  readonly rebroadcastMs?: number;
  readonly log: Logger;
  readonly now?: () => number;
  /** Whether what the chain refuses now may be taken soon: it then stays in the queue instead of being dropped. */
  readonly later?: (tx: Tx, refusal: RpcRefusal) => boolean;
  readonly onEdge?: (edge: SubmitterEdge, tx: Tx) => void;
  readonly onAlert?: (alert: SubmitterAlert, detail: string) => void;
}

export interface Submitter {
  /** Does everything that can be done now: looks for what was mined, re-opens, bumps, sends. Never two at a time. */
  step(): Promise<void>;
}

interface Receipt {
  readonly transactionHash: Hex;
  readonly blockHash: Hex;
  readonly blockNumber: Hex;
  readonly status: Hex;
  readonly gasUsed: Hex;
  readonly effectiveGasPrice: Hex;
}

interface Head {
  readonly number: bigint;
  readonly baseFee: bigint;
}

interface View {
  readonly head: Head;
  /** The account's next nonce on chain. */
  readonly confirmed: number;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

function isReceipt(value: unknown): value is Receipt | null {
  if (value === null) return true;
  return ["blockHash", "transactionHash", "blockNumber", "status", "gasUsed", "effectiveGasPrice"].every((name) =>
    isQuantity(field(value, name)),
  );
}

type RawBlock = { readonly number: Hex; readonly hash: Hex; readonly baseFeePerGas?: Hex };
const isBlock = (value: unknown): value is RawBlock =>
  isQuantity(field(value, "number")) &&
  isQuantity(field(value, "hash")) &&
  (field(value, "baseFeePerGas") === undefined || isQuantity(field(value, "baseFeePerGas")));
const isBlockOrNull = (value: unknown): value is RawBlock | null => value === null || isBlock(value);

const DAY_MS = 86_400_000;
/** Steps in a row that must tell the same before a missing transaction is believed to be gone for good. */
const CERTAINTY = 3;
const TRANSFER_GAS = 21_000n;
const OUTDATED_NONCE = /nonce too low|nonce has already been used|already used/i;
const UNDERPRICED = /underpriced|fee too low|could not replace/i;

/** Carries the journal's transactions to the chain, whatever happens on the way. */
export function createSubmitter(options: SubmitterOptions): Submitter {
  const { rpc, journal, signer, fees: policy, finalityDepth, log, now = Date.now } = options;
  const { maxInFlight = 16, rebroadcastMs = 15_000 } = options;
  const edge = options.onEdge ?? (() => {});
  /** What was said last of each kind, and when: a lasting condition is told once a minute, not at every step. */
  const said = new Map<SubmitterAlert, { detail: string; at: number }>();
  const alert = (kind: SubmitterAlert, detail: string): void => {
    const last = said.get(kind);
    if (last?.detail === detail && now() - last.at < 60_000) return;
    said.set(kind, { detail, at: now() });
    log.warn({ alert: kind }, detail);
    options.onAlert?.(kind, detail);
  };
  /** When each signed version was last handed over by this process. */
  const sentAt = new Map<Hex, number>();
  /** How many steps in a row a transaction's nonce was seen used while none of its versions was found. */
  const suspicion = new Map<number, number>();
  let running: Promise<void> | undefined;

  async function look(): Promise<View> {
    const block = await rpc.request("eth_getBlockByNumber", ["latest", false], isBlock);
    const confirmed = await rpc.request("eth_getTransactionCount", [signer.address, "latest"], isQuantity);
    return {
      head: { number: hexToBigInt(block.number), baseFee: hexToBigInt(block.baseFeePerGas ?? "0x0") },
      confirmed: hexToNumber(confirmed),
    };
  }

  /** The receipt of whichever version was mined. */
  async function receiptOf(attempts: readonly Attempt[]): Promise<Receipt | undefined> {
    for (const { hash } of [...attempts].reverse()) {
      const receipt = await rpc.request("eth_getTransactionReceipt", [hash], isReceipt);
      if (receipt !== null) return receipt;
    }
    return undefined;
  }

  /** Whether every endpoint that answers knows the block by this hash: a lone endpoint's word makes nothing final. */
  async function canonical(number: bigint, hash: Hex): Promise<boolean> {
    const blocks = await rpc.all("eth_getBlockByNumber", [numberToHex(number), false], isBlockOrNull);
    return blocks.length > 0 && blocks.every((block) => block?.hash.toLowerCase() === hash.toLowerCase());
  }

  /** Whether every endpoint that answers says that the nonce is used and none knows any of the versions. */
  async function surelyForeign(tx: Tx, attempts: readonly Attempt[]): Promise<boolean> {
    const counts = await rpc.all("eth_getTransactionCount", [signer.address, "latest"], isQuantity);
    if (counts.length === 0 || counts.some((count) => hexToNumber(count) <= (tx.nonce ?? 0))) return false;
    for (const { hash } of attempts) {
      const receipts = await rpc.all("eth_getTransactionReceipt", [hash], isReceipt);
      if (receipts.length === 0 || receipts.some((receipt) => receipt !== null)) return false;
    }
    return true;
  }

  async function follow(tx: Tx, view: View): Promise<void> {
    const attempts = journal.attempts(tx);
    const nonce = tx.nonce ?? 0;
    const receipt = nonce < view.confirmed || tx.state === "mined" ? await receiptOf(attempts) : undefined;
    if (receipt !== undefined) {
      suspicion.delete(tx.id);
      for (const { hash } of attempts) sentAt.delete(hash);
      const blockNumber = hexToBigInt(receipt.blockNumber);
      if (tx.state !== "mined" || tx.blockHash !== receipt.blockHash) {
        const success = receipt.status === "0x1";
        const cost = hexToBigInt(receipt.gasUsed) * hexToBigInt(receipt.effectiveGasPrice) + (success ? tx.value : 0n);
        journal.mined(tx, {
          hash: receipt.transactionHash,
          blockNumber,
          blockHash: receipt.blockHash,
          success,
          cost,
        });
        edge("mined", tx);
        if (!success) alert("reverted", `${tx.key} was mined in block ${blockNumber} and reverted`);
      } else if (
        view.head.number >= blockNumber + BigInt(finalityDepth) &&
        (await canonical(blockNumber, receipt.blockHash))
      ) {
        journal.final(tx);
        edge("final", tx);
      }
      return;
    }
    if (tx.state === "mined") {
      // The block is gone; one endpoint that lags behind is not enough to say so.
      const seen = await rpc.all("eth_getTransactionReceipt", [tx.minedHash], isReceipt);
      if (seen.length === 0 || seen.some((known) => known !== null)) return;
      journal.reopen(tx);
      edge("reopened", tx);
      log.warn({ key: tx.key, nonce }, "reorganised out of the chain, sent again");
      for (const { hash } of attempts) sentAt.delete(hash);
      await rebroadcast(tx, attempts);
      return;
    }
    if (nonce < view.confirmed) {
      const seen = (suspicion.get(tx.id) ?? 0) + 1;
      suspicion.set(tx.id, seen);
      if (seen < CERTAINTY || !(await surelyForeign(tx, attempts))) return;
      suspicion.delete(tx.id);
      journal.requeue(tx, `nonce ${nonce} was used by another`);
      edge("requeued", tx);
      alert(
        "foreign-nonce",
        `nonce ${nonce} of ${signer.address} was used by another process; ${tx.key} is sent again`,
      );
      return;
    }
    suspicion.delete(tx.id);
    const latest = attempts.at(-1);
    if (latest?.accepted && now() - latest.createdAt >= policy.bumpAfterMs) {
      if (await bump(tx, latest, view)) return;
    }
    await rebroadcast(tx, attempts);
  }

  async function rebroadcast(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
    const latest = attempts.at(-1);
    if (latest === undefined) return;
    if (tx.state === "broadcast" && now() - (sentAt.get(latest.hash) ?? 0) < rebroadcastMs) return;
    await send(tx, latest);
  }

  async function send(tx: Tx, attempt: Attempt): Promise<void> {
    edge("broadcast", tx);
    sentAt.set(attempt.hash, now());
    const { accepted, refusals } = await rpc.broadcast(attempt.raw);
    if (accepted) {
      if (!attempt.accepted || tx.state === "signed") journal.accepted(tx, attempt.hash);
      edge("accepted", tx);
      return;
    }
    const refusal = refusals.join("; ");
    // A used nonce is settled by the receipts in the next steps, never by an endpoint's word.
    if (OUTDATED_NONCE.test(refusal)) return;
    if (UNDERPRICED.test(refusal) && tx.state === "signed") {
      alert("foreign-nonce", `nonce ${attempt.nonce} of ${signer.address} is already on its way from another process`);
      return;
    }
    if (refusal !== "") alert("refused", `${tx.key} was refused: ${refusal}`);
  }

  /** Offers the same nonce dearer; for a cancelled transaction, an empty one in its place. True when it was sent. */
  async function bump(tx: Tx, previous: Attempt, view: View): Promise<boolean> {
    const fees = bumpFees(policy, previous, await readFees(rpc, policy, view.head.baseFee));
    if (fees === undefined) {
      alert("fee-cap", `${tx.key} waits: a dearer offer would be above the cap of ${policy.maxFeePerGas} wei a gas`);
      return false;
    }
    const extra = previous.gas * (fees.maxFeePerGas - previous.maxFeePerGas);
    if (!withinBudget(extra, tx)) return false;
    const gas = tx.cancelled ? TRANSFER_GAS : previous.gas;
    await signAndSend(tx, previous.nonce, gas, fees);
    return true;
  }

  function withinBudget(cost: bigint, tx: Tx): boolean {
    const committed = journal.committedSince(now() - DAY_MS);
    if (committed + cost <= policy.dayBudget) return true;
    alert(
      "budget",
      `${tx.key} waits: ${committed} wei are committed today and ${cost} more would pass the day's budget`,
    );
    return false;
  }

  async function signAndSend(tx: Tx, nonce: number, gas: bigint, fees: Fees): Promise<void> {
    edge("before-sign", tx);
    const empty = tx.cancelled;
    const raw = await signer.signTransaction({
      type: "eip1559",
      chainId: rpc.chainId,
      nonce,
      to: empty ? signer.address : tx.to,
      data: empty ? "0x" : tx.data,
      value: empty ? 0n : tx.value,
      gas,
      ...fees,
    });
    const hash = keccak256(raw);
    // Written before anyone can see it: a nonce exists from here on, or not at all.
    journal.sign(tx, { hash, raw, nonce, gas, ...fees });
    edge("signed", tx);
    const signed = journal.find(tx.key);
    const attempt = signed && journal.attempts(signed).at(-1);
    if (signed === undefined || attempt === undefined) throw new Error(`transaction ${tx.key} vanished`);
    await send(signed, attempt);
  }

  async function estimate(tx: Tx): Promise<bigint | undefined> {
    const call = { from: signer.address, to: tx.to, data: tx.data, value: numberToHex(tx.value) };
    try {
      const gas = hexToBigInt(await rpc.request("eth_estimateGas", [call], isQuantity));
      return (gas * 12n) / 10n + 5_000n;
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      // The chain would refuse it: better said now, for nothing, than after paying for it.
      if (/revert/i.test(error.message) || error.code === 3) {
        if (options.later?.(tx, error)) return undefined;
        journal.drop(tx, reasonOf(error));
        log.info({ key: tx.key, reason: reasonOf(error) }, "not sent: the chain would refuse it");
        return undefined;
      }
      alert("refused", `${tx.key} cannot be sent: ${reasonOf(error)}`);
      return undefined;
    }
  }

  async function sendQueued(view: View): Promise<void> {
    const queued = journal.inState("queued");
    if (queued.length === 0) return;
    const fees = await readFees(rpc, policy, view.head.baseFee);
    if (fees === undefined) {
      alert("fee-cap", `nothing is sent: the base fee of ${view.head.baseFee} wei a gas is above the cap`);
      return;
    }
    let room = maxInFlight - journal.inState("signed", "broadcast").length;
    for (const tx of queued) {
      if (room <= 0) return;
      const gas = await estimate(tx);
      if (gas === undefined) continue;
      if (!withinBudget(gas * fees.maxFeePerGas + tx.value, tx)) return;
      await signAndSend(tx, journal.freeNonce(view.confirmed), gas, fees);
      room -= 1;
    }
  }

  /** A nonce below ours that nobody holds (another's transaction was reorganised away) would block all above it. */
  function fillHole(view: View): void {
    const highest = journal.inState("signed", "broadcast").at(-1)?.nonce;
    const free = journal.freeNonce(view.confirmed);
    if (highest === undefined || free > highest || journal.inState("queued").length > 0) return;
    journal.enqueue({ key: `filler:${free}:${now()}`, to: signer.address, data: "0x" });
  }

  /** What was final can only come back if the chain was reorganised deeper than we were told to trust. */
  async function checkFinal(view: View): Promise<void> {
    const lost = journal.finalFrom(view.confirmed);
    if (lost.length === 0) {
      suspicion.delete(-1);
      return;
    }
    const seen = (suspicion.get(-1) ?? 0) + 1;
    suspicion.set(-1, seen);
    if (seen < CERTAINTY) return;
    const counts = await rpc.all("eth_getTransactionCount", [signer.address, "latest"], isQuantity);
    const highest = Math.max(...counts.map((count) => hexToNumber(count)));
    if (counts.length === 0 || highest > view.confirmed) return;
    suspicion.delete(-1);
    alert(
      "deep-reorg",
      `${lost.length} final transactions left the chain; finality of ${finalityDepth} blocks is too short`,
    );
    for (const tx of lost) {
      journal.reopen(tx);
      edge("reopened", tx);
    }
  }

  async function once(): Promise<void> {
    const view = await look();
    for (const tx of journal.inState("signed", "broadcast", "mined")) await follow(tx, view);
    await checkFinal(view);
    fillHole(view);
    await sendQueued(view);
  }

  return {
    step() {
      running ??= once().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

/** Refuses to start when the account's key or chain cannot be what the configuration says. */
export async function checkAccount(rpc: Rpc, signer: OperatorSigner): Promise<{ balance: bigint; nonce: number }> {
  const balance = hexToBigInt(await rpc.request("eth_getBalance", [signer.address, "latest"], isQuantity));
  const nonce = hexToNumber(await rpc.request("eth_getTransactionCount", [signer.address, "latest"], isQuantity));
  if (balance === 0n) {
    throw problem(
      "NodeAccountEmpty",
      `the account ${signer.address} has no funds on chain ${rpc.chainId}`,
      "Send it enough for some days of transactions.",
    );
  }
  return { balance, nonce };
}
