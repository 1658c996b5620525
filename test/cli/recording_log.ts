import type { Log, LogDetails } from "../../cli/daemon/log.ts";
import type { LogLevel } from "../../cli/daemon/log_words.ts";

/** A log that keeps what it is told. */
export class RecordingLog implements Log {
  readonly lines: { level: LogLevel; message: string; details: LogDetails }[] = [];

  of(level: LogLevel) {
    return this.lines.filter((line) => line.level === level);
  }

  debug(message: string, details: LogDetails = {}): void {
    this.lines.push({ level: "debug", message, details });
  }
  info(message: string, details: LogDetails = {}): void {
    this.lines.push({ level: "info", message, details });
  }
  warning(message: string, details: LogDetails = {}): void {
    this.lines.push({ level: "warning", message, details });
  }
  error(message: string, details: LogDetails = {}): void {
    this.lines.push({ level: "error", message, details });
  }
  report({ level, message, details }: Parameters<Log["report"]>[0]): void {
    this.lines.push({ level, message, details });
  }
  close(): void {}
}
