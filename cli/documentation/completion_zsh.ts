import {
  allCommands,
  type DocumentedCommand,
  type DocumentedOption,
  namesOf,
  type Value,
} from "./command_tree.ts";

/** For zsh: a function for each command. */
export function zshCompletion(program: DocumentedCommand): string {
  const functions = allCommands(program).map((command) =>
    command.commands.length > 0 ? group(command, program.options) : leaf(command, program.options)
  );
  return `#compdef dsmip
# Made by deno task docs.
${functions.join("\n")}
_dsmip "$@"
`;
}

function functionName({ fullName }: DocumentedCommand): string {
  return `_${fullName.replaceAll(/[ -]/g, "_")}`;
}

function group(command: DocumentedCommand, globals: readonly DocumentedOption[]): string {
  const descriptions = command.commands.map(({ name, description }) =>
    `        ${quote(`${name}:${description.replaceAll(":", "\\:")}`)}`
  );
  return `${functionName(command)}() {
    local context state state_descr line
    typeset -A opt_args
    local -a commands=(
${descriptions.join("\n")}
    )
    _arguments -C \\
${specifications(command, globals)} \\
        '1: :->command' '*:: :->rest'
    case $state in
        command) _describe command commands ;;
        rest)
            case $line[1] in
${command.commands.map((child) => `                ${child.name}) ${functionName(child)} ;;`).join("\n")}
            esac
            ;;
    esac
}
`;
}

function leaf(command: DocumentedCommand, globals: readonly DocumentedOption[]): string {
  const words = command.arguments.map(({ name, isRequired, isVariadic, value }, index) =>
    `        ${
      quote(`${isVariadic ? "*" : index + 1}:${isRequired || isVariadic ? "" : ":"}${name}:${action(value)}`)
    }`
  );
  return `${functionName(command)}() {
    _arguments \\
${[specifications(command, globals), ...words].join(" \\\n")}
}
`;
}

function specifications(command: DocumentedCommand, globals: readonly DocumentedOption[]): string {
  const own = new Set(command.options.map(({ long }) => long));
  const options = [...command.options, ...globals.filter(({ long }) => !own.has(long))];
  return options.flatMap(specification).join(" \\\n");
}

/** One for each name, which rules the other one out. */
function specification(option: DocumentedOption): string[] {
  const { description, value } = option;
  const names = namesOf(option);
  const text = description.replaceAll(/[\\[\]:]/g, "\\$&");
  const end = value === undefined ? "" : `:value:${action(value)}`;
  return names.map((name) => `        ${quote(`(${names.join(" ")})${name}[${text}]${end}`)}`);
}

function action(value: Value): string {
  switch (value.kind) {
    case "words":
      return `(${value.words.join(" ")})`;
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "interface":
      return "_net_interfaces";
    case "other":
      return " ";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
