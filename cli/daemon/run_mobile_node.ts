import { HomeAgentTurns } from "../../core/control/home_agent_turns.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { type MobileNodeSurroundings, roam } from "./mobile_node.ts";
import { Reload } from "./reload.ts";
import { type StopSignal, stopSignal } from "./stop_signal.ts";

/**
 * Runs a mobile node until SIGTERM or SIGINT, then de-registers and puts everything back as it was. Where the configuration
 * names no home agent, the home network is asked once, and its home agents are tried in turn, for ever (RFC 6275 section
 * 11.4.1): the last ones known are more than none where nobody can be asked.
 * @throws what makes it impossible to start or to go on, with what to do about it
 */
export async function runMobileNode(
  configuration: MobileNodeConfiguration,
  surroundings: MobileNodeSurroundings,
): Promise<void> {
  const { log } = surroundings;
  for (const warning of configuration.warnings) log.warning(warning);
  using signal = stopSignal();
  using reload = new Reload(configuration, surroundings);
  const { homeAgentAddress: configured } = configuration.settings;
  const homeAgents = configured === undefined
    ? await find(configuration, surroundings, signal)
    : [configured];
  if (homeAgents === undefined) return;
  const turns = new HomeAgentTurns(homeAgents);
  for (;;) {
    const homeAgentAddress = turns.current;
    if (configured === undefined) log.info("home agent found", { homeAgent: homeAgentAddress });
    const { running } = reload;
    const settings = { ...running.settings, homeAgentAddress };
    const alone = turns.allRefuseMobileRouter ? { mobileNetworkPrefixes: [] } : {};
    const isStopped = await roam({ ...running, settings: { ...settings, ...alone } }, {
      ...surroundings,
      signal,
      reload,
      onHomeAgentFails: (failure) => turns.fails(failure),
    });
    if (isStopped) return;
    log.warning("the home agent does not serve: another one is tried", { homeAgent: homeAgentAddress });
    turns.goOn();
  }
}

/** Loaded by those who need it only: the start counts. */
async function find(
  configuration: MobileNodeConfiguration,
  surroundings: MobileNodeSurroundings,
  signal: StopSignal,
): Promise<readonly Ipv6Address[] | undefined> {
  const { findHomeAgents } = await import("./find_home_agents.ts");
  return await findHomeAgents(configuration, { ...surroundings, signal });
}
