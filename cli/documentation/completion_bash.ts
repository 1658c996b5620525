import {
  allCommands,
  type DocumentedCommand,
  type DocumentedOption,
  namesOf,
  namesWithValue,
  pathOf,
  type Value,
} from "./command_tree.ts";

/*
 * Completions are plain scripts that know the whole command line: to ask the program at each press of TAB would take longer
 * than people wait.
 */

/** For bash, with or without the package bash-completion. */
export function bashCompletion(program: DocumentedCommand): string {
  const commands = allCommands(program);
  const globals = program.options;
  return `# bash completion for dsmip. Made by deno task docs.
_dsmip() {
    local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
    local command="" word index words="" kind=words
    # bash takes --option=value for three words.
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $previous == "=" ]]; then
        previous="\${COMP_WORDS[COMP_CWORD - 2]}"
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        word="\${COMP_WORDS[index]}"
        case "$word" in
            ${namesWithValue(commands).join("|")}) ((index++)); continue ;;
        esac
        case "$command/$word" in
${commands.flatMap(subcommandCases).join("\n")}
        esac
    done
    case "$command|$previous" in
${commands.flatMap((command) => valueCases(command, globals)).join("\n")}
        *)
            if [[ $current == -* ]]; then
                case "$command" in
${commands.map((command) => optionCase(command, globals)).join("\n")}
                esac
            else
                case "$command" in
${commands.map(wordCase).join("\n")}
                esac
            fi
            ;;
    esac
    case "$kind" in
        file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        interface) mapfile -t COMPREPLY < <(cd /sys/class/net && compgen -W "$(printf '%s ' *)" -- "$current") ;;
        words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
        *) COMPREPLY=() ;;
    esac
}
complete -F _dsmip dsmip
`;
}

function subcommandCases(command: DocumentedCommand): string[] {
  const path = pathOf(command);
  return command.commands.map((child) =>
    `            "${path}/${child.name}") command="${pathOf(child)}" ;;`
  );
}

function valueCases(command: DocumentedCommand, globals: readonly DocumentedOption[]): string[] {
  const options = command.fullName.includes(" ") ? [...command.options, ...globals] : command.options;
  return options.flatMap((option) => {
    if (option.value === undefined) return [];
    const patterns = namesOf(option).map((name) => `"${pathOf(command)}|${name}"`).join("|");
    return [`        ${patterns}) ${assign(option.value)} ;;`];
  });
}

function optionCase(command: DocumentedCommand, globals: readonly DocumentedOption[]): string {
  const options = new Set([...command.options, ...globals].flatMap(namesOf));
  return `                    "${pathOf(command)}") words="${[...options].join(" ")}" ;;`;
}

function wordCase(command: DocumentedCommand): string {
  const [argument] = command.arguments;
  const value: Value = command.commands.length > 0
    ? { kind: "words", words: command.commands.map(({ name }) => name) }
    : argument?.value ?? { kind: "other" };
  return `                    "${pathOf(command)}") ${assign(value)} ;;`;
}

function assign(value: Value): string {
  return value.kind === "words" ? `words="${value.words.join(" ")}"` : `kind=${value.kind}`;
}
