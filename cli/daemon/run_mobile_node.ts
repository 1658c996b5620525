import type { Ipv6Address } from "../../core/wire/address.ts";
import type { MobileNodeConfiguration } from "../configuration/record.ts";
import { type MobileNodeSurroundings, roam } from "./mobile_node.ts";
import { stopSignal } from "./stop_signal.ts";

/**
 * Runs a mobile node until SIGTERM or SIGINT, then de-registers and puts everything back as it was. Where the configuration
 * names no home agent, the home network is asked, and its home agents are tried in turn (RFC 6275 section 11.4.1).
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
  const roamWith = (homeAgentAddress: Ipv6Address) => {
    const settings = { ...configuration.settings, homeAgentAddress };
    const onSilence = () => configured === undefined;
    return roam({ ...configuration, settings }, { ...surroundings, signal, onSilence });
  };
  if (configured !== undefined) return void await roamWith(configured);
  // Loaded by those who need it only: the start counts.
  const { findHomeAgents } = await import("./find_home_agents.ts");
  for (;;) {
    const homeAgents = await findHomeAgents(configuration, { ...surroundings, signal });
    if (homeAgents === undefined) return;
    for (const homeAgent of homeAgents) {
      log.info("home agent found", { homeAgent });
      if (await roamWith(homeAgent)) return;
      log.warning("the home agent does not answer: another one is tried", { homeAgent });
    }
  }
}
