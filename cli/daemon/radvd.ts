import { type IpAddress, type Ipv6Prefix, isIpv4 } from "../../core/wire/address.ts";
import { LINK_PREFIX_LENGTH } from "./mobile_network_plan.ts";

/*
 * Hosts must leave a mobile router that vanishes (power, radio) soon, and one that is started again must find them with
 * their addresses. So advertisements come often, a router is gone after three that are missing, and prefixes last for some
 * minutes: never longer, because a host need not believe who shortens a lifetime (RFC 4862 section 5.5.3 e).
 */

const MINIMUM_INTERVAL_SECONDS = 10;
const MAXIMUM_INTERVAL_SECONDS = 30;
/** Three times the interval (RFC 4861 section 6.2.1). */
export const ROUTER_LIFETIME_SECONDS = 3 * MAXIMUM_INTERVAL_SECONDS;
const PREFERRED_LIFETIME_SECONDS = 300;
const VALID_LIFETIME_SECONDS = 900;

/** What radvd is to say on one link. */
export interface AdvertisedLink {
  readonly interfaceName: string;
  readonly prefixes: readonly Ipv6Prefix[];
  /** No longer ours: hosts leave them for new connections, and reach each other by them as long as they last. */
  readonly deprecated: readonly Ipv6Prefix[];
  /** Octets; at least 1280. */
  readonly mtu: number;
  /** Those that are not IPv6 are left out. */
  readonly dns: readonly IpAddress[];
}

/**
 * The text of a radvd.conf(5); undefined where there is nothing to say. Without a prefix of its own the router is no
 * default router.
 */
export function radvdConfiguration(
  { interfaceName, prefixes, deprecated, mtu, dns }: AdvertisedLink,
): string | undefined {
  if (prefixes.length + deprecated.length === 0) return undefined;
  const lifetime = prefixes.length > 0 ? ROUTER_LIFETIME_SECONDS : 0;
  const servers = dns.filter((address) => !isIpv4(address));
  return [
    `interface ${interfaceName} {`,
    "  AdvSendAdvert on;",
    `  MinRtrAdvInterval ${MINIMUM_INTERVAL_SECONDS};`,
    `  MaxRtrAdvInterval ${MAXIMUM_INTERVAL_SECONDS};`,
    `  AdvDefaultLifetime ${lifetime};`,
    `  AdvLinkMTU ${mtu};`,
    ...prefixes.map((prefix) => prefixLine(prefix, PREFERRED_LIFETIME_SECONDS)),
    ...deprecated.map((prefix) => prefixLine(prefix, 0)),
    ...(servers.length === 0 || lifetime === 0
      ? []
      : [`  RDNSS ${servers.join(" ")} { AdvRDNSSLifetime ${lifetime}; };`]),
    "};",
    "",
  ].join("\n");
}

function prefixLine({ address, length }: Ipv6Prefix, preferredSeconds: number): string {
  const autonomous = length === LINK_PREFIX_LENGTH ? "on" : "off";
  return `  prefix ${address}/${length} { AdvOnLink on; AdvAutonomous ${autonomous}; ` +
    `AdvPreferredLifetime ${preferredSeconds}; AdvValidLifetime ${VALID_LIFETIME_SECONDS}; };`;
}
