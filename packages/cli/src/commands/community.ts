import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { faultKinds } from "@publica/sdk/community";
import { type Block, blockOf, type OrderKey } from "../community/block.ts";
import {
  type OrderAction,
  planAction,
  planClaim,
  planDispute,
  planDrawing,
  planOpening,
  planPanel,
  planProof,
  planWord,
  type Prepared,
} from "../community/plans.ts";
import { readReadings } from "../community/readingsFile.ts";
import { deviceStatus, kpis, orderStatus, overallStatus } from "../community/status.ts";
import { deployedContext } from "../lib/context.ts";
import { UsageError } from "../lib/errors.ts";
import { type Io, present } from "../lib/io.ts";
import { deploymentOption, jsonOption, parseHash, rpcOption, wholeNumber } from "../lib/options.ts";
import { carryOut } from "../lib/sending.ts";
import { openWallet, type Wallet, signing, yesOption } from "../lib/wallet.ts";

const deviceNumber = wholeNumber(1, 2 ** 32 - 1);
const crewNumber = wholeNumber(1, 65_535);
const kindOption = new Option(
  "--fault <kind>",
  "what is wrong: limits (its readings), silence, reported (by residents)",
)
  .choices(faultKinds)
  .default("limits" as const);

/** `1.2.3`: failure class, mode and cause. */
function failureCode(text: string): number {
  const parts = text.split(".").map(Number);
  if (!/^\d+\.\d+\.\d+$/.test(text) || parts.some((part) => part > 255))
    throw new InvalidArgumentError("A failure code is class.mode.cause, three numbers from 0 to 255, such as 1.2.3.");
  return parts.reduce((code, part) => code * 256 + part, 0);
}

const actions: readonly (readonly [OrderAction, string])[] = [
  ["accept", "take an order on; the one it waits for"],
  ["decline", "hand an order on; costs a rota point and the rest of the shift"],
  ["arrive", "say that you are on site"],
  ["start", "begin work"],
  ["hold", "wait for parts"],
  ["resume", "go on after waiting for parts"],
  ["escalate", "do what the clock says: next level, wait or claim over; anyone may"],
  ["settle", "close a proven repair and move the money; anyone may"],
  ["nominate", "let the lot decide whether a proven repair is inspected; anyone may"],
  ["inspect", "hand a repair that the lot chose to a panel, without a bond; anyone may"],
  ["rule", "carry out the panel's verdict; anyone may"],
];

const panel = [
  ["draw", "draw the panel of a dispute or an inspection; anyone may"],
  ["uphold", "vote that the repair is not good; panel members"],
  ["reject", "vote that the repair is good; panel members"],
  ["pay", "pay the bond of a decided dispute; anyone may"],
] as const;

type Options = Parameters<typeof openWallet>[2] &
  Parameters<typeof deployedContext>[1] & { yes?: true | undefined; json?: true | undefined };

/** `publica community`: machines of a block, their repairs and what they cost. */
export function communityCommand(io: Io): Command {
  const community = new Command("community")
    .description("a block's machines: status, reports, repairs, disputes, figures")
    .addHelpText("after", "\nNothing is sent without --yes.\n\nExample: publica community status");

  /** Prepares, then shows or sends. */
  async function execute(
    options: Options,
    prepare: (block: Block, wallet: Wallet) => Promise<Prepared>,
  ): Promise<void> {
    const context = await deployedContext(io, options);
    const wallet = await openWallet(io, context, options);
    const { plan, afterwards } = await prepare(blockOf(context), wallet);
    const report = await carryOut(plan, {
      yes: options.yes,
      connection: context,
      wallet,
      ...(afterwards === undefined ? {} : { afterwards }),
    });
    present(io, options.json, report);
  }

  /** A command that sends, with everything each of them takes. */
  const sending = (name: string, description: string, example: string) =>
    signing(community.command(name).description(description).addOption(yesOption)).addHelpText(
      "after",
      `\nExample: publica community ${name} ${example}`,
    );

  /** As {@link sending}, for what concerns one order. */
  const onOrder = (name: string, description: string, example = "--device 3 --keystore me.json --yes") =>
    sending(name, description, example)
      .requiredOption("--device <no>", "the device", deviceNumber)
      .addOption(kindOption);

  community
    .command("status")
    .description("all devices and crews; or one device; or one order with its life")
    .option("--device <no>", "one device", deviceNumber)
    .addOption(new Option("--fault <kind>", "with --device: its order for this").choices(faultKinds))
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText("after", "\nExample: publica community status --device 3 --fault limits")
    .action(async ({ device, fault: kind, json, ...options }) => {
      if (device === undefined && kind !== undefined) throw new UsageError("--fault goes with --device");
      const block = blockOf(await deployedContext(io, options));
      if (device === undefined) present(io, json, await overallStatus(block));
      else if (kind === undefined) present(io, json, await deviceStatus(block, device));
      else present(io, json, await orderStatus(block, { device, kind }));
    });

  community
    .command("kpis")
    .description("repair times, availability and money of every device, rebuilt from events")
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText("after", "\nExample: publica community kpis --json")
    .action(async ({ json, ...options }) => {
      present(io, json, await kpis(blockOf(await deployedContext(io, options))));
    });

  for (const [name, subject, description] of [
    ["report", "fault", "say that a device is broken where its sensors do not see it; residents"],
    ["confirm", "fixed", "say that a repaired device works again; residents"],
  ] as const)
    sending(name, description, "--device 3 --keystore me.json --yes")
      .requiredOption("--device <no>", "the device", deviceNumber)
      .action(async ({ device, ...options }) => {
        await execute(options, (block, wallet) => planWord(block, wallet.address, device, subject));
      });

  onOrder("open", "open an order for a fault that is known: bad readings, silence, enough reports; anyone may").action(
    async ({ device, fault: kind, ...options }) => {
      await execute(options, (block, wallet) => planOpening(block, wallet.address, { device, kind }));
    },
  );

  for (const [action, description] of actions)
    onOrder(action, description).action(async ({ device, fault: kind, ...options }) => {
      await execute(options, (block, wallet) => planAction(block, wallet.address, { device, kind }, action));
    });

  onOrder(
    "claim",
    "say that a device is repaired; its own readings must then prove it",
    `--device 3 --code 1.2.3 --evidence 0x${"e1".repeat(32)} --keystore me.json --yes`,
  )
    .requiredOption("--code <class.mode.cause>", "what had failed", failureCode)
    .requiredOption("--evidence <hash>", "root over photographs, parts and notes, kept off chain", parseHash)
    .action(async ({ device, fault: kind, code, evidence, ...options }) => {
      await execute(options, (block, wallet) =>
        planClaim(block, wallet.address, { device, kind }, { code, evidenceRoot: evidence }),
      );
    });

  onOrder(
    "prove",
    "prove a claimed repair by readings the device signed; anyone may",
    "--device 3 --readings good.json --keystore me.json --yes",
  )
    .requiredOption("--readings <file>", "JSON: consecutive readings, [{ reading, a, b }, …]")
    .option("--partner-readings <file>", "those of the partner of a critical device")
    .action(async ({ device, fault: kind, readings, partnerReadings, ...options }) => {
      const key: OrderKey = { device, kind };
      const run = readReadings(io, readings);
      const partnerRun = partnerReadings === undefined ? [] : readReadings(io, partnerReadings);
      await execute(options, (block, wallet) => planProof(block, wallet.address, key, run, partnerRun));
    });

  onOrder("dispute", "dispute a proven repair, with a bond that comes back when the panel agrees; residents").action(
    async ({ device, fault: kind, ...options }) => {
      await execute(options, (block, wallet) => planDispute(block, wallet.address, { device, kind }));
    },
  );

  for (const [action, description] of panel)
    onOrder(action, description).action(async ({ device, fault: kind, ...options }) => {
      await execute(options, (block, wallet) => planPanel(block, wallet.address, { device, kind }, action));
    });

  sending("collect", "draw the fees due to you, and after the end escrow or bond", "--crew 1 --keystore me.json --yes")
    .requiredOption("--crew <no>", "the crew whose agreement it is", crewNumber)
    .action(async ({ crew, ...options }) => {
      await execute(options, (block, wallet) => planDrawing(block, wallet.address, crew));
    });

  return community as Command;
}
