import { leaseFile, startDhcpServer } from "../dhcp.ts";
import type { Lab } from "../lab.ts";
import { Nat } from "../nat.ts";
import { startRouterAdvertiser } from "../router_advertisements.ts";
import {
  ACCESS_NETWORKS,
  type AccessNetwork,
  CORE_OF_NAT,
  type Egress,
  HOME_AGENT_IPV6,
  HOME_LINK,
  LAN,
  WAN,
} from "./topology.ts";

/** Starts radvd on the home link and in the IPv6 access networks, dnsmasq in those of IPv4, and the NAT of one of them. */
export async function startAccessNetworks(lab: Lab): Promise<void> {
  const networks: readonly AccessNetwork[] = Object.values(ACCESS_NETWORKS);
  await startRouterAdvertiser(lab, {
    node: "ha",
    interfaceName: HOME_LINK,
    prefix: `${HOME_AGENT_IPV6}/64`,
    isHomeAgent: true,
  });
  await Promise.all(networks.map(async ({ name, family, addressesBegin, behindNat }) => {
    if (family === 6) {
      const prefix = `${addressesBegin}:/64`;
      return await startRouterAdvertiser(lab, { node: name, interfaceName: LAN, prefix });
    }
    if (behindNat) await new Nat(lab, name, WAN, CORE_OF_NAT).start();
    await startDhcpServer(lab, {
      node: name,
      interfaceName: LAN,
      router: `${addressesBegin}1`,
      firstAddress: `${addressesBegin}100`,
      lastAddress: `${addressesBegin}199`,
    });
  }));
}

/**
 * Waits until the mobile router could use a network on an egress interface: it has an IPv6 address from there, or
 * the server of an IPv4 network has given it a lease (which need not be on the interface yet).
 */
export async function configured(lab: Lab, egress: Egress, network: AccessNetwork): Promise<void> {
  const [link] = JSON.parse(await lab.network.ip("mr", ["-json", "link", "show", "dev", egress]));
  await lab.until(`address of ${network.name} on ${egress}`, 10_000, async () => {
    if (network.family === 4) {
      return (await Deno.readTextFile(leaseFile(lab, network.name)).catch(() => "")).includes(link.address);
    }
    const shown = await lab.network.ip("mr", ["-6", "address", "show", "dev", egress, "scope", "global"]);
    return shown.includes(network.addressesBegin);
  });
}
