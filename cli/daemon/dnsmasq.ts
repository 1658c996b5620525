import { type IpAddress, isIpv4 } from "../../core/wire/address.ts";
import type { DhcpPlan } from "./mobile_network_plan.ts";

/** Half of it is how long hosts keep addresses of a prefix that is not ours any more. */
const LEASE = "5m";

export interface ServedLink {
  readonly interfaceName: string;
  readonly plan: DhcpPlan;
  /** Octets. */
  readonly mtu: number;
  /** Those that are not IPv4 are left out. */
  readonly dns: readonly IpAddress[];
}

/**
 * The text of a configuration of dnsmasq(8) that is a DHCP server and nothing else, on this interface only. An address is
 * given at once: nobody else gives any here, and leases are kept, so that nobody is asked first whether it is taken
 * (that takes three seconds).
 */
export function dnsmasqConfiguration({ interfaceName, plan, mtu, dns }: ServedLink): string {
  const { router, netmask, ranges } = plan;
  const servers = dns.filter(isIpv4);
  return [
    "port=0",
    "no-resolv",
    "no-hosts",
    `interface=${interfaceName}`,
    "except-interface=lo",
    "bind-dynamic",
    "dhcp-authoritative",
    "dhcp-rapid-commit",
    "no-ping",
    ...ranges.map(([first, last]) => `dhcp-range=${first},${last},${netmask},${LEASE}`),
    `dhcp-option=option:router,${router}`,
    `dhcp-option=option:mtu,${mtu}`,
    ...(servers.length === 0 ? [] : [`dhcp-option=option:dns-server,${servers.join(",")}`]),
    "",
  ].join("\n");
}
