import { Argument, Command } from "@commander-js/extra-typings";
import { completionScript, SHELLS } from "../lib/completion.ts";
import { type Io, present } from "../lib/io.ts";
import { jsonOption } from "../lib/options.ts";

/** `publica completion`: prints the script that a shell completes the command line with. */
export function completionCommand(io: Io): Command {
  const completion = new Command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Where it goes:
  bash   source <(publica completion bash)            in ~/.bashrc
  zsh    source <(publica completion zsh)             in ~/.zshrc, after compinit
  fish   publica completion fish > ~/.config/fish/completions/publica.fish

Example: publica completion bash >> ~/.bashrc`,
    )
    .action((shell, { json }, command) => {
      const script = completionScript(command.parent as unknown as Command, shell);
      present(io, json, { data: { shell, script }, text: script.trimEnd() });
    });
  return completion as unknown as Command;
}
