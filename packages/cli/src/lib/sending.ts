import { decodeRevert, type WriteClient } from "@publica/sdk";
import pc from "picocolors";
import type { Hash, TransactionReceipt } from "viem";
import type { Connection } from "./chain.ts";
import { CliError } from "./errors.ts";
import type { Report } from "./io.ts";
import { pairs } from "./text.ts";
import type { Wallet } from "./wallet.ts";

/** One transaction of a plan. */
export interface Step {
  /** `approve 1,700 PLAY for the pool`. */
  readonly what: string;
  /** Tries it against the latest block without sending; left out when an earlier step must be there first. */
  readonly simulate?: () => Promise<unknown>;
  send(client: WriteClient): Promise<Hash>;
}

export interface Plan {
  /** What was found out on the way, shown in either case. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly data: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export interface SentStep {
  readonly what: string;
  readonly receipt: TransactionReceipt;
}

export interface PlanOptions {
  readonly yes: boolean | undefined;
  readonly connection: Connection;
  readonly wallet: Wallet;
  /** Facts that only the receipts tell. */
  readonly afterwards?: (sent: readonly SentStep[]) => Promise<Pick<Plan, "facts" | "data">>;
}

/** Shows a plan, or carries it out when the user said so; never sends what would certainly fail. */
export async function carryOut(plan: Plan, options: PlanOptions): Promise<Report> {
  const { yes, connection, wallet } = options;
  if (!yes) {
    const steps = [];
    for (const { what, simulate } of plan.steps) {
      try {
        await simulate?.();
      } catch (error) {
        throw decodeRevert(error);
      }
      steps.push({ what, simulated: simulate !== undefined });
    }
    const lines = steps.map(
      ({ what, simulated }, index) =>
        `  ${index + 1}. ${what}  ${pc.dim(simulated ? "would succeed now" : "not tried: it needs the step before")}`,
    );
    return {
      data: { dryRun: true, from: wallet.address, ...plan.data, steps },
      text: [
        pairs([["from", wallet.address], ...plan.facts]),
        ...(lines.length === 0 ? ["Nothing to send."] : ["", "Would send:", ...lines, "", "Add --yes to send."]),
      ].join("\n"),
    };
  }
  const client = plan.steps.length === 0 ? undefined : await wallet.unlock();
  const sent: SentStep[] = [];
  for (const step of plan.steps) {
    if (client === undefined) break;
    const hash = await step.send(client);
    const receipt = await connection.client.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") {
      throw new CliError(`"${step.what}" failed in ${hash}`, `publica inspect tx ${hash} tells why.`);
    }
    sent.push({ what: step.what, receipt });
  }
  const later = (await options.afterwards?.(sent)) ?? { facts: [], data: {} };
  const transactions = sent.map(({ what, receipt }) => ({
    what,
    hash: receipt.transactionHash,
    block: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
  }));
  return {
    data: { dryRun: false, from: wallet.address, ...plan.data, ...later.data, transactions },
    text: [
      pairs([["from", wallet.address], ...plan.facts]),
      ...transactions.map(({ what, hash }) => `${pc.green("✔")} ${what}  ${pc.dim(hash)}`),
      ...(transactions.length === 0 ? ["Nothing to send."] : []),
      pairs(later.facts),
    ]
      .filter((line) => line !== "")
      .join("\n"),
  };
}
