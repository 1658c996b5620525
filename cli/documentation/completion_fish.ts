import {
  allCommands,
  type DocumentedCommand,
  type DocumentedOption,
  namesWithValue,
  pathOf,
  type Value,
} from "./command_tree.ts";

/** For fish: a line for each word and option, with the command that it belongs to. */
export function fishCompletion(program: DocumentedCommand): string {
  const commands = allCommands(program);
  const paths = commands.map(pathOf).filter((path) => path !== "");
  return `# fish completion for dsmip. Made by deno task docs.
function __dsmip_command
    set -l command
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word ${namesWithValue(commands).join(" ")}
            set skip 1
        else if contains -- (string join " " $command $word) ${paths.map(quote).join(" ")}
            set -a command $word
        end
    end
    echo "$command"
end
function __dsmip_at
    test "$(__dsmip_command)" = "$argv[1]"
end
complete -c dsmip -f
${program.options.map((option) => optionLine(option)).join("\n")}
${commands.flatMap(linesOf).join("\n")}
`;
}

function linesOf(command: DocumentedCommand): string[] {
  const condition = `-n ${quote(`__dsmip_at "${pathOf(command)}"`)}`;
  const [argument] = command.arguments;
  return [
    ...command.commands.map(({ name, description }) =>
      `complete -c dsmip ${condition} -a ${name} -d ${quote(description)}`
    ),
    ...(argument === undefined || argument.value.kind === "other"
      ? []
      : [`complete -c dsmip ${condition} ${values(argument.value)} -d ${quote(argument.description)}`]),
    // Those of the program itself hold everywhere.
    ...(command.fullName.includes(" ") ? command.options.map((option) => optionLine(option, condition)) : []),
  ];
}

function optionLine({ short, long, description, value }: DocumentedOption, condition?: string): string {
  return [
    "complete -c dsmip",
    ...(condition === undefined ? [] : [condition]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(value === undefined ? [] : ["-r", values(value)]),
    `-d ${quote(description)}`,
  ].filter((part) => part !== "").join(" ");
}

/** What may stand there; `-f` on the whole command keeps files out elsewhere. */
function values(value: Value): string {
  switch (value.kind) {
    case "words":
      return `-a ${quote(value.words.join(" "))}`;
    case "file":
      return "-F";
    case "folder":
      return "-a '(__fish_complete_directories)'";
    case "interface":
      return "-a '(__fish_print_interfaces)'";
    case "other":
      return "";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
