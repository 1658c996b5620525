import type { MobileNodeDaemon } from "../daemons.ts";
import { type AccessNetwork, ipv4Of } from "./access_network.ts";
import { HOME } from "./internet.ts";

/**
 * Waits until the home agent has accepted a care-of address from the network, or at home has given up all of them.
 * Where a network has both families, either will do.
 */
export async function registeredIn(
  mobileNode: MobileNodeDaemon,
  network: AccessNetwork,
  limitMs: number,
): Promise<void> {
  const wanted = network.name === HOME.name ? "home" : "registered";
  const begin = [network.addressesBegin, ipv4Of(network) ?? network.addressesBegin];
  await mobileNode.until(
    `registration from ${network.title}`,
    limitMs,
    ({ state, careOfAddress }) =>
      state === wanted && begin.some((text) => careOfAddress?.startsWith(text) ?? false),
  );
}
