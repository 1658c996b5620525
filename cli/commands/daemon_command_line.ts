import { LOG_FORMATS, LOG_LEVELS } from "../daemon/log_words.ts";
import type { DaemonStart } from "./run_daemon.ts";

const COMMANDS = { "ha serve": "homeAgent", "mn up": "mobileNode" } as const;

/**
 * Reads the command lines that start nearly every daemon: `ha serve` or `mn up`, then --config FILE and perhaps
 * --log-level and --log-format. To load the library that reads all command lines would take a quarter of the time
 * that a daemon needs to start. It is asked, with the same result, about whatever is unknown here: undefined, also
 * for every mistake.
 */
export function readDaemonCommandLine(words: readonly string[]): DaemonStart | undefined {
  const name = words.slice(0, 2).join(" ");
  if (words.length % 2 !== 0 || !Object.hasOwn(COMMANDS, name)) return undefined;
  const options = new Map<string, string>();
  for (let index = 2; index < words.length; index += 2) {
    if (words[index + 1].startsWith("-")) return undefined;
    options.set(words[index], words[index + 1]);
  }
  const config = options.get("--config");
  const logLevel = LOG_LEVELS.find((level) => level === (options.get("--log-level") ?? "info"));
  const logFormat = LOG_FORMATS.find((format) => format === (options.get("--log-format") ?? "text"));
  for (const known of ["--config", "--log-level", "--log-format"]) options.delete(known);
  if (config === undefined || logLevel === undefined || logFormat === undefined || options.size > 0) {
    return undefined;
  }
  return { kind: COMMANDS[name as keyof typeof COMMANDS], config, logLevel, logFormat };
}
