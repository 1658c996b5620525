import type { Ipv6Address } from "../../core/wire/address.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { type MobileNodeSurroundings, roam } from "./mobile_node.ts";
import { stopSignal } from "./stop_signal.ts";

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
  const { homeAgentAddress: configured } = configuration.settings;
  const roamWith = (homeAgentAddress: Ipv6Address, hasOthers: boolean) => {
    const settings = { ...configuration.settings, homeAgentAddress };
    const onHomeAgentFails = () => hasOthers;
    return roam({ ...configuration, settings }, { ...surroundings, signal, onHomeAgentFails });
  };
  if (configured !== undefined) return void await roamWith(configured, false);
  // Loaded by those who need it only: the start counts.
  const { findHomeAgents } = await import("./find_home_agents.ts");
  const homeAgents = await findHomeAgents(configuration, { ...surroundings, signal });
  for (let turn = 0; homeAgents !== undefined; turn++) {
    const homeAgent = homeAgents[turn % homeAgents.length];
    log.info("home agent found", { homeAgent });
    if (await roamWith(homeAgent, homeAgents.length > 1)) return;
    log.warning("the home agent does not serve: another one is tried", { homeAgent });
  }
}
