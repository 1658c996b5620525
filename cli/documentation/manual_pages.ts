import { DEFAULT_CONTROL_SOCKET } from "../configuration/default_socket.ts";
import { allCommands, type DocumentedCommand, type DocumentedOption } from "./command_tree.ts";
import { CONFIGURATION_TABLES, type DocumentedKey, whenMissing } from "./configuration_tables.ts";
import { bold, escapeRoff, item, page, paragraph, section, verbatim } from "./roff.ts";

const EXIT_STATUS: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "All is done."],
  ["1", "It failed, or dsmip doctor found a fault."],
  ["2", "It was not asked in a way that can work: the command line or a file is wrong."],
  ["3", "dsmip decode --lint found packets that break the rules."],
];

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["/etc/dsmip/ha.toml", "The home agent's configuration, where the service looks for it."],
  ["/etc/dsmip/mn.toml", "The mobile node's."],
  [
    DEFAULT_CONTROL_SOCKET.homeAgent,
    "Where the running home agent answers the other commands, unless control_socket says otherwise.",
  ],
  [DEFAULT_CONTROL_SOCKET.mobileNode, "Where the running mobile node does."],
];

/** dsmip(1), from the command line. */
export function commandPage(program: DocumentedCommand): string {
  const commands = allCommands(program).filter(({ commands }) => commands.length === 0);
  return page({ name: "dsmip", section: 1, title: "User Commands" }, [
    section("NAME", "dsmip \\- Dual Stack Mobile IPv6: home agent, mobile node, and tools to look inside"),
    section("SYNOPSIS", commands.map((command) => `${synopsis(command)}\n.br`).join("\n")),
    section("DESCRIPTION", `${escapeRoff(program.description)}.\n${paragraph(EXPLANATION)}`),
    section("COMMANDS", commands.map(describeCommand).join("\n")),
    section("OPTIONS OF EVERY COMMAND", program.options.map(describeOption).join("")),
    section("EXIT STATUS", EXIT_STATUS.map(([status, meaning]) => item(bold(status), meaning)).join("")),
    section("FILES", FILES.map(([path, meaning]) => item(bold(path), meaning)).join("")),
    section("ENVIRONMENT", item(bold("NO_COLOR"), "Set to anything, no colours are printed.")),
    section("SEE ALSO", "\\fBdsmip.toml\\fR(5)"),
  ]);
}

const EXPLANATION =
  "A mobile node keeps its home address wherever it is attached; its home agent forwards to it. " +
  "Data goes to standard output, everything else to standard error.";

function synopsis({ fullName, arguments: words, options }: DocumentedCommand): string {
  const values = words.map(({ name, isRequired, isVariadic }) => {
    const text = `\\fI${escapeRoff(name)}\\fR${isVariadic ? " ..." : ""}`;
    return isRequired ? text : `[${text}]`;
  });
  return [bold(fullName), ...(options.length > 1 ? ["[\\fIoptions\\fR]"] : []), ...values].join(" ");
}

function describeCommand(command: DocumentedCommand): string {
  const { arguments: words, options, description, more } = command;
  return [
    `.SS ${synopsis(command)}`,
    `${escapeRoff(description)}.`,
    ...words.map(({ name, description }) => item(`\\fI${escapeRoff(name)}\\fR`, `${description}.`)),
    ...options.filter(({ long }) => long !== "--help").map(describeOption),
    ...(more === "" ? [] : [verbatim(more)]),
  ].join("\n");
}

function describeOption({ flags, description, value, defaultValue }: DocumentedOption): string {
  const remarks = [
    ...(value?.kind === "words" ? [`one of ${value.words.join(", ")}`] : []),
    ...(defaultValue === undefined ? [] : [`default: ${defaultValue}`]),
  ];
  return item(bold(flags), `${description}${remarks.length === 0 ? "" : ` (${remarks.join("; ")})`}.`);
}

/** dsmip.toml(5), from the checks of the configuration. */
export function configurationPage(examples: { readonly ha: string; readonly mn: string }): string {
  return page({ name: "dsmip.toml", section: 5, title: "File Formats" }, [
    section("NAME", "dsmip.toml \\- configuration of a home agent or a mobile node of dsmip"),
    section("DESCRIPTION", CONFIGURATION_INTRODUCTION.map(paragraph).join("")),
    ...CONFIGURATION_TABLES.map(({ title, about, keys }) =>
      section(`"THE TABLE ${escapeRoff(title)}"`, `${escapeRoff(about)}\n${keys.map(describeKey).join("")}`)
    ),
    section(
      "EXAMPLES",
      `A home agent:\n${verbatim(examples.ha)}\n${paragraph("A mobile node:")}${verbatim(examples.mn)}`,
    ),
    section("SEE ALSO", "\\fBdsmip\\fR(1)"),
  ]);
}

const CONFIGURATION_INTRODUCTION = [
  "The file is TOML. A home agent's has the table [home_agent] and a [[mobile_node]] for each mobile node that it " +
  "serves; a mobile node's has [mobile_node], and [mobile_network] when it is a router. It has any name; each daemon is " +
  "given it with --config.",
  "Paths are relative to the file. A list of one value may be written without brackets. dsmip config check finds every " +
  "mistake, and dsmip config schema prints a JSON schema for editors.",
];

function describeKey(key: DocumentedKey): string {
  const missing = whenMissing(key);
  const note = key.check.missing?.value === undefined ? missing : `default: ${missing}`;
  return item(`${bold(key.name)} (${escapeRoff(note)})`, `${key.description} It ${key.check.allowed}.`);
}
