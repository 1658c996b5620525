import type { AccessNetwork } from "../access/access_network.ts";
import { homeAgentOptions, internetParts } from "../access/internet.ts";
import type { HomeAgentOptions, MobileNodeIdentity } from "../daemons.ts";
import type { Topology } from "../network.ts";

/*
 * A mobile node on the lab's Internet, whose home network is virtual:
 *
 *   nat   ipv6                    access routers: IPv4 behind a NAT, and IPv6
 *     |   |
 *      air
 *       |
 *      mn
 */

export const BEHIND_NAT: AccessNetwork = {
  name: "nat",
  family: 4,
  title: "IPv4 behind NAT",
  addressesBegin: "192.168.77.",
  behindNat: true,
};
export const IPV6: AccessNetwork = {
  name: "ipv6",
  family: 6,
  title: "IPv6",
  addressesBegin: "2001:db8:a1:",
  behindNat: false,
};
export const ACCESS_NETWORKS = [BEHIND_NAT, IPV6] as const;
/** The NAT's own address outside. */
export const NAT_ADDRESS = "192.0.2.2";

export const EGRESS = "eg0";

export const MOBILE_NODE: MobileNodeIdentity = {
  identity: "esp@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  espFile: "esp.toml",
};

/** Often, so that new keys are soon used. */
const NAT_REFRESH_SECONDS = 1;

export const HOME_AGENT: HomeAgentOptions = {
  ...homeAgentOptions({ mobileNodes: [MOBILE_NODE] }),
  natRefreshSeconds: NAT_REFRESH_SECONDS,
};

/** Namespaces and cables, but that to the home agent. */
export function espNatTopology(): Topology {
  const internet = internetParts({ networks: ACCESS_NETWORKS, ports: [EGRESS], mobilePrefixes: [] });
  return {
    nodes: [...internet.nodes, { name: "mn" }],
    links: [...internet.links, [["mn", EGRESS], ["air", EGRESS]]],
  };
}
