import { startDhcpServer } from "../dhcp.ts";
import type { Lab } from "../lab.ts";
import { Nat } from "../nat.ts";
import { startRouterAdvertiser } from "../router_advertisements.ts";
import { type AccessNetwork, coreAddress, ipv4Of, LAN, WAN } from "./access_network.ts";
import { HOME_AGENT_IPV6, HOME_LINK } from "./internet.ts";

/**
 * Starts radvd in the access networks with IPv6, dnsmasq in those with IPv4, and the NATs. `networks` are all of the
 * topology, in its order.
 */
export async function startAccessNetworks(lab: Lab, networks: readonly AccessNetwork[]): Promise<void> {
  await Promise.all(networks.map(async (network, index) => {
    const { name, family, addressesBegin, behindNat } = network;
    if (family === 6) {
      const prefix = `${addressesBegin}:/64`;
      await startRouterAdvertiser(lab, { node: name, interfaceName: LAN, prefix });
    }
    if (behindNat) await new Nat(lab, name, WAN, coreAddress(index)).start();
    const ipv4 = ipv4Of(network);
    if (ipv4 === undefined) return;
    await startDhcpServer(lab, {
      node: name,
      interfaceName: LAN,
      router: `${ipv4}1`,
      firstAddress: `${ipv4}100`,
      lastAddress: `${ipv4}199`,
    });
  }));
}

/** Starts radvd on the home link, where the home agent is the router. */
export async function startHomeLink(lab: Lab): Promise<void> {
  const prefix = `${HOME_AGENT_IPV6}/64`;
  await startRouterAdvertiser(lab, { node: "ha", interfaceName: HOME_LINK, prefix, isHomeAgent: true });
}
