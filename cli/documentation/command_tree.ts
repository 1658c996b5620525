import type { Argument, CommandUnknownOpts, Option } from "commander";

/*
 * The command line as records, made of what --help is made of: for manual pages and completions.
 */

/** What may stand for a value on the command line. */
export type Value =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" | "folder" | "interface" | "other" };

export interface DocumentedOption {
  /** As --help has it: "-i, --interface <name>". */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly description: string;
  /** Undefined: the option has no value. */
  readonly value: Value | undefined;
  /** As --help has it; undefined where there is none. */
  readonly defaultValue: string | undefined;
}

export interface DocumentedArgument {
  /** "file" */
  readonly name: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly description: string;
  readonly value: Value;
}

export interface DocumentedCommand {
  /** "dsmip ha serve" */
  readonly fullName: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly DocumentedArgument[];
  readonly options: readonly DocumentedOption[];
  readonly commands: readonly DocumentedCommand[];
  /** What --help says below everything: remarks and examples. */
  readonly more: string;
}

/** Without what --help does not show, and without help itself. */
export function documentCommand(command: CommandUnknownOpts, parents = ""): DocumentedCommand {
  const help = command.createHelp();
  const fullName = `${parents}${command.name()}`;
  return {
    fullName,
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map(documentArgument),
    options: help.visibleOptions(command).map(documentOption),
    commands: help.visibleCommands(command).filter((child) => child.name() !== "help")
      .map((child) => documentCommand(child, `${fullName} `)),
    more: moreHelp(command),
  };
}

function documentOption(option: Option): DocumentedOption {
  const valueName = /[<[]([^\]>]+)[\]>]/.exec(option.flags)?.[1];
  return {
    flags: option.flags,
    short: option.short,
    long: option.long,
    description: option.description,
    value: valueName === undefined
      ? undefined
      : valueOf(option.argChoices, [valueName, option.attributeName()]),
    defaultValue: typeof option.defaultValue === "string" || typeof option.defaultValue === "number"
      ? String(option.defaultValue)
      : undefined,
  };
}

function documentArgument(argument: Argument): DocumentedArgument {
  return {
    name: argument.name(),
    isRequired: argument.required,
    isVariadic: argument.variadic,
    description: argument.description,
    value: valueOf(argument.argChoices, [argument.name()]),
  };
}

function valueOf(choices: readonly string[] | undefined, names: readonly string[]): Value {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (names.includes("interface")) return { kind: "interface" };
  if (names.includes("folder")) return { kind: "folder" };
  return { kind: names.includes("file") || names.includes("path") ? "file" : "other" };
}

/** What was added to the help with addHelpText. */
function moreHelp(command: CommandUnknownOpts): string {
  const before = command.configureOutput();
  let text = "";
  command.configureOutput({ writeOut: (part) => text += part });
  command.outputHelp();
  command.configureOutput(before);
  return text.slice(command.helpInformation().length).trim();
}

/** The command and all below it, in the order of --help. */
export function allCommands(command: DocumentedCommand): DocumentedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** "ha serve" of "dsmip ha serve"; "" of the program itself. */
export function pathOf({ fullName }: DocumentedCommand): string {
  return fullName.split(" ").slice(1).join(" ");
}

/** "-i" and "--interface", or the one that there is. */
export function namesOf({ short, long }: DocumentedOption): string[] {
  return [short, long].filter((name) => name !== undefined);
}

/** The names of all options with a value: the word behind one of them is no command. */
export function namesWithValue(commands: readonly DocumentedCommand[]): string[] {
  const options = commands.flatMap(({ options }) => options).filter(({ value }) => value !== undefined);
  return [...new Set(options.flatMap(namesOf))];
}
