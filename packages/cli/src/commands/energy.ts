import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Address } from "viem";
import { accountReport, planAccount } from "../energy/account.ts";
import { planDeviations } from "../energy/deviations.ts";
import { energyOf, firstSlotOf, type Market, marketOf, slotOf, tickOf } from "../energy/market.ts";
import { planPost, signOrder } from "../energy/order.ts";
import { readOrderFiles } from "../energy/orderFile.ts";
import { planSettle } from "../energy/settle.ts";
import { verifyBook } from "../energy/verify.ts";
import { deployedContext } from "../lib/context.ts";
import { UsageError } from "../lib/errors.ts";
import { type Io, present } from "../lib/io.ts";
import { deploymentOption, jsonOption, parseAddress, parseAmountText, rpcOption, wholeNumber } from "../lib/options.ts";
import { carryOut, type Plan, type PlanOptions } from "../lib/sending.ts";
import { openWallet, openWalletIfNamed, signing, yesOption } from "../lib/wallet.ts";

const accountNumber = wholeNumber(1, 2 ** 31 - 1);
const dayOption = "--day <YYYY-MM-DD>";

function side(text: string): "bid" | "offer" {
  if (text !== "bid" && text !== "offer") throw new InvalidArgumentError("A side is bid or offer.");
  return text;
}

/** `publica energy`: a market whose prices the chain verifies. */
export function energyCommand(io: Io): Command {
  const energy = new Command("energy")
    .description("an energy market: sign a day, post an order, settle, verify, look after an account")
    .addHelpText(
      "after",
      "\nDays and times are UTC, prices a kWh, energy in kWh. Nothing is signed or sent without --yes.\n\nExample: publica energy account --account 4",
    );

  /** Prepares, then shows or sends. */
  async function execute(
    options: Parameters<typeof openWallet>[2] & Parameters<typeof deployedContext>[1] & { yes?: true; json?: true },
    prepare: (market: Market, sender: Address) => Promise<Plan | { plan: Plan; afterwards: PlanOptions["afterwards"] }>,
  ): Promise<void> {
    const context = await deployedContext(io, options);
    const wallet = await openWallet(io, context, options);
    const prepared = await prepare(await marketOf(context), wallet.address);
    const { plan, afterwards } = "plan" in prepared ? prepared : { plan: prepared, afterwards: undefined };
    const common = { yes: options.yes, connection: context, wallet };
    present(io, options.json, await carryOut(plan, afterwards === undefined ? common : { ...common, afterwards }));
  }

  signing(
    energy
      .command("account")
      .description("show an account; deposit, withdraw, cancel its orders, give a key leave to sign")
      .requiredOption("--account <no>", "the account", accountNumber)
      .addOption(new Option("--deposit <amount>", "pay in, in the market's currency").argParser(parseAmountText))
      .addOption(new Option("--withdraw <amount>", "announce a withdrawal").argParser(parseAmountText))
      .addOption(new Option("--payout", "pay what was announced, to the owner"))
      .addOption(new Option("--cancel-withdrawal", "take an announced withdrawal back"))
      .addOption(new Option("--cancel-orders", "cancel every signed order whose gate is open"))
      .addOption(new Option("--session-key <address>", "let a key sign orders").argParser(parseAddress))
      .option("--hours <n>", "how long the session key is good for; 0 revokes", wholeNumber(0, 87_600), 24)
      .addOption(yesOption),
  )
    .addHelpText("after", "\nExample: publica energy account --account 4 --deposit 50 --keystore home.json")
    .action(async ({ account, hours, ...rest }) => {
      const { deposit, withdraw, payout, cancelWithdrawal, cancelOrders, sessionKey, ...options } = rest;
      const change = { deposit, withdraw, payout, cancelWithdrawal, cancelOrders, sessionKey };
      const wanted = Object.values(change).filter((option) => option !== undefined);
      if (wanted.length > 1) throw new UsageError("one change at a time");
      if (wanted.length === 1) {
        await execute(options, (market, sender) => planAccount(market, sender, account, { ...change, hours }));
        return;
      }
      present(io, options.json, await accountReport(await marketOf(await deployedContext(io, options)), account));
    });

  signing(
    energy
      .command("order")
      .description("sign a day's curve: checked against the account, signed with --yes")
      .requiredOption("--account <no>", "the account", accountNumber)
      .requiredOption(dayOption, "the day")
      .requiredOption("--curve <file>", "lines of HH:MM,bid or offer,price,kWh")
      .option("--out <file>", "write the signed order to this file")
      .addOption(new Option("--yes", "sign")),
  )
    .addHelpText(
      "after",
      "\nExample: publica energy order --account 4 --day 2026-12-01 --curve day.csv --out order.json --keystore home.json --yes",
    )
    .action(async ({ account, day, curve, out, yes, json, ...options }) => {
      const context = await deployedContext(io, options);
      const wallet = await openWalletIfNamed(io, context, options);
      present(io, json, await signOrder(io, await marketOf(context), wallet, { account, day, curve, out, yes }));
    });

  signing(
    energy
      .command("post")
      .description("post one order on chain: no operator can leave it out")
      .requiredOption("--account <no>", "the account", accountNumber)
      .requiredOption(dayOption, "the day")
      .requiredOption("--time <HH:MM>", "when the quarter of an hour begins")
      .requiredOption("--side <side>", "bid or offer", side)
      .requiredOption("--price <price>", "limit a kWh; may be negative")
      .requiredOption("--energy <kWh>", "how much")
      .addOption(yesOption),
  )
    .addHelpText(
      "after",
      "\nExample: publica energy post --account 4 --day 2026-12-01 --time 12:15 --side bid --price 0.25 --energy 1.5 --keystore home.json",
    )
    .action(async ({ account, day, time, side: which, price, energy: kwh, ...options }) => {
      await execute(options, (market, sender) =>
        planPost(market, sender, account, day, time, {
          ...{ side: which, tick: tickOf(price, market.token), energyWh: energyOf(kwh) },
        }),
      );
    });

  signing(
    energy
      .command("settle")
      .description("clear a book and settle it, in one transaction or in parts; dry run without --yes")
      .requiredOption(dayOption, "the day")
      .option("--time <HH:MM>", "when the book's first slot begins", "00:00")
      .option("--slots <n>", "slots of the book", wholeNumber(1, 96), 96)
      .option("--orders <path...>", "signed orders: files, or folders of them", [])
      .addOption(new Option("--parts", "in several transactions even when one would do"))
      .addOption(
        new Option("--deviations", "of a closed book: pay what meters measured beside what was traded").conflicts(
          "orders",
        ),
      )
      .addOption(yesOption),
  )
    .addHelpText(
      "after",
      "\nExample: publica energy settle --day 2026-12-01 --orders orders/ --keystore anybody.json --yes\n         publica energy settle --day 2026-12-01 --deviations --keystore anybody.json --yes",
    )
    .action(async ({ day, time, slots, orders, parts, deviations, ...options }) => {
      if (deviations) {
        await execute(options, (market, sender) => planDeviations(market, sender, slotOf(day, time), parts === true));
        return;
      }
      const files = readOrderFiles(io, orders);
      await execute(options, (market, sender) =>
        planSettle(market, sender, {
          ...{ firstSlot: slotOf(day, time), count: slots, orders: files, parts: parts === true },
        }),
      );
    });

  energy
    .command("verify")
    .description("replay a closed book from chain data and compare every fill")
    .requiredOption(dayOption, "the day")
    .option("--time <HH:MM>", "when the book's first slot begins", "00:00")
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText("after", "\nExample: publica energy verify --day 2026-12-01")
    .action(async ({ day, time, json, ...options }) => {
      firstSlotOf(day);
      present(io, json, await verifyBook(await marketOf(await deployedContext(io, options)), slotOf(day, time)));
    });

  return energy as unknown as Command;
}
