import type { AccessNetwork } from "../access/access_network.ts";
import { leaseFile } from "../dhcp.ts";
import type { Lab } from "../lab.ts";
import type { Egress } from "./topology.ts";

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
