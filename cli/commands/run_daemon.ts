import type { Configuration } from "../configuration/record.ts";
import { type Log, type LogFormat, type LogLevel, openLog } from "../daemon/log.ts";
import type { Offloads } from "../daemon/offloads.ts";
import { HOME_AGENT, MOBILE_NODE, readConfigurationOf } from "./daemon_kind.ts";

/** A daemon that was asked for. */
export interface DaemonStart {
  readonly kind: Configuration["kind"];
  /** Its configuration file. */
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly offloads: Offloads;
}

/** Runs a daemon, in the foreground, until it is told to stop. */
export async function runDaemon({ kind, config, logLevel, logFormat, offloads }: DaemonStart): Promise<void> {
  const run = kind === "homeAgent" ? await homeAgent(config) : await mobileNode(config);
  const log = openLog({ level: logLevel, format: logFormat });
  try {
    await run({ log, offloads });
  } finally {
    log.close();
  }
}

type Run = (surroundings: { readonly log: Log; readonly offloads: Offloads }) => Promise<void>;

async function homeAgent(config: string): Promise<Run> {
  const configuration = await readConfigurationOf(HOME_AGENT, config);
  const { runHomeAgent } = await import("../daemon/home_agent.ts");
  return (surroundings) => runHomeAgent(configuration, surroundings);
}

async function mobileNode(config: string): Promise<Run> {
  const configuration = await readConfigurationOf(MOBILE_NODE, config);
  const { runMobileNode } = await import("../daemon/mobile_node.ts");
  return (surroundings) => runMobileNode(configuration, surroundings);
}
