import { Command, CommanderError } from "@commander-js/extra-typings";
import { PublicaError } from "@publica/sdk";
import pc from "picocolors";
import { BaseError } from "viem";
import { commands } from "./commands/index.ts";
import { requestFailure, withoutUrls } from "./lib/chain.ts";
import { CliError, UsageError } from "./lib/errors.ts";
import { Finished, type Io, toJson } from "./lib/io.ts";

export const VERSION = "0.1.0";

/** The whole command line, ready to parse. */
export function createProgram(io: Io): Command {
  const program = new Command("publica")
    .description("Look at, check and use a Publica deployment.")
    .version(VERSION)
    .addHelpText(
      "after",
      "\nExample: publica doctor\n\nExit codes: 0 done, 1 failed, 2 called wrongly, 3 somebody must act in time (will status).",
    );
  for (const create of commands) program.addCommand(create(io));
  configure(program as Command, io);
  return program as Command;
}

function configure(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout(text),
    // What went wrong is said once, by `main`.
    writeErr: () => {},
    outputError: () => {},
  });
  for (const child of command.commands) configure(child as Command, io);
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly exitCode: number;
}

/** Runs the command line and returns its exit code: 0 done, 1 failed, 2 called wrongly, 3 somebody must act. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof Finished) return error.exitCode;
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error, commandAt(program, argv));
    if (failure === undefined) throw error;
    if (argv.includes("--json")) io.stdout(`${toJson({ error: failure })}\n`);
    else {
      io.stderr(`${pc.red("error")} ${failure.message}\n`);
      if (failure.remedy !== undefined) io.stderr(`${pc.dim("→")} ${failure.remedy}\n`);
    }
    return failure.exitCode;
  }
}

/** What to say of an error; undefined for a bug of ours, which deserves its stack. */
function failureOf(error: unknown, command: Command): Failure | undefined {
  const help = `${pathOf(command)} --help`;
  if (error instanceof CommanderError) {
    const isHelp = error.code === "commander.help";
    const message = isHelp
      ? `${pathOf(command)} needs one of ${command.commands.map((child) => child.name()).join(", ")}`
      : error.message.replace(/^error: /, "").replace(/\n\(/, " (");
    return { code: "Usage", message, remedy: `${help} shows how.`, exitCode: 2 };
  }
  if (error instanceof UsageError)
    return { code: "Usage", message: error.message, remedy: `${help} shows how.`, exitCode: 2 };
  if (error instanceof CliError)
    return { code: "CliFailure", message: error.message, remedy: error.remedy, exitCode: 1 };
  if (error instanceof PublicaError) {
    const isContract = !error.code.startsWith("Sdk");
    const message = isContract ? `${error.code}: ${error.message}` : withoutUrls(error.message);
    return { code: error.code, message, remedy: error.remedy, exitCode: 1 };
  }
  if (error instanceof BaseError) {
    const message = `the endpoint refused: ${requestFailure(error)}`;
    return {
      code: "RequestFailed",
      message,
      remedy: "Try publica doctor, or another endpoint with --rpc.",
      exitCode: 1,
    };
  }
  return undefined;
}

/** The deepest command the arguments name. */
function commandAt(program: Command, argv: readonly string[]): Command {
  let command = program;
  for (const word of argv) {
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (child === undefined) break;
    command = child as Command;
  }
  return command;
}

function pathOf(command: Command): string {
  const parent = command.parent as Command | null;
  return parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}
