import type { AccessNetwork } from "../access/access_network.ts";
import { internetParts } from "../access/internet.ts";
import type { LinkDescription, Topology } from "../network.ts";

/*
 * Figure 3 of the paper, with two access networks of each IP version, on the lab's Internet:
 *
 *      r6a r6b r4 r4n                 access routers: IPv6, IPv6, IPv4, IPv4 behind a NAT
 *          | | | |
 *           air ---- ha               the home link is there, too
 *           | |
 *            mr ---- mnn              mobile router with two egress interfaces, and the node behind it
 */

export const MOBILE_NETWORK_PREFIX = "2001:db8:300::/64";
export const MOBILE_NETWORK_NODE = "2001:db8:300::10";

export const MOBILE_ROUTER = {
  identity: "mr@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
} as const;

/** The mobile router's interfaces to the outside; the other ends, ports in "air", have the same names. */
export const EGRESSES = ["eg0", "eg1"] as const;
export type Egress = typeof EGRESSES[number];

export const ACCESS_NETWORKS = {
  r6a: { name: "r6a", family: 6, title: "IPv6", addressesBegin: "2001:db8:a1:", behindNat: false },
  r6b: { name: "r6b", family: 6, title: "IPv6", addressesBegin: "2001:db8:b1:", behindNat: false },
  r4: { name: "r4", family: 4, title: "IPv4", addressesBegin: "198.51.100.", behindNat: false },
  r4n: { name: "r4n", family: 4, title: "IPv4 behind NAT", addressesBegin: "192.168.77.", behindNat: true },
} as const satisfies Record<string, AccessNetwork>;

/** Namespaces and cables, but that to the home agent; nothing is attached yet. */
export function handoverTopology(): Topology {
  const internet = internetParts({
    networks: Object.values(ACCESS_NETWORKS),
    ports: EGRESSES,
    mobilePrefixes: [MOBILE_NETWORK_PREFIX],
    // While the mobile router is at home (RFC 3963 section 5.8).
    home: { addresses: [], routes: [[MOBILE_NETWORK_PREFIX, MOBILE_ROUTER.homeAddress]] },
  });
  const nodes = [
    ...internet.nodes,
    { name: "mr", router: true, addresses: [["eth0", "2001:db8:300::1/64"]] },
    {
      name: "mnn",
      addresses: [["eth0", `${MOBILE_NETWORK_NODE}/64`]],
      routes: [["::/0", "2001:db8:300::1"]],
    },
  ] as const;
  const links: LinkDescription[] = [
    ...internet.links,
    ...EGRESSES.map((egress): LinkDescription => [["mr", egress], ["air", egress]]),
    [["mnn", "eth0"], ["mr", "eth0"]],
  ];
  return { nodes, links };
}
