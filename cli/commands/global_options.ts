import { type CommandUnknownOpts, Option } from "commander";
import type { Log, LogFormat, LogLevel } from "../daemon/log.ts";

/** Options that every command has, before its name or after it. */
export interface GlobalOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warning", "error"];
const LOG_FORMATS: readonly LogFormat[] = ["text", "json"];

export const logLevelOption = new Option("--log-level <level>", "what is worth a line on standard error")
  .choices(LOG_LEVELS).default("info");

export const logFormatOption = new Option("--log-format <format>", "for people, or one JSON object a line")
  .choices(LOG_FORMATS).default("text");

/** The global options as they hold for a command that runs. */
export function globalOptions(command: CommandUnknownOpts): GlobalOptions {
  return command.optsWithGlobals() as unknown as GlobalOptions;
}

/** Runs a daemon with the log that the global options want. */
export async function withLog(command: CommandUnknownOpts, run: (log: Log) => Promise<void>): Promise<void> {
  const { logLevel, logFormat } = globalOptions(command);
  const { openLog } = await import("../daemon/log.ts");
  const log = openLog({ level: logLevel, format: logFormat });
  try {
    await run(log);
  } finally {
    log.close();
  }
}
