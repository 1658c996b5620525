import { Command, CommanderError, type CommandUnknownOpts } from "commander";
import { versionText } from "../output/version.ts";
import { print, remark } from "../output/write.ts";
import { configCommand } from "./config.ts";
import { decodeCommand } from "./decode.ts";
import { doctorCommand } from "./doctor.ts";
import { exitStatusOf } from "./exit_status.ts";
import { globalOptions, logFormatOption, logLevelOption } from "./global_options.ts";
import { homeAgentCommand } from "./home_agent.ts";
import { labCommand } from "./lab.ts";
import { mobileNodeCommand } from "./mobile_node.ts";

const EXAMPLES = `
Examples:
  dsmip config check ha.toml          look for mistakes in a configuration
  dsmip doctor --config mn.toml       look for what keeps it from working here
  dsmip ha serve --config ha.toml     serve as a home agent
  dsmip mn up --config mn.toml        be a mobile node
  dsmip decode capture.pcap           read what is on the wire
  dsmip lab run nat                   see it work, on this machine alone`;

/** The whole command line, ready to parse. */
export function buildProgram(): CommandUnknownOpts {
  const program = new Command("dsmip")
    .description(
      "One permanent IPv6 address, and one permanent IPv4 address, wherever this machine is attached " +
        "(Dual Stack Mobile IPv6, RFC 5555)",
    )
    .version(versionText(), "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .addOption(logLevelOption)
    .addOption(logFormatOption)
    .addHelpText("after", EXAMPLES)
    // Descriptions are wrapped beside long names, too, as of `config esp`.
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 30 })
    .configureOutput({
      writeOut: print,
      writeErr: remark,
      outputError: (text, write) => write(`dsmip: ${text}`),
    })
    .exitOverride();
  const commands = [
    homeAgentCommand(),
    mobileNodeCommand(),
    decodeCommand(),
    labCommand(),
    configCommand(),
    doctorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  settle(program);
  return program;
}

/** Gives every command the program's manners, and its own name for where help is. */
function settle(command: CommandUnknownOpts): void {
  command.showHelpAfterError(`Try: ${fullName(command)} --help`);
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    settle(child);
  }
}

function fullName(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** Runs any command line, with whatever mistakes it has; main() says what the exit status means. */
export async function runProgram(commandLine: readonly string[]): Promise<number> {
  const program = buildProgram();
  try {
    await program.parseAsync(commandLine, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has said it already; its help and version end in exit status 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return exitStatusOf(error, globalOptions(program));
  }
}
