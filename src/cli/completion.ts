/** `wirepact completion SHELL`: a script that completes commands, options and their choices, made from the command line itself. */
import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Words made of these are put into a script as they are; commands, options and choices are nothing else. */
const PLAIN = /^[\w.-]+$/;

export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map((command) => ({ command, name: command.name() }));
  if (shell === "fish") return commands.map(({ command, name }) => fishLines(command, name)).join("");
  const cases = commands.map(({ command, name }) => {
    const choices = command.options
      .filter((option) => option.argChoices !== undefined)
      .map((option) => `        ${option.long}) words="${plainWords(option.argChoices ?? [])}" ;;\n`);
    const words = [...optionsOf(command), ...command.commands.map((one) => one.name())];
    return `    ${name})\n      case "$before" in\n${choices.join("")}        *) words="${plainWords(words)}" ;;\n      esac ;;\n`;
  });
  const bash = `_wirepact() {
  local now="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="${plainWords([...commands.map(({ name }) => name), ...optionsOf(program)])}"
  else case "\${COMP_WORDS[1]}" in
${cases.join("")}  esac; fi
  COMPREPLY=( $(compgen -W "$words" -- "$now") )
}
complete -o default -F _wirepact wirepact
`;
  return shell === "bash"
    ? bash
    : `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function optionsOf(command: Command): string[] {
  return [...command.options.flatMap((option) => option.long ?? []), "--help"];
}

function plainWords(words: readonly string[]): string {
  return words.filter((word) => PLAIN.test(word)).join(" ");
}

function fishLines(command: Command, name: string): string {
  const only = `__fish_seen_subcommand_from ${name}`;
  const options = command.options
    .filter((option) => option.long !== undefined)
    .map((option) => {
      const choices = option.argChoices === undefined ? "" : ` -x -a '${plainWords(option.argChoices)}'`;
      return `complete -c wirepact -n '${only}' -l ${option.long?.slice(2)}${choices}\n`;
    });
  return `complete -c wirepact -n __fish_use_subcommand -a ${name}\n${options.join("")}`;
}
