import { type Log, openLog } from "../daemon/log.ts";
import { ALL_OFFLOADS, type Offloads } from "../daemon/offloads.ts";
import { type ServiceManager, serviceManagerOf } from "../daemon/service_manager.ts";
import { openTrace, type Trace } from "../daemon/trace.ts";
import { messageOf } from "../output/fault.ts";
import { HOME_AGENT, MOBILE_NODE, readConfigurationOf } from "./daemon_kind.ts";
import type { DaemonStart } from "./run_daemon.ts";

/** Runs a daemon that has the capabilities it needs and no others. */
export async function serve(
  { kind, config, logLevel, logFormat, offloads = ALL_OFFLOADS, trace }: DaemonStart,
): Promise<void> {
  const run = kind === "homeAgent" ? await homeAgent(config) : await mobileNode(config);
  const log = openLog({ level: logLevel, format: logFormat });
  try {
    const onFault = (error: unknown) => log.warning("trace ended", { file: trace!, error: messageOf(error) });
    using opened = trace === undefined ? undefined : openTrace(trace, onFault);
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
