import type { AccessNetwork } from "../access/access_network.ts";
import { homeAgentOptions, internetParts } from "../access/internet.ts";
import type { HomeAgentOptions, MobileNodeIdentity } from "../daemons.ts";
import type { Topology } from "../network.ts";

/*
 * A mobile router behind a mobile router, on the lab's Internet; both home networks are virtual:
 *
 *      core ---- ha2                  another home agent
 *       |  |
 *   ipv6a  nat                        access routers: IPv6, IPv4 behind a NAT
 *       |  |
 *        air
 *         |
 *       outer                         its network is the access network of the inner one
 *         |
 *       inner
 *         |
 *       host
 */

export const IPV6: AccessNetwork = {
  name: "ipv6a",
  family: 6,
  title: "IPv6",
  addressesBegin: "2001:db8:a1:",
  behindNat: false,
};
export const BEHIND_NAT: AccessNetwork = {
  name: "nat",
  family: 4,
  title: "IPv4 behind NAT",
  addressesBegin: "192.168.77.",
  behindNat: true,
};
export const ACCESS_NETWORKS = [IPV6, BEHIND_NAT] as const;

/** The network of the outer mobile router, as the inner one sees it. */
export const OUTER_NETWORK: AccessNetwork = {
  name: "outer",
  family: 6,
  title: "the outer mobile router's network",
  addressesBegin: "2001:db8:300:",
  behindNat: false,
};

export const EGRESS = "eg0";
export const LAN_OF_ROUTER = "lan0";
export const HOST = "2001:db8:600::10";

const OUTER: MobileNodeIdentity = {
  identity: "outer@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  mobileNetworkPrefixes: ["2001:db8:300::/64"],
};
const INNER_PREFIXES = ["2001:db8:600::/64"];
const INNER: MobileNodeIdentity = {
  identity: "inner@example.org",
  homeAddress: "2001:db8:100::200",
  spi: 2000,
  mobileNetworkPrefixes: INNER_PREFIXES,
};

/** The home agent of the outer mobile router, which is one for the inner as well. */
export const HOME_AGENT = homeAgentOptions({ mobileNodes: [OUTER, INNER] });

const OTHER_OUTSIDE = "2001:db8:2::1";

/** Another home agent, for the inner mobile router alone. */
export const OTHER_HOME_AGENT: HomeAgentOptions = {
  node: "ha2",
  ipv6Address: "2001:db8:500::1",
  ipv4Address: "198.19.9.1",
  homePrefix: "2001:db8:500::/64",
  natRefreshSeconds: 25,
  mobileNodes: [{ ...INNER, identity: "inner2@example.org", homeAddress: "2001:db8:500::200" }],
};

/** Namespaces and cables, but that to the home agent; nothing is attached yet, and nobody routes to the host. */
export function nestedTopology(): Topology {
  const internet = internetParts({
    networks: ACCESS_NETWORKS,
    ports: [EGRESS],
    mobilePrefixes: OUTER.mobileNetworkPrefixes!,
    core: {
      addresses: [["ha2", "2001:db8:2::ffff/64"], ["ha2", "198.19.9.254/24"]],
      routes: [[OTHER_HOME_AGENT.homePrefix, OTHER_OUTSIDE]],
    },
  });
  return {
    nodes: [
      ...internet.nodes,
      {
        name: "ha2",
        router: true,
        addresses: [["eth0", `${OTHER_OUTSIDE}/64`], ["eth0", `${OTHER_HOME_AGENT.ipv4Address}/24`]],
        routes: [["::/0", "2001:db8:2::ffff"], ["default", "198.19.9.254"]],
      },
      { name: "outer", router: true },
      { name: "inner", router: true, addresses: [[LAN_OF_ROUTER, "2001:db8:600::1/64"]] },
      { name: "host", addresses: [["eth0", `${HOST}/64`]], routes: [["::/0", "2001:db8:600::1"]] },
    ],
    links: [
      ...internet.links,
      [["ha2", "eth0"], ["core", "ha2"]],
      [["outer", EGRESS], ["air", EGRESS]],
      [["inner", EGRESS], ["outer", LAN_OF_ROUTER]],
      [["host", "eth0"], ["inner", LAN_OF_ROUTER]],
    ],
  };
}

/** The core's way to the host's network: by the home agent of the inner mobile router. */
export function routeToHost({ node }: HomeAgentOptions): string[] {
  const via = node === HOME_AGENT.node ? "2001:db8:1::1" : OTHER_OUTSIDE;
  return ["route", "replace", INNER_PREFIXES[0], "via", via];
}
