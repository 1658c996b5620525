import { type CommandUnknownOpts, Option } from "commander";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../daemon/log_words.ts";

/** Options that every command has, before its name or after it. */
export interface GlobalOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export const logLevelOption = new Option("--log-level <level>", "what is worth a line on standard error")
  .choices(LOG_LEVELS).default("info");

export const logFormatOption = new Option("--log-format <format>", "for people, or one JSON object a line")
  .choices(LOG_FORMATS).default("text");

/** The global options as they hold for a command that runs. */
export function globalOptions(command: CommandUnknownOpts): GlobalOptions {
  return command.optsWithGlobals() as unknown as GlobalOptions;
}
