import { Command } from "@commander-js/extra-typings";
import pc from "picocolors";
import { type Check, examine, type Verdict } from "../lib/doctor.ts";
import { type Io, present } from "../lib/io.ts";
import { deploymentOption, jsonOption, parseAddress, rpcOption } from "../lib/options.ts";
import { indent } from "../lib/text.ts";

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: pc.green("✔"),
  warning: pc.yellow("!"),
  problem: pc.red("✖"),
};

/** `publica doctor`: what is wrong, and how to mend it. */
export function doctorCommand(io: Io): Command {
  const doctor = new Command("doctor")
    .description("look at machine, endpoint, chain, clock, account and deployment: what is wrong, how to mend it")
    .option("--account <address>", "the account you want to send from", parseAddress)
    .addOption(rpcOption)
    .addOption(deploymentOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nExits with 1 when there is a problem; a warning is no problem.\n\nExample: publica doctor --account 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    )
    .action(async ({ account, rpc, deployment, json }) => {
      const now = Math.floor(Date.now() / 1000);
      const checks = await examine(io, { rpc, deployment, account, now });
      const healthy = checks.every(({ verdict }) => verdict !== "problem");
      present(io, json, { data: { healthy, checks }, text: checksText(checks, healthy), exitCode: healthy ? 0 : 1 });
    });
  return doctor as Command;
}

function checksText(checks: readonly Check[], healthy: boolean): string {
  const width = Math.max(...checks.map(({ what }) => what.length));
  const lines = checks.map(({ what, verdict, found, mend }) => {
    const line = `${MARKS[verdict]} ${what.padEnd(width)}  ${found}`;
    return mend === undefined ? line : `${line}\n${indent(`${pc.dim("→")} ${mend}`, width + 4)}`;
  });
  lines.push("", healthy ? "Nothing is in the way." : "Mend what is marked ✖, then ask again.");
  return lines.join("\n");
}
