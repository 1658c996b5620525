import type { AccessNetwork } from "../access/access_network.ts";
import { CORRESPONDENT, CORRESPONDENT_IPV4, HOME, HOME_LINK, internetParts } from "../access/internet.ts";
import type { Family } from "../families.ts";
import type { LinkDescription, Topology } from "../network.ts";

/*
 * Figure 1 of the paper, on the lab's Internet:
 *
 *      office umts client hotspot     access routers: IPv6, IPv4 behind a NAT, IPv6, both families
 *           |   |    |    |
 *                 air ---- ha         the home link is there, too
 *                  |
 *                 mr                  the mobile router with one egress interface
 *                 / \
 *               n6   n4               the personal area network: one node that speaks IPv6 only, one that speaks IPv4 only
 */

export const OFFICE: AccessNetwork = {
  name: "office",
  family: 6,
  title: "office (IPv6)",
  addressesBegin: "2001:db8:a1:",
  behindNat: false,
};
export const UMTS: AccessNetwork = {
  name: "umts",
  family: 4,
  title: "UMTS (IPv4 behind NAT)",
  addressesBegin: "192.168.77.",
  behindNat: true,
};
export const CLIENT: AccessNetwork = {
  name: "client",
  family: 6,
  title: "client (IPv6 only)",
  addressesBegin: "2001:db8:c1:",
  behindNat: false,
};
export const HOTSPOT: AccessNetwork = {
  name: "hotspot",
  family: 6,
  title: "hotspot (both families)",
  addressesBegin: "2001:db8:d1:",
  behindNat: false,
  ipv4Beside: "198.51.100.",
};

/** Where access routers are, and the way that the personal area network takes. */
export const ACCESS_NETWORKS = [OFFICE, UMTS, CLIENT, HOTSPOT] as const;
export const JOURNEY: readonly AccessNetwork[] = [...ACCESS_NETWORKS, { ...HOME, title: "home link" }];

export const EGRESS = "eg0";
/** The mobile router's interface to its mobile network. */
export const LAN_OF_ROUTER = "lan0";

export const MOBILE_ROUTER = {
  identity: "pan@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  mobileNetworkPrefixes: ["2001:db8:300::/64"],
  ipv4HomeAddress: "198.18.2.1/24",
};
const [IPV4_HOME_ADDRESS] = MOBILE_ROUTER.ipv4HomeAddress.split("/");
const [MOBILE_NETWORK_PREFIX] = MOBILE_ROUTER.mobileNetworkPrefixes;
const MOBILE_NETWORK_IPV4_PREFIX = "198.18.2.0/24";

/** The home agent on the home link; of this /24 are the addresses that DHCP gives there. */
export const HOME_LINK_ROUTER = "198.18.1.1";

/** The node of each family, and the correspondent that it talks to. */
export const PAN_NODES = {
  6: { node: "n6", correspondent: CORRESPONDENT },
  4: { node: "n4", correspondent: CORRESPONDENT_IPV4 },
} as const satisfies Record<Family, unknown>;

/** Namespaces and cables, but that to the home agent; nothing is attached yet. */
export function panTopology(): Topology {
  const internet = internetParts({
    networks: ACCESS_NETWORKS,
    ports: [EGRESS],
    mobilePrefixes: [MOBILE_NETWORK_PREFIX, MOBILE_NETWORK_IPV4_PREFIX],
    // While the mobile router is at home (RFC 3963 section 5.8).
    home: {
      addresses: [`${HOME_LINK_ROUTER}/24`],
      routes: [
        [MOBILE_NETWORK_PREFIX, MOBILE_ROUTER.homeAddress],
        [MOBILE_NETWORK_IPV4_PREFIX, `${IPV4_HOME_ADDRESS} dev ${HOME_LINK} onlink metric 1000`],
      ],
    },
  });
  const { 6: six, 4: four } = PAN_NODES;
  return {
    nodes: [
      ...internet.nodes,
      {
        name: "mr",
        router: true,
        // Addresses, router advertisements and DHCP there are the mobile router's own work.
        bridges: [{ name: LAN_OF_ROUTER, ports: [six.node, four.node] }],
      },
      { name: six.node, autoconfigures: true },
      { name: four.node, ipv4Only: ["eth0"] },
    ],
    links: [
      ...internet.links,
      [["mr", EGRESS], ["air", EGRESS]],
      ...[six, four].map(({ node }): LinkDescription => [[node, "eth0"], ["mr", node]]),
    ],
  };
}
