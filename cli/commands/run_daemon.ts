import type { Configuration } from "../configuration/record.ts";
import { type Log, type LogFormat, type LogLevel, openLog } from "../daemon/log.ts";
import type { Offloads } from "../daemon/offloads.ts";
import { messageOf } from "../output/fault.ts";
import type { ServiceManager } from "../daemon/service_manager.ts";
import { keepLeastPrivilege } from "../daemon/least_privilege.ts";
import { openTrace, type Trace } from "../daemon/trace.ts";
import { HOME_AGENT, MOBILE_NODE, readConfigurationOf } from "./daemon_kind.ts";

/** A daemon that was asked for. */
export interface DaemonStart {
  readonly kind: Configuration["kind"];
  /** Its configuration file. */
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly offloads: Offloads;
  /** A file to write a trace to. */
  readonly trace?: string;
}

/** Runs a daemon, in the foreground, until it is told to stop. */
export async function runDaemon(
  { kind, config, logLevel, logFormat, offloads, trace }: DaemonStart,
): Promise<void> {
  keepLeastPrivilege(config);
  const run = kind === "homeAgent" ? await homeAgent(config) : await mobileNode(config);
  const log = openLog({ level: logLevel, format: logFormat });
  try {
    const onFault = (error: unknown) => log.warning("trace ended", { file: trace!, error: messageOf(error) });
    using opened = trace === undefined ? undefined : openTrace(trace, onFault);
    const { serviceManagerOf } = await import("../daemon/service_manager.ts");
    const serviceManager = serviceManagerOf(Deno.env, log);
    await run({ log, offloads, trace: opened, serviceManager });
  } finally {
    log.close();
  }
}

interface Surroundings {
  readonly log: Log;
  readonly offloads: Offloads;
  readonly trace: Trace | undefined;
  readonly serviceManager: ServiceManager;
}

type Run = (surroundings: Surroundings) => Promise<void>;

async function homeAgent(config: string): Promise<Run> {
  const configuration = await readConfigurationOf(HOME_AGENT, config, "start");
  const { runHomeAgent } = await import("../daemon/home_agent.ts");
  return (surroundings) => runHomeAgent(configuration, surroundings);
}

async function mobileNode(config: string): Promise<Run> {
  const configuration = await readConfigurationOf(MOBILE_NODE, config, "start");
  const { runMobileNode } = await import("../daemon/run_mobile_node.ts");
  return (surroundings) => runMobileNode(configuration, surroundings);
}
