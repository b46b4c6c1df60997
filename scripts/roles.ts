// npm run roles -- --network NAME: who may do what in a deployment; with --hand-to, gives all of it to a multisig.
import { parseArgs } from "node:util";
import pc from "picocolors";
import { type Address, getAddress, isAddress } from "viem";
import { ChainProblem, connectNetwork } from "./lib/chain.ts";
import { table } from "./lib/console.ts";
import { readDeployment } from "./lib/deployment.ts";
import { handOver, HandOverProblem, readRoles } from "./lib/roles.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run roles -- --network NAME [--as ID] [--json]
       npm run roles -- --network NAME [--as ID] --hand-to ADDRESS [--delay SECONDS]

Lists every role of the deployment on NAME, read from the chain: its functions, its holders, their execution delays.
--hand-to grants every role, the administrator's last, to the contract at ADDRESS (a multisig), each with at least
--delay seconds (two days unless told otherwise; roles that only take power away keep acting at once), and takes them from
the sending account. It can be repeated after an interruption.

Example: npm run roles -- --network sepolia --hand-to 0x5AFE00000000000000000000000000000000000A --delay 172800`;

function duration(seconds: number): string {
  if (seconds === 0) return "at once";
  return seconds % 3_600 === 0 ? `${seconds / 3_600} h` : `${seconds} s`;
}

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      network: { type: "string" },
      as: { type: "string" },
      "hand-to": { type: "string" },
      delay: { type: "string", default: "172800" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.network === undefined) throw new UsageError("which network?");
  if (!/^\d{1,9}$/.test(values.delay)) throw new UsageError(`--delay ${values.delay} is not a number of seconds`);
  const to = values["hand-to"];
  if (to !== undefined && !isAddress(to)) throw new UsageError(`--hand-to ${to} is not an address`);
  const connection = await connectNetwork(values.network);
  const deployment = await readDeployment(connection, values.network, values.as);
  if (to !== undefined) {
    const done = await handOver(connection, deployment, getAddress(to) as Address, Number(values.delay));
    if (!values.json) for (const step of done) console.log(`${pc.green("✔")} ${step}`);
  }
  const roles = await readRoles(connection, deployment);
  if (values.json) console.log(JSON.stringify(roles, null, 2));
  else
    console.log(
      table(
        ["role", "may call", "who", "after"],
        roles.map(({ name, functions, members }) => [
          name,
          functions.join("\n"),
          members.length === 0 ? pc.dim("nobody") : members.map(({ account }) => account).join("\n"),
          members.map(({ delay }) => duration(delay)).join("\n"),
        ]),
      ),
    );
  return 0;
}, [ChainProblem, HandOverProblem]);
