import { dsmipCommand, type Lab } from "../lab.ts";
import type { Topology } from "../network.ts";
import { HOME_AGENT_CABLE } from "./internet.ts";

/**
 * Builds a network on the lab's Internet. `topology` is without the cable to the home agent: that holds every frame for
 * `delayMs` each way; 0: a plain cable.
 */
export function buildInternet(lab: Lab, { nodes, links }: Topology, delayMs: number): Promise<void> {
  if (delayMs === 0) return lab.network.build({ nodes, links: [HOME_AGENT_CABLE, ...links] });
  return lab.network.build({ nodes, links, madeByProgram: [HOME_AGENT_CABLE] }, async (ends) => {
    const names = ends.map(([node, name]) => `${lab.network.namespace(node)}:${name}`);
    const command = dsmipCommand("lab", "delay-link", "--ms", String(delayMs), ...names);
    const program = lab.start(ends[0][0], "delayed-link", command);
    await program.said("ready", 10_000, lab.signal);
  });
}
