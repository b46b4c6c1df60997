import type { Command } from "@commander-js/extra-typings";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow a command's name. */
interface Place {
  /** Names from the program down: `publica inspect tx`. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

interface Values {
  readonly option: string;
  readonly choices: readonly string[];
}

/** Every command of the tree, with the words that may follow it. */
function places(command: Command, path = command.name()): Place[] {
  const children = command.commands.map((child) => ({ word: child.name(), description: child.description() }));
  const options = command.options
    .filter(({ long }) => long !== undefined)
    .map(({ long, description }) => ({ word: long as string, description }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) =>
    argChoices.map((word) => ({ word, description: "" })),
  );
  const help = { word: "--help", description: "explain the command" };
  const below = command.commands.flatMap((child) => places(child as Command, `${path} ${child.name()}`));
  return [{ path, words: [...children, ...choices, ...options, help] }, ...below];
}

/** Options with a fixed set of values, and (without choices) those that take a file. */
function valued(command: Command): { readonly choices: readonly Values[]; readonly files: readonly string[] } {
  const options = new Map<string, { readonly choices: readonly string[]; readonly file: boolean }>();
  const visit = (at: Command): void => {
    for (const { long, argChoices, flags } of at.options) {
      if (long) options.set(long, { choices: argChoices ?? [], file: /<(files?|path)(\.\.\.)?>/.test(flags) });
    }
    for (const child of at.commands) visit(child as Command);
  };
  visit(command);
  const entries = [...options];
  return {
    choices: entries
      .filter(([, { choices }]) => choices.length > 0)
      .map(([option, { choices }]) => ({ option, choices })),
    files: entries.filter(([, { file }]) => file).map(([option]) => option),
  };
}

/** The script a shell reads to complete the command line of `program`. */
export function completionScript(program: Command, shell: Shell): string {
  if (shell === "bash") return bash(program);
  return shell === "zsh" ? zsh(program) : fish(program);
}

function bash(program: Command): string {
  const all = places(program);
  const { choices, files } = valued(program);
  return `# bash completion for publica
_publica() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path=publica word i
  case "$prev" in
${choices.map(({ option, choices: words }) => `    ${option}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$cur")); return ;;\n`).join("")}${files.length === 0 ? "" : `    ${files.join("|")}) COMPREPLY=($(compgen -f -- "$cur")); return ;;\n`}  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="$path \${COMP_WORDS[i]}"
    case "$word" in
      ${all.map(({ path }) => `"${path}"`).join("|")}) path="$word" ;;
    esac
  done
  case "$path" in
${all.map(({ path, words }) => `    "${path}") COMPREPLY=($(compgen -W "${words.map(({ word }) => word).join(" ")}" -- "$cur")) ;;`).join("\n")}
  esac
}
complete -o filenames -o bashdefault -F _publica publica
`;
}

function zsh(program: Command): string {
  const all = places(program);
  const { choices, files } = valued(program);
  const entry = ({ word, description }: { word: string; description: string }): string =>
    zshQuote(description === "" ? word : `${word.replaceAll(":", "\\:")}:${description}`);
  return `#compdef publica
# zsh completion for publica
_publica() {
  local cmd=publica next i
  local -a entries
  case "\${words[CURRENT-1]}" in
${choices.map(({ option, choices: values }) => `    ${option}) compadd -- ${values.join(" ")}; return ;;\n`).join("")}${files.length === 0 ? "" : `    ${files.join("|")}) _files; return ;;\n`}  esac
  for ((i = 2; i < CURRENT; i++)); do
    next="$cmd \${words[i]}"
    case "$next" in
      ${all.map(({ path }) => `"${path}"`).join("|")}) cmd="$next" ;;
    esac
  done
  case "$cmd" in
${all.map(({ path, words }) => `    "${path}") entries=(${words.map(entry).join(" ")}) ;;`).join("\n")}
  esac
  _describe "$cmd" entries
}
compdef _publica publica
`;
}

const zshQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function fish(program: Command): string {
  const all = places(program);
  const { choices, files } = valued(program);
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = all.flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const long = word.startsWith("--") ? word.slice(2) : undefined;
      const values = choices.find(({ option }) => option === word);
      const takes =
        values !== undefined ? ` -x -a ${quote(values.choices.join(" "))}` : files.includes(word) ? " -r -F" : "";
      const what = long === undefined ? `-a ${quote(word)}` : `-l ${long}${takes}`;
      const why = description === "" ? "" : ` -d ${quote(description)}`;
      // Where a file is asked for, fish must be left to offer files.
      const only = takes.endsWith("-F") ? "" : " -f";
      return `complete -c publica${only} -n '__publica_at "${path}"' ${what}${why}`;
    }),
  );
  return `# fish completion for publica
function __publica_at
  set -l path publica
  for word in (commandline -opc)[2..-1]
    switch "$path $word"
      case ${all.map(({ path }) => quote(path)).join(" ")}
        set path "$path $word"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}
