/** `kedge completion SHELL`: what the shell has to know to complete words, made of the table of commands itself. */
import { Argument, Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

export const completion = (): Command =>
  new Command("completion")
    .summary("completes words of kedge in bash, zsh or fish")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      `
  source <(kedge completion bash)                 # in ~/.bashrc, and with zsh in ~/.zshrc
  kedge completion fish > ~/.config/fish/completions/kedge.fish`,
    )
    .action((shell: Shell, _given: unknown, command: Command) => {
      const root = command.parent ?? command;
      console.log(shell === "fish" ? fish(root) : bash(root, shell));
    });

/** What may follow, by the words before it: `""`, `topics`, `topics create`. */
export function wordsAfter(command: Command, path = ""): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const children = command.createHelp().visibleCommands(command);
  const options = command.createHelp().visibleOptions(command);
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  words.set(path, [
    ...children.map((child) => child.name()),
    ...choices,
    ...options.flatMap(({ long }) => long ?? []),
  ]);
  for (const child of children) {
    if (child.name() === "help") continue;
    const below = wordsAfter(child, path === "" ? child.name() : `${path} ${child.name()}`);
    for (const [at, then] of below) words.set(at, then);
  }
  return words;
}

function bash(root: Command, shell: Shell): string {
  const cases = [...wordsAfter(root)].map(
    ([path, words]) => `    "${path}") words="${words.join(" ")}" ;;`,
  );
  const preparation = shell === "zsh" ? "autoload -Uz bashcompinit && bashcompinit\n" : "";
  return `${preparation}_kedge() {
  local path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    case "$(_kedge_words "\${path:+$path }$word")" in "") break ;; esac
    path="\${path:+$path }$word"
  done
  words="$(_kedge_words "$path")"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_kedge_words() {
  local words=""
  case "$1" in
${cases.join("\n")}
  esac
  echo "$words"
}
complete -o default -F _kedge kedge`;
}

function fish(root: Command): string {
  const lines = root
    .createHelp()
    .visibleCommands(root)
    .map(
      (each) =>
        `complete -c kedge -f -n __fish_use_subcommand -a ${each.name()} -d ${quoted(each.summary())}`,
    );
  for (const [path, words] of wordsAfter(root)) {
    const [command, ...below] = path.split(" ");
    if (command === undefined || command === "") continue;
    const seen = [command, ...below]
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and ");
    for (const word of words) {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      lines.push(`complete -c kedge -n ${quoted(seen)} ${what}`);
    }
  }
  return lines.join("\n");
}

const quoted = (text: string): string => `'${text.replaceAll("'", "\\\\'")}'`;
