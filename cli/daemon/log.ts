import type { Report } from "../../core/control/action.ts";
import { type Colours, coloursFor } from "../output/colours.ts";
import { visible } from "../output/table.ts";
import { type SyncWriter, writeAll } from "../output/write.ts";
import { LogThrottle } from "./log_throttle.ts";
import { LOG_LEVELS, type LogFormat, type LogLevel } from "./log_words.ts";

export type LogDetails = Report["details"];

/**
 * The daemon's log. A message is a sentence without its full stop; what varies goes into the details,
 * because lines with the same level and message are rate limited together. Secrets are never passed.
 */
export interface Log {
  debug(message: string, details?: LogDetails): void;
  info(message: string, details?: LogDetails): void;
  warning(message: string, details?: LogDetails): void;
  error(message: string, details?: LogDetails): void;
  /** What a state machine has to say. */
  report(report: Pick<Report, "level" | "message" | "details">): void;
  /** Tells what is still suppressed and ends the log. */
  close(): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly writer?: SyncWriter & { isTerminal(): boolean };
  /** Milliseconds; rate limits count on this clock. */
  readonly clock?: () => number;
}

/** A standard error that nobody reads must not stop a daemon: after this long the line is lost. */
const PATIENCE_MS = 50;

/**
 * Opens the one log of this process, on standard error: `text` for people (UTC time, level, message,
 * details), `json` for programs: {"time","level","message","details"}, one object a line.
 * How many lines were suppressed is written with the next line of that kind, or at close().
 */
export function openLog({ level: lowest, format, ...options }: LogOptions): Log {
  const { writer = Deno.stderr, clock = () => performance.now() } = options;
  const colours = coloursFor(writer);
  const encoder = new TextEncoder();
  const put = (line: Line) => {
    const text = format === "json" ? JSON.stringify(line) : formatText(line, colours);
    try {
      writeAll(writer, encoder.encode(text + "\n"), PATIENCE_MS);
    } catch {
      // A log that cannot be written is no reason to stop carrying packets.
    }
  };
  const throttle = new LogThrottle({
    clock,
    onSuppressed: (message, count) => {
      put({ time: now(), level: "warning", message: "lines suppressed", details: { count, message } });
    },
  });
  const write = (level: LogLevel, message: string, details: LogDetails = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(lowest) || !throttle.admits(level, message)) return;
    put({ time: now(), level, message, details });
  };
  return {
    debug: (message, details) => write("debug", message, details),
    info: (message, details) => write("info", message, details),
    warning: (message, details) => write("warning", message, details),
    error: (message, details) => write("error", message, details),
    report: ({ level, message, details }) => write(level, message, details),
    close: () => throttle.close(),
  };
}

/** One line, as JSON has it. */
interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly details: LogDetails;
}

function now(): string {
  return new Date().toISOString();
}

const MESSAGE_WIDTH = 36;

function formatText({ time, level, message: plain, details }: Line, colours: Colours): string {
  const name = level.padEnd("warning".length);
  const paint = { error: colours.red, warning: colours.yellow, info: undefined, debug: colours.dim }[level];
  const values = Object.entries(details).map(([name, value]) => `${name}=${formatValue(value)}`).join(" ");
  const message = visible(plain);
  const tail = values === "" ? message : `${message.padEnd(MESSAGE_WIDTH)} ${values}`;
  return `${time} ${paint?.(name) ?? name} ${tail}`;
}

function formatValue(value: unknown): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? visible(text) : visible(JSON.stringify(text));
}
