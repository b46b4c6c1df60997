import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Hex } from "viem";
import { BACKTEST_KINDS, backtest } from "../insure/backtest.ts";
import { officeOf } from "../insure/office.ts";
import {
  type Prepared,
  planDeposit,
  planPurchase,
  planServing,
  planRecourse,
  planSettlement,
  planWithdrawal,
} from "../insure/plans.ts";
import { quoteCover } from "../insure/quote.ts";
import { readQuoteFile } from "../insure/quoteFile.ts";
import { holderStatus, overallStatus, policyStatus, seriesStatus } from "../insure/status.ts";
import { type DeployedContext, deployedContext } from "../lib/context.ts";
import { CliError, UsageError } from "../lib/errors.ts";
import { type Io, present } from "../lib/io.ts";
import { deploymentOption, jsonOption, parseAddress, parseAmountText, rpcOption, wholeNumber } from "../lib/options.ts";
import { carryOut } from "../lib/sending.ts";
import { openWallet, openWalletIfNamed, type Wallet, signing, yesOption } from "../lib/wallet.ts";

const MOST = 2 ** 32 - 1;

const poolOption = new Option("--pool <address>", "another pool than the deployment's own").argParser(parseAddress);

function positive(text: string): bigint {
  if (!/^\d+$/.test(text) || BigInt(text) === 0n) throw new InvalidArgumentError("It takes a whole number above zero.");
  return BigInt(text);
}

function monthDay(text: string): string {
  const time = /^\d{2}-\d{2}$/.test(text) ? Date.parse(`2024-${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(5, 10) !== text)
    throw new InvalidArgumentError("A day of the year is MM-DD, such as 06-01.");
  return text;
}

function decimalNumber(text: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("It takes a number such as 90 or 2.5.");
  return text;
}

function percentage(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) > 1_000)
    throw new InvalidArgumentError("It takes a percentage from 0 to 1000.");
  return Number(text);
}

function hexBytes(text: string): Hex {
  if (!/^0x([0-9a-fA-F]{2})+$/.test(text)) throw new InvalidArgumentError("It takes 0x and pairs of hex digits.");
  return text as Hex;
}

/** `publica insure`: parametric cover, from the quote to the payout. */
export function insureCommand(io: Io): Command {
  const insure = new Command("insure")
    .description("parametric cover: quote, buy, settle, underwrite, withdraw, back-test")
    .addHelpText("after", "\nNothing is sent without --yes.\n\nExample: publica insure status");

  /** Prepares, then shows or sends. */
  async function execute(
    options: Parameters<typeof openWallet>[2] & Parameters<typeof deployedContext>[1] & { yes?: true; json?: true },
    prepare: (context: DeployedContext, wallet: Wallet) => Promise<Prepared>,
  ): Promise<void> {
    const context = await deployedContext(io, options);
    const wallet = await openWallet(io, context, options);
    const { plan, afterwards } = await prepare(context, wallet);
    const report = await carryOut(plan, {
      yes: options.yes,
      connection: context,
      wallet,
      ...(afterwards === undefined ? {} : { afterwards }),
    });
    present(io, options.json, report);
  }

  insure
    .command("status")
    .description("a pool and its series; or one series, one policy, one holder's policies")
    .addOption(new Option("--series <no>", "one series").argParser(positive).conflicts(["policy", "holder"]))
    .addOption(new Option("--policy <id>", "one policy").argParser(positive).conflicts("holder"))
    .addOption(new Option("--holder <address>", "the policies of an account").argParser(parseAddress))
    .addOption(poolOption)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText("after", "\nExample: publica insure status --series 1")
    .action(async ({ series, policy, holder, pool, json, ...options }) => {
      const office = officeOf(await deployedContext(io, options));
      if (series !== undefined) present(io, json, await seriesStatus(office, series));
      else if (policy !== undefined) present(io, json, await policyStatus(office, policy));
      else if (holder !== undefined) present(io, json, await holderStatus(office, holder));
      else present(io, json, await overallStatus(office, pool));
    });

  signing(
    insure
      .command("quote")
      .description("offer cover to one buyer: checked against the terms, signed with --yes")
      .requiredOption("--series <no>", "the series", positive)
      .requiredOption("--buyer <address>", "who may buy", parseAddress)
      .requiredOption("--sum <amount>", "sum insured, in the pool's currency", parseAmountText)
      .requiredOption("--premium <amount>", "premium, in the pool's currency", parseAmountText)
      .option("--valid <minutes>", "how long the offer stands", wholeNumber(1, 525_600), 60)
      .option("--out <file>", "write the signed quote to this file")
      .addOption(new Option("--yes", "sign")),
  )
    .addHelpText(
      "after",
      "\nA signed quote binds the pool: whoever it names can buy until it expires.\n\nExample: publica insure quote --series 1 --buyer 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --sum 20000 --premium 2600 --keystore quoter.json --yes --out quote.json",
    )
    .action(async ({ series, buyer, sum, premium, valid, out, yes, json, ...options }) => {
      const context = await deployedContext(io, options);
      const wallet = await openWalletIfNamed(io, context, options);
      if (yes && wallet === undefined)
        throw new UsageError("who signs? Name --keystore FILE, --rpc-account ADDRESS or --key-env NAME");
      const offer = { series, buyer, sum, premium, validMinutes: valid, yes, out };
      present(io, json, await quoteCover(io, officeOf(context), wallet, offer));
    });

  signing(
    insure
      .command("buy")
      .description("buy the cover of a signed quote")
      .requiredOption("--quote <file>", "the file publica insure quote wrote")
      .addOption(yesOption),
  )
    .addHelpText("after", "\nExample: publica insure buy --quote quote.json --keystore farmer.json --yes")
    .action(async ({ quote, ...options }) => {
      const file = readQuoteFile(io, quote);
      await execute(options, (context, wallet) => planPurchase(officeOf(context), wallet.address, file));
    });

  signing(
    insure
      .command("settle")
      .description("decide a series from its data and pay its policies; anyone may")
      .requiredOption("--series <no>", "the series", positive)
      .option("--max <n>", "policies to settle in this transaction", wholeNumber(1, 10_000), 100)
      .option("--season <hex>", "the packed season, for a series that has one", hexBytes)
      .addOption(
        new Option("--fallback", "the data did not come or were contested: decide by the fallback feed").conflicts(
          "refund",
        ),
      )
      .option("--refund", "the data did not come at all: give the premiums back")
      .option("--missing-round <no>", "with either: a round missing in the series' feed", wholeNumber(0, 0xffffffff), 0)
      .option(
        "--missing-fallback-round <no>",
        "with --refund: one missing in the fallback feed, where there is one",
        wholeNumber(0, 0xffffffff),
        0,
      )
      .addOption(yesOption),
  )
    .addHelpText("after", "\nExample: publica insure settle --series 1 --keystore anyone.json --yes")
    .action(async ({ series, max, season, fallback, refund, missingRound, missingFallbackRound, ...options }) => {
      await execute(options, (context, wallet) => {
        if (!fallback && !refund) return planSettlement(officeOf(context), wallet.address, series, max, season);
        const recourse = { by: fallback ? "fallback" : "refund", missingRound, missingFallbackRound } as const;
        return planRecourse(officeOf(context), wallet.address, series, recourse, season);
      });
    });

  signing(
    insure
      .command("underwrite")
      .description("put capital behind a pool's cover")
      .requiredOption("--amount <amount>", "how much, in the pool's currency", parseAmountText)
      .addOption(poolOption)
      .addOption(yesOption),
  )
    .addHelpText("after", "\nExample: publica insure underwrite --amount 5000 --keystore investor.json --yes")
    .action(async ({ amount, pool, ...options }) => {
      await execute(options, (context, wallet) => planDeposit(officeOf(context), wallet.address, amount, pool));
    });

  signing(
    insure
      .command("withdraw")
      .description("ask to take capital out of a pool; or serve those who wait, which anyone may")
      .addOption(
        new Option("--shares <amount>", "how many shares").argParser(parseAmountText).conflicts(["all", "serve"]),
      )
      .addOption(new Option("--all", "all shares of the account").conflicts("serve"))
      .addOption(new Option("--serve <n>", "serve up to so many waiting requests").argParser(wholeNumber(1, MOST)))
      .addOption(poolOption)
      .addOption(yesOption),
  )
    .addHelpText(
      "after",
      "\nA request waits for the pool's cooldown and its turn, and is paid at the price of that moment.\n\nExample: publica insure withdraw --all --keystore investor.json --yes",
    )
    .action(async ({ shares, all, serve, pool, ...options }) => {
      const amount = all ? "all" : shares;
      if (amount === undefined && serve === undefined) throw new UsageError("name --shares AMOUNT, --all or --serve N");
      await execute(options, (context, wallet) => {
        const office = officeOf(context);
        return amount === undefined
          ? planServing(office, wallet.address, BigInt(serve ?? 1), pool)
          : planWithdrawal(office, wallet.address, amount, pool);
      });
    });

  insure
    .command("backtest")
    .description("what a cover would have paid in every season of a CSV file of daily values")
    .requiredOption("--csv <file>", "one line a day, with a header")
    .requiredOption("--column <name>", "the column of the measured values")
    .addOption(
      new Option("--kind <kind>", "how a season's values become the index")
        .choices(BACKTEST_KINDS)
        .makeOptionMandatory(),
    )
    .requiredOption("--attachment <n>", "index where the payout starts", decimalNumber)
    .requiredOption(
      "--exit <n>",
      "index where all is paid; below the attachment when the index must fall",
      decimalNumber,
    )
    .option("--threshold <n>", "the index's own parameter, for kinds with Above or Below", decimalNumber)
    .option("--from <MM-DD>", "first day of the season", monthDay, "01-01")
    .option("--to <MM-DD>", "last day of the season; may lie in the following year", monthDay, "12-31")
    .option("--date-column <name>", "the column of the dates (YYYY-MM-DD)", "date")
    .option("--unit <name>", "unit of the column", "units")
    .option("--decimals <n>", "digits after the point that count", wholeNumber(0, 6), 1)
    .option("--sum <n>", "sum insured", wholeNumber(1, 1_000_000_000), 10_000)
    .option("--trend", "move past seasons to the level their linear trend has reached", false)
    .option("--draws <n>", "seasons to simulate by block bootstrap", wholeNumber(1, 100_000), 2_000)
    .option("--seed <n>", "whole number that fixes the simulation", wholeNumber(0, MOST), 1)
    .option("--loading <percent>", "on the expected loss, for what is not known", percentage, 20)
    .option("--capital-cost <percent>", "a year, on capital that could be lost", percentage, 8)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nIndex and payout are computed exactly as the contract computes them; same file and seed, same premium.\n\nExample: publica insure backtest --csv node_modules/vega-datasets/data/seattle-weather.csv --column precipitation --unit mm --kind sum --from 06-01 --to 08-31 --attachment 90 --exit 40 --sum 20000",
    )
    .action(({ csv, json, ...options }) => {
      const needs = /Above|Below/.test(options.kind);
      if (needs && options.threshold === undefined) throw new UsageError(`--kind ${options.kind} needs a --threshold`);
      let text: string;
      try {
        text = readFileSync(resolve(io.cwd, csv), "utf8");
      } catch {
        throw new CliError(`the file ${csv} cannot be read`, "Check its path and permissions.");
      }
      present(io, json, backtest({ ...options, csv: text, threshold: options.threshold }));
    });

  return insure as Command;
}
