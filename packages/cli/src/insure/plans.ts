import {
  buyPolicy,
  decideByFallback,
  decideSeries,
  getSeries,
  previewSeries,
  refundSeries,
  requestWithdrawal,
  serveWithdrawals,
  settleSeries,
  underwrite,
} from "@publica/sdk/insurance";
import { policyBookAbi, seriesRecourseAbi, underwritingPoolAbi } from "@publica/sdk/abi";
import { type Address, type Hex, isAddressEqual, parseEventLogs } from "viem";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Plan, PlanOptions, SentStep, Step } from "../lib/sending.ts";
import { relative } from "../lib/text.ts";
import { money, readToken, toBaseUnits } from "../lib/tokens.ts";
import { approval, holdings, type Office, openPool } from "./office.ts";
import type { QuoteFile } from "./quoteFile.ts";

export interface Prepared {
  readonly plan: Plan;
  readonly afterwards?: NonNullable<PlanOptions["afterwards"]>;
}

/** Buys the cover of a signed quote: approves the premium and nothing more, then buys. */
export async function planPurchase(office: Office, buyer: Address, file: QuoteFile): Promise<Prepared> {
  const { context, book } = office;
  const { client, chainId } = context;
  const { quote } = file;
  if (file.chainId !== chainId)
    throw new CliError(`the quote is for chain ${file.chainId}, the endpoint is chain ${chainId}`, "Use --rpc.");
  if (!isAddressEqual(file.book, book))
    throw new CliError(`the quote is for the book ${file.book}, the deployment's is ${book}`, "Use --deployment.");
  if (!isAddressEqual(quote.buyer, buyer))
    throw new CliError(`the quote was made for ${quote.buyer}, not for ${buyer}`, "Buy from the account it names.");
  const [{ terms, name }, now] = await Promise.all([
    getSeries(client, { book, series: quote.series }),
    chainNow(client),
  ]);
  if (now > quote.validUntil)
    throw new CliError(`the quote expired ${relative(quote.validUntil, now)}`, "Ask for a new one.");
  const pool = await openPool(office, terms.pool);
  const { balance, allowance } = await holdings(office, pool.token, buyer, pool.address);
  requireFunds(balance, quote.premium, buyer, pool.token);

  const approved = allowance >= quote.premium;
  const call = {
    address: book,
    abi: policyBookAbi,
    functionName: "buy",
    args: [quote, file.key, file.signature],
    account: buyer,
  } as const;
  const buy: Step = {
    what: `buy cover of ${money(quote.sumInsured, pool.token)} for ${money(quote.premium, pool.token)}`,
    ...(approved ? { simulate: () => client.simulateContract(call) } : {}),
    send: (sender) => buyPolicy(sender, { book, signed: file }),
  };
  return {
    plan: {
      facts: [["series", `${quote.series}  ${name}`]],
      data: { series: quote.series, sumInsured: quote.sumInsured, premium: quote.premium },
      steps: approved ? [buy] : [approval(pool.token, pool.address, quote.premium, "the pool"), buy],
    },
    afterwards: async (sent) => {
      const [bought] = parseEventLogs({ abi: policyBookAbi, eventName: "PolicyBought", logs: logsOf(sent) });
      const policyId = bought?.args.policyId;
      return { facts: [["policy", String(policyId)]], data: { policyId } };
    },
  };
}

/** Decides a series if it is open, and pays up to `max` of its policies. */
export async function planSettlement(
  office: Office,
  sender: Address,
  series: bigint,
  max: number,
  season: Hex | undefined,
): Promise<Prepared> {
  const { context, book } = office;
  const { client } = context;
  const one = await getSeries(client, { book, series });
  const { token } = await openPool(office, one.terms.pool);
  const facts: [string, string][] = [["series", `${series}  ${one.name}, ${one.state}`]];
  const steps: Step[] = [];
  const data: Record<string, unknown> = { series, state: one.state };
  const call = { address: book, abi: policyBookAbi, account: sender } as const;
  const settle: Omit<Step, "what"> = {
    simulate: () => client.simulateContract({ ...call, functionName: "settle", args: [series, max] }),
    send: (from) => settleSeries(from, { book, series, max }),
  };
  if (one.state === "open") {
    const { index, payoutBps } = await previewSeries(client, {
      book,
      series,
      ...(season === undefined ? {} : { season }),
    });
    facts.push(["index", String(index)], ["pays", `${Number(payoutBps) / 100} % of each sum insured`]);
    Object.assign(data, { index, payoutBps });
    // Without a packed season `settle` decides as well, and costs less.
    const decide: Omit<Step, "what"> =
      season === undefined
        ? settle
        : {
            simulate: () => client.simulateContract({ ...call, functionName: "decide", args: [series, season, max] }),
            send: (from) => decideSeries(from, { book, series, max, season }),
          };
    steps.push({ what: `decide series ${series} and settle up to ${max} of its policies`, ...decide });
  } else if (one.state === "paying" || one.state === "refunding") {
    facts.push(["owed", money(one.exposure, token)], ["left", `${one.policies - one.settled} policies`]);
    steps.push({ what: `settle up to ${max} policies of series ${series}`, ...settle });
  } else facts.push(["owed", "nothing any more"]);
  return {
    plan: { facts, data, steps },
    afterwards: async (sent) => {
      const paid = parseEventLogs({ abi: policyBookAbi, eventName: "PolicyPaid", logs: logsOf(sent) });
      const total = paid.reduce((sum, { args }) => sum + args.amount, 0n);
      const [decided] = parseEventLogs({ abi: policyBookAbi, eventName: "SeriesDecided", logs: logsOf(sent) });
      const payoutBps = decided === undefined ? one.payoutBps : Number(decided.args.payoutBps);
      const after = await getSeries(client, { book, series });
      return {
        facts: [
          ["paid", `${paid.length} policies, ${money(total, token)}`],
          ["state", after.state],
        ],
        data: { paidPolicies: paid.length, paid: total, state: after.state, payoutBps },
      };
    },
  };
}

/** What follows when the series' data did not come in time, or were contested. */
export interface Recourse {
  readonly by: "fallback" | "refund";
  /** A round of the window that is missing in the series' feed. */
  readonly missingRound: number;
  /** One that is missing in the fallback feed, for a refund of a series that has such a feed. */
  readonly missingFallbackRound: number;
}

/** Decides a series by its fallback feed, or gives the premiums back; its policies are then settled as always. */
export async function planRecourse(
  office: Office,
  sender: Address,
  series: bigint,
  recourse: Recourse,
  season: Hex | undefined,
): Promise<Prepared> {
  const { context, book } = office;
  const { client } = context;
  const { missingRound, missingFallbackRound } = recourse;
  const [one, address] = await Promise.all([
    getSeries(client, { book, series }),
    client.readContract({ address: book, abi: policyBookAbi, functionName: "RECOURSE" }),
  ]);
  const call = { address, abi: seriesRecourseAbi, account: sender } as const;
  const step: Step =
    recourse.by === "fallback"
      ? {
          what: `decide series ${series} by its fallback feed`,
          simulate: () =>
            client.simulateContract({
              ...call,
              functionName: "decideByFallback",
              args: [series, missingRound, season ?? "0x"],
            }),
          send: (from) =>
            decideByFallback(from, { book, series, missingRound, ...(season === undefined ? {} : { season }) }),
        }
      : {
          what: `give the premiums of series ${series} back`,
          simulate: () =>
            client.simulateContract({
              ...call,
              functionName: "refund",
              args: [series, missingRound, missingFallbackRound],
            }),
          send: (from) => refundSeries(from, { book, series, missingRound, missingFallbackRound }),
        };
  return {
    plan: {
      facts: [["series", `${series}  ${one.name}, ${one.state}`]],
      data: { series, state: one.state },
      steps: [step],
    },
    afterwards: async () => {
      const { state, policies, settled } = await getSeries(client, { book, series });
      const left = policies - settled;
      const next = left === 0 ? "nothing is left to settle" : `publica insure settle --series ${series} pays ${left}`;
      return {
        facts: [
          ["state", state],
          ["next", next],
        ],
        data: { state, left },
      };
    },
  };
}

/** Brings capital into a pool. */
export async function planDeposit(
  office: Office,
  investor: Address,
  amount: string,
  named: Address | undefined,
): Promise<Prepared> {
  const { client } = office.context;
  const pool = await openPool(office, named);
  const assets = toBaseUnits(amount, pool.token);
  const call = { address: pool.address, abi: underwritingPoolAbi } as const;
  const [{ balance, allowance }, shares, shareToken] = await Promise.all([
    holdings(office, pool.token, investor, pool.address),
    client.readContract({ ...call, functionName: "previewDeposit", args: [assets] }),
    readToken(client, pool.address),
  ]);
  requireFunds(balance, assets, investor, pool.token);
  const approved = allowance >= assets;
  const deposit: Step = {
    what: `deposit ${money(assets, pool.token)} for ${money(shares, shareToken)}`,
    ...(approved
      ? {
          simulate: () =>
            client.simulateContract({ ...call, functionName: "deposit", args: [assets, investor], account: investor }),
        }
      : {}),
    send: (from) => underwrite(from, { pool: pool.address, assets, receiver: investor }),
  };
  return {
    plan: {
      facts: [["pool", office.context.label(pool.address)]],
      data: { pool: pool.address, assets, shares },
      steps: approved ? [deposit] : [approval(pool.token, pool.address, assets, "the pool"), deposit],
    },
  };
}

/** Asks to leave a pool; the shares wait for the cooldown and their turn. */
export async function planWithdrawal(
  office: Office,
  investor: Address,
  shares: string | "all",
  named: Address | undefined,
): Promise<Prepared> {
  const { client } = office.context;
  const pool = await openPool(office, named);
  const shareToken = await readToken(client, pool.address);
  const call = { address: pool.address, abi: underwritingPoolAbi, account: investor } as const;
  const held = await client.readContract({ ...call, functionName: "balanceOf", args: [investor] });
  const amount = shares === "all" ? held : toBaseUnits(shares, shareToken);
  if (held === 0n || amount > held) {
    throw new CliError(
      `${investor} has ${money(held, shareToken)} in the pool`,
      held === 0n ? "There is nothing to take out." : "Ask for at most that, or use --all.",
    );
  }
  const worth = await client.readContract({ ...call, functionName: "convertToAssets", args: [amount] });
  return {
    plan: {
      facts: [
        ["pool", office.context.label(pool.address)],
        ["worth now", `${money(worth, pool.token)}; what counts is the price when it is served`],
      ],
      data: { pool: pool.address, shares: amount, worth },
      steps: [
        {
          what: `ask to leave with ${money(amount, shareToken)}`,
          simulate: () => client.simulateContract({ ...call, functionName: "requestWithdrawal", args: [amount] }),
          send: (from) => requestWithdrawal(from, { pool: pool.address, shares: amount }),
        },
      ],
    },
    afterwards: async (sent) => {
      const [asked] = parseEventLogs({
        abi: underwritingPoolAbi,
        eventName: "WithdrawalRequested",
        logs: logsOf(sent),
      });
      const { ticket, cooledAt } = asked?.args ?? {};
      const now = await chainNow(client);
      return {
        facts: [["ticket", `${ticket}, to be served from ${relative(cooledAt ?? now, now)} on with --serve`]],
        data: { ticket, cooledAt },
      };
    },
  };
}

/** Serves waiting requests in their order; anyone may. */
export async function planServing(
  office: Office,
  sender: Address,
  max: bigint,
  named: Address | undefined,
): Promise<Prepared> {
  const { client } = office.context;
  const pool = await openPool(office, named);
  const waiting = pool.queueTail - pool.queueHead;
  const call = { address: pool.address, abi: underwritingPoolAbi, account: sender } as const;
  return {
    plan: {
      facts: [
        ["pool", office.context.label(pool.address)],
        ["waiting", `${waiting} requests`],
        ["free", money(pool.freeAssets, pool.token)],
      ],
      data: { pool: pool.address, waiting },
      steps:
        waiting === 0n
          ? []
          : [
              {
                what: `serve up to ${max} requests`,
                simulate: () => client.simulateContract({ ...call, functionName: "serveWithdrawals", args: [max] }),
                send: (from) => serveWithdrawals(from, { pool: pool.address, max }),
              },
            ],
    },
    afterwards: async (sent) => {
      const served = parseEventLogs({ abi: underwritingPoolAbi, eventName: "WithdrawalServed", logs: logsOf(sent) });
      const total = served.reduce((sum, { args }) => sum + args.assets, 0n);
      return {
        facts: [["served", `${served.length} requests, ${money(total, pool.token)}`]],
        data: { served: served.length, assets: total },
      };
    },
  };
}

function requireFunds(balance: bigint, needed: bigint, owner: Address, token: Parameters<typeof money>[1]): void {
  if (balance >= needed) return;
  throw new CliError(
    `${owner} has ${money(balance, token)}, ${money(needed, token)} are needed`,
    `Send it more ${token.symbol}, or choose a smaller amount.`,
  );
}

const logsOf = (sent: readonly SentStep[]) => sent.flatMap(({ receipt }) => receipt.logs);
