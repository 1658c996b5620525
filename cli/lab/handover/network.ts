import { dsmipCommand, type Lab } from "../lab.ts";
import { handoverTopology } from "./topology.ts";

/** Builds the network of Figure 3. `delayMs` is added each way between the core and the home agent; 0: a plain cable. */
export function buildHandoverNetwork(lab: Lab, delayMs: number): Promise<void> {
  return lab.network.build(handoverTopology(delayMs > 0), async (ends) => {
    const names = ends.map(([node, name]) => `${lab.network.namespace(node)}:${name}`);
    const command = dsmipCommand("lab", "delay-link", "--ms", String(delayMs), ...names);
    const program = lab.start(ends[0][0], "delayed-link", command);
    await program.said("ready", 10_000, lab.signal);
  });
}
