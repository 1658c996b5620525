import { configureSync, getLogger, getThrottlingFilter, type LogRecord, resetSync } from "@logtape/logtape";
import type { Report } from "../../core/control/action.ts";
import { type Colours, coloursFor } from "../output/colours.ts";
import { visible } from "../output/table.ts";
import { type SyncWriter, writeAll } from "../output/write.ts";

export type LogLevel = "debug" | "info" | "warning" | "error";
export type LogFormat = "text" | "json";
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

/** Lines of one level and message that may stand in one window of time; more are counted, not written. */
export const LINES_PER_WINDOW = 50;
export const WINDOW_MS = 10_000;
/** A standard error that nobody reads must not stop a daemon: after this long the line is lost. */
const PATIENCE_MS = 50;

/**
 * Opens the one log of this process, on standard error: `text` for people (UTC time, level, message,
 * details), `json` for programs: {"time","level","message","details"}, one object a line.
 * How many lines were suppressed is written with the next line of that kind, or at close().
 */
export function openLog(options: LogOptions): Log {
  const writer = options.writer ?? Deno.stderr;
  const colours = coloursFor(writer);
  const encoder = new TextEncoder();
  const format = options.format === "json" ? formatJson : (record: LogRecord) => formatText(record, colours);
  const suppressed = getLogger(["dsmip", "suppressed"]);
  const throttle = getThrottlingFilter({
    limit: LINES_PER_WINDOW,
    windowMs: WINDOW_MS,
    clock: options.clock ?? (() => performance.now()),
    summary: {
      // Only what we write ourselves goes on: the library's properties hold whole records.
      logger: {
        warning: (_message, { suppressed: count, firstRecord }) =>
          suppressed.warning("lines suppressed", { count, message: messageOf(firstRecord as LogRecord) }),
      },
    },
  });
  configureSync({
    reset: true,
    sinks: {
      output: (record) => {
        try {
          writeAll(writer, encoder.encode(format(record) + "\n"), PATIENCE_MS);
        } catch {
          // A log that cannot be written is no reason to stop carrying packets.
        }
      },
    },
    filters: { throttle, all: () => true },
    loggers: [
      { category: ["dsmip"], lowestLevel: options.level, sinks: ["output"], filters: ["throttle"] },
      {
        category: ["dsmip", "suppressed"],
        lowestLevel: "warning",
        parentSinks: "override",
        sinks: ["output"],
        filters: ["all"],
      },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["output"] },
    ],
  });
  const logger = getLogger(["dsmip"]);
  const write = (level: LogLevel, message: string, details: LogDetails = {}) =>
    logger[level](message.replaceAll("{", "{{").replaceAll("}", "}}"), details);
  return {
    debug: (message, details) => write("debug", message, details),
    info: (message, details) => write("info", message, details),
    warning: (message, details) => write("warning", message, details),
    error: (message, details) => write("error", message, details),
    report: ({ level, message, details }) => write(level, message, details),
    close: () => resetSync(),
  };
}

function messageOf(record: LogRecord): string {
  return record.message.join("");
}

function formatJson(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    message: messageOf(record),
    details: record.properties,
  });
}

const MESSAGE_WIDTH = 36;

function formatText(record: LogRecord, colours: Colours): string {
  const level = record.level.padEnd("warning".length);
  const paint = { error: colours.red, warning: colours.yellow, debug: colours.dim }[record.level as string];
  const details = Object.entries(record.properties).map(([name, value]) => `${name}=${formatValue(value)}`)
    .join(" ");
  const message = visible(messageOf(record));
  const tail = details === "" ? message : `${message.padEnd(MESSAGE_WIDTH)} ${details}`;
  return `${new Date(record.timestamp).toISOString()} ${paint?.(level) ?? level} ${tail}`;
}

function formatValue(value: unknown): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? visible(text) : visible(JSON.stringify(text));
}
