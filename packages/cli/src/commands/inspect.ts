import { Command } from "@commander-js/extra-typings";
import { inspectAddress } from "../inspect/address.ts";
import { inspectCredential } from "../inspect/credential.ts";
import { inspectFeed } from "../inspect/feed.ts";
import { inspectTransaction } from "../inspect/transaction.ts";
import { chainContext, deployedContext } from "../lib/context.ts";
import { UsageError } from "../lib/errors.ts";
import { type Io, present } from "../lib/io.ts";
import {
  deploymentOption,
  jsonOption,
  parseAddress,
  parseBigInt,
  parseHash,
  rpcOption,
  wholeNumber,
} from "../lib/options.ts";

const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

function type(text: string): string {
  if (text.startsWith("0x") && !/^0x[0-9a-fA-F]{64}$/.test(text))
    throw new UsageError(`"${text}" is no credential type: give its name, or 0x and 64 hex digits`);
  return text;
}

/** `publica inspect`: looks at anything of the suite on chain. */
export function inspectCommand(io: Io): Command {
  const inspect = new Command("inspect")
    .description("look at a transaction, an address, a feed or a credential on chain")
    .addHelpText("after", "\nExample: publica inspect feed");

  inspect
    .command("tx")
    .description("what a transaction called and changed, and why it failed if it did")
    .argument("<hash>", "hash of the transaction", parseHash)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nExample: publica inspect tx 0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060",
    )
    .action(async (hash, options) => {
      present(io, options.json, await inspectTransaction(await chainContext(io, options), hash));
    });

  inspect
    .command("address")
    .description("which contract stands there and whether its code is the deployed one; balances, state, events")
    .argument("<address>", "an account or a contract", parseAddress)
    .option("--blocks <n>", "how many blocks back to look for events", wholeNumber(1, ANY_NUMBER), 10_000)
    .option("--events <n>", "how many events to show at most", wholeNumber(0, 10_000), 10)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nExits with 1 when a contract of the deployment has another code than recorded.\n\nExample: publica inspect address 0x5FbDB2315678afecb367f032d93F642f64180aa3 --events 50",
    )
    .action(async (address, { blocks, events, ...options }) => {
      const context = await chainContext(io, options);
      present(io, options.json, await inspectAddress(context, { address, blocks, events }));
    });

  inspect
    .command("feed")
    .description("a feed's configuration, sensors and latest rounds; all feeds when none is named")
    .argument("[feed]", "its id, or part of its name")
    .option("--rounds <n>", "how many rounds to show", wholeNumber(1, 32_768), 20)
    .option("--value <n>", "tell whether a report of this value would be due", parseBigInt)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText("after", '\nExample: publica inspect feed "Precipitation, Seattle" --rounds 30')
    .action(async (feed, { rounds, value, ...options }) => {
      if (feed === "" || (feed?.startsWith("0x") && !/^0x[0-9a-fA-F]{64}$/.test(feed)))
        throw new UsageError(`"${feed}" is no feed: give part of its name, or its id of 0x and 64 hex digits`);
      const context = await deployedContext(io, options);
      present(io, options.json, await inspectFeed(context, { feed, rounds, value }));
    });

  inspect
    .command("credential")
    .description("whether somebody holds a credential, until when, and who granted it")
    .argument("<type>", "name of the credential (publica.technician) or its 32-byte type", type)
    .argument("<subject>", "whose credential", parseAddress)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nExample: publica inspect credential publica.technician 0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    )
    .action(async (credential, subject, options) => {
      const context = await deployedContext(io, options);
      present(io, options.json, await inspectCredential(context, { type: credential, subject }));
    });

  return inspect as Command;
}
