import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { Command } from "@commander-js/extra-typings";
import { above } from "../lib/deployment.ts";
import { CliError } from "../lib/errors.ts";
import { Finished, type Io } from "../lib/io.ts";
import { jsonOption } from "../lib/options.ts";

const SCRIPT = join("scripts", "deploy.ts");
const BOOTSTRAP = join("scripts", "bootstrap.cjs");

/** `publica deploy`: the repository's own deployment, started from anywhere inside a clone. */
export function deployCommand(io: Io): Command {
  const deploy = new Command("deploy")
    .description("deploy the suite from a clone of the repository, or resume an interrupted deployment")
    .requiredOption("--network <name>", "a network of the clone's hardhat.config.ts")
    .option("--as <id>", "name of the deployment, where a network is to have more than one")
    .option("--module <file...>", "also deploy these Ignition modules: pools, a market")
    .option("--record", "also write the addresses to the clone's deploy/addresses.json")
    .addOption(jsonOption)
    .addHelpText(
      "after",
      "\nThe same as npm run deploy in the clone: the contracts are compiled there, so a clone is needed.\n\nExample: publica deploy --network sepolia",
    )
    .action(async ({ network, as, module, record, json }) => {
      const root = above(io.cwd, (folder) => [SCRIPT, BOOTSTRAP].every((file) => existsSync(join(folder, file))));
      if (root === undefined) {
        throw new CliError(
          `${io.cwd} is not inside a clone of the repository, and deploying compiles the contracts from it`,
          "Change to your clone, or clone the repository first.",
        );
      }
      const flags = [
        ...(as === undefined ? [] : ["--as", as]),
        ...(module ?? []).flatMap((file) => ["--module", resolve(io.cwd, file)]),
        ...(record ? ["--record"] : []),
        ...(json ? ["--json"] : []),
      ];
      const { exitCode, said } = await run(root, ["--network", network, ...flags], io);
      if (exitCode === 0) return;
      if (!json) throw new Finished(exitCode);
      const [, message = "the deployment failed"] = /^error ([\s\S]*)/m.exec(stripVTControlCharacters(said)) ?? [];
      throw new CliError(message.trim(), "Without --json it says more.");
    });
  return deploy as Command;
}

/** Runs it; `said` is what went to standard error. */
function run(root: string, args: readonly string[], io: Io): Promise<{ exitCode: number; said: string }> {
  let said = "";
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BOOTSTRAP, SCRIPT, ...args], {
      cwd: root,
      env: io.env as NodeJS.ProcessEnv,
      stdio: ["inherit", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk: Buffer) => io.stdout(chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      io.stderr(chunk.toString());
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? 1, said }));
  });
}
