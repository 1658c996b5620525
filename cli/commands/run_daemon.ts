import type { Configuration } from "../configuration/record.ts";
import { keepLeastPrivilege } from "../daemon/least_privilege.ts";
import type { LogFormat, LogLevel } from "../daemon/log_words.ts";
import type { Offloads } from "../daemon/offloads.ts";

/** A daemon that was asked for. */
export interface DaemonStart {
  readonly kind: Configuration["kind"];
  /** Its configuration file. */
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Default: all. */
  readonly offloads?: Offloads;
  /** A file to write a trace to. */
  readonly trace?: string;
}

/**
 * Runs a daemon, in the foreground, until it is told to stop. What it takes to get here is loaded twice where capabilities
 * are given up, so it is little; the daemon itself comes after that.
 */
export async function runDaemon(start: DaemonStart): Promise<void> {
  keepLeastPrivilege(start.config);
  const { serve } = await import("./serve.ts");
  await serve(start);
}
